"""Keys and certificate signing requests, made where the key will live."""

import ipaddress
import unicodedata
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import algorithms
from privyseal.x509.keys import algorithm_name, public_key_der

MAX_COMMON_NAME = 64  # ub-common-name, RFC 5280 appendix A, which `cryptography` counts in UTF-8 bytes
MAX_DNS_NAME = 253  # RFC 1035 §2.3.4, as text without the final dot


def generate_csr(
    common_name: str, dns_sans: Sequence[str] = (), key_algorithm: str = "EC_prime256v1"
) -> tuple[str, algorithms.PrivateKey]:
    """A new private key and a CSR (PEM) for it.

    TLS clients look at the subject alternative names only: a server's own name belongs into
    `dns_sans` too. `key_algorithm` is an AWS name (RSA_2048, EC_secp384r1, ML_DSA_65 …). Raises
    PrivySealError for a name that no certificate can carry.
    """
    _check_names(common_name, dns_sans)
    key = algorithms.generate_key(key_algorithm)
    return csr_for(key, common_name, dns_sans), key


def csr_for(key: algorithms.PrivateKey, common_name: str, dns_sans: Sequence[str] = ()) -> str:
    """A CSR (PEM) for a key that is there already; see `generate_csr`."""
    _check_names(common_name, dns_sans)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if dns_sans:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_sans])
        builder = builder.add_extension(names, critical=False)
    # Every RSA key has the same default hash, whatever its size.
    named = algorithm_name(public_key_der(key.public_key()))
    csr = builder.sign(key, algorithms.hash_for("RSA_2048" if named == "RSA" else named))
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: algorithms.PrivateKey) -> bytes:
    """The private key as PEM, PKCS#8, not encrypted: write it where only its owner can read it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _check_names(common_name: str, dns_sans: Sequence[str]) -> None:
    _check_common_name(common_name)
    for name in dns_sans:
        _check_dns_name(name)


def _check_common_name(name: str) -> None:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise _refused(f"the common name {name!r} contains a control character")
    length = len(name.encode())
    if not 0 < length <= MAX_COMMON_NAME:
        raise _refused(f"a common name has 1 to {MAX_COMMON_NAME} bytes (UTF-8), this one {length}")


def _check_dns_name(name: str) -> None:
    if _is_address(name):
        raise _refused(f"{name!r} is an address, not a DNS name: a client would never match it")
    if not name.isascii():
        raise _refused(f"the DNS name {name!r} is not ASCII: give its xn-- form")
    labels = name.split(".")
    fits = 0 < len(name) <= MAX_DNS_NAME and all(0 < len(label) <= 63 for label in labels)
    if not fits or not all(character.isalnum() or character in "-_.*" for character in name):
        raise _refused(f"{name!r} is not a DNS name")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refused(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, message)
