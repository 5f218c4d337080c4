"""What a certificate says, for people and scripts."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from privyseal.errors import ErrorCode
from privyseal.x509 import der, extensions, oids, pem
from privyseal.x509.algorithms import SIGNING_ALGORITHMS
from privyseal.x509.certificate import MAX_CERTIFICATE, Certificate, read_certificate
from privyseal.x509.extensions import KEY_USAGES
from privyseal.x509.general_names import DNS, GeneralName, read_general_names
from privyseal.x509.keys import algorithm_name
from privyseal.x509.refusal import RefusalError, reported

# Key purposes by name (RFC 5280 §4.2.1.12); others are shown as OIDs.
PURPOSES = {
    oids.SERVER_AUTH: "serverAuth",
    oids.CLIENT_AUTH: "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}
_SIGNATURES = {row.identifier: row.name for row in SIGNING_ALGORITHMS.values()}


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    """Times are UTC; `subject` and `issuer` as RFC 4514 writes them; key identifiers in hex."""

    subject: str
    issuer: str
    common_names: tuple[str, ...]  # of the subject
    serial: int
    not_before: datetime
    not_after: datetime
    subject_alternative_names: tuple[GeneralName, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    is_ca: bool
    path_length: int | None
    key_algorithm: str  # of the service model where it has one
    signature_algorithm: str  # of the service model where it has one, else an OID
    subject_key_id: str | None
    authority_key_id: str | None
    sha256: str  # fingerprint of the DER, in hex

    @property
    def dns_names(self) -> tuple[str, ...]:
        return tuple(name.text for name in self.subject_alternative_names if name.kind == DNS)


def inspect(certificate: str | bytes) -> CertificateSummary:
    """The summary of the one certificate in a PEM. Raises MALFORMED_CERTIFICATE."""
    data = certificate.encode() if isinstance(certificate, str) else certificate
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "The certificate cannot be read"):
        if len(data) > 2 * MAX_CERTIFICATE:
            raise RefusalError(f"it has {len(data)} octets; at most {2 * MAX_CERTIFICATE} are accepted")
        return summary_of(read_certificate(pem.single_block(data, "CERTIFICATE")))


def summary_of(certificate: Certificate) -> CertificateSummary:
    """The same of one that was read before. Raises RefusalError."""
    usages = certificate.usages or frozenset()
    names = _value(certificate, oids.SUBJECT_ALTERNATIVE_NAME)
    purposes = _value(certificate, oids.EXTENDED_KEY_USAGE)
    own, issuers = (
        _value(certificate, oids.SUBJECT_KEY_IDENTIFIER),
        _value(certificate, oids.AUTHORITY_KEY_IDENTIFIER),
    )
    issuer_key_id = extensions.read_authority_key_identifier(issuers) if issuers else None
    return CertificateSummary(
        subject=certificate.subject.text,
        issuer=certificate.issuer.text,
        common_names=certificate.subject.values(oids.COMMON_NAME),
        serial=certificate.serial,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        subject_alternative_names=read_general_names(names) if names else (),
        key_usage=tuple(usage for usage in KEY_USAGES if usage in usages),
        extended_key_usage=tuple(
            PURPOSES.get(oid, oid)
            for oid in (extensions.read_extended_key_usage(purposes) if purposes else ())
        ),
        is_ca=certificate.is_ca,
        path_length=certificate.path_length,
        key_algorithm=key_algorithm_of(certificate.spki),
        signature_algorithm=_signature_algorithm(certificate),
        subject_key_id=extensions.read_subject_key_identifier(own).hex() if own else None,
        authority_key_id=issuer_key_id.hex() if issuer_key_id else None,
        sha256=hashlib.sha256(certificate.der).hexdigest(),
    )


def _value(certificate: Certificate, oid: str) -> bytes | None:
    extension = certificate.extensions.get(oid)
    return extension.value if extension else None


def key_algorithm_of(spki: bytes) -> str:
    name = algorithm_name(spki)
    if name != "RSA":
        return name
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return name
    return f"{name}_{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else name


def _signature_algorithm(certificate: Certificate) -> str:
    identifier = der.inside(certificate.der)[1]
    return _SIGNATURES.get(identifier.raw) or der.read_oid(identifier.children()[0])
