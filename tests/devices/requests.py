"""Certificate signing requests as devices make them, and as they should not."""

import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.x509.oid import NameOID

SigningKey = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey
)


def subject(*common_names: str, organization: str | None = None) -> x509.Name:
    with warnings.catch_warnings(action="ignore"):  # of lengths, which are some tests' point
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, each, _validate=False) for each in common_names]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def csr(key: SigningKey, name: x509.Name | str, dns_names: Sequence[str] = ()) -> bytes:
    """PEM, signed with `key`."""
    builder = x509.CertificateSigningRequestBuilder()
    builder = builder.subject_name(subject(name) if isinstance(name, str) else name)
    if dns_names:
        names = x509.SubjectAlternativeName([x509.DNSName(each) for each in dns_names])
        builder = builder.add_extension(names, critical=False)
    digest = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)
