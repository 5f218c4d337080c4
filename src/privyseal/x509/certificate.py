"""Certificates from elsewhere, read once: DER and PEM in, checked values out."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from privyseal.x509 import der, extensions, oids
from privyseal.x509.extensions import Extension
from privyseal.x509.keys import key_identifier
from privyseal.x509.refusal import RefusalError
from privyseal.x509.subject import Name, read_name

MAX_CERTIFICATE = 32_768  # octets: CertificateBodyBlob of the acm-pca service model
MAX_EXTENSIONS = 64
_VERSION_3 = der.tlv(0xA0, der.integer(2))
_ECDSA = "1.2.840.10045.4."  # RFC 5758 §3.2: without parameters, not even NULL


@dataclass(frozen=True, slots=True)
class Certificate:
    der: bytes
    parsed: x509.Certificate
    issuer: Name
    subject: Name
    spki: bytes
    extensions: dict[str, Extension]

    @property
    def serial(self) -> int:
        return self.parsed.serial_number

    @property
    def not_before(self) -> datetime:
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self.parsed.not_valid_after_utc

    @property
    def is_self_issued(self) -> bool:
        return self.issuer.raw == self.subject.raw

    @property
    def is_ca(self) -> bool:
        return self._constraints()[0]

    @property
    def path_length(self) -> int | None:
        return self._constraints()[1]

    @property
    def usages(self) -> frozenset[str] | None:
        """The key usages, or None where the certificate does not say."""
        extension = self.extensions.get(oids.KEY_USAGE)
        return extensions.read_key_usage(extension.value) if extension else None

    @property
    def key_id(self) -> bytes:
        """The subject key identifier; without one, the SHA-1 of the key, as AWS has it."""
        extension = self.extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
        own = extensions.read_subject_key_identifier(extension.value) if extension else b""
        return own or key_identifier(self.spki)

    def _constraints(self) -> tuple[bool, int | None]:
        extension = self.extensions.get(oids.BASIC_CONSTRAINTS)
        return extensions.read_basic_constraints(extension.value) if extension else (False, None)


def read_certificate(data: bytes) -> Certificate:
    """A version 3 certificate from DER. Raises RefusalError."""
    if len(data) > MAX_CERTIFICATE:
        raise RefusalError(f"a certificate has {len(data)} octets; at most {MAX_CERTIFICATE} are accepted")
    fields = _shape(data)
    try:
        parsed = x509.load_der_x509_certificate(data)
        _ = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise RefusalError("a certificate is not well-formed DER") from error
    rest = next((field for field in fields[7:] if field.tag == 0xA3), None)
    found = _extensions(rest) if rest else []
    by_oid = {extension.oid: extension for extension in found}
    if len(by_oid) != len(found):
        raise RefusalError("a certificate has an extension twice")
    return Certificate(
        data, parsed, read_name(fields[3].raw), read_name(fields[5].raw), fields[6].raw, by_oid
    )


def _shape(data: bytes) -> list[der.Element]:
    """Version, serial number, signature, issuer, validity, subject, key; then the optional ones.

    What `cryptography` only warns of is refused here.
    """
    outer = der.inside(data)
    if len(outer) != 3:
        raise RefusalError("a certificate is not a TBSCertificate, an algorithm and a signature")
    fields = outer[0].inside(der.SEQUENCE)
    if len(fields) < 7 or fields[0].raw != _VERSION_3:
        raise RefusalError("a certificate is not of version 3")
    if not 0 < der.read_integer(fields[1]) < 1 << 159:  # RFC 5280 §4.1.2.2: positive, at most 20 octets
        raise RefusalError("a certificate's serial number is not positive or has more than 20 octets")
    if fields[2].raw != outer[1].raw:  # RFC 5280 §4.1.1.2
        raise RefusalError("a certificate names two signature algorithms")
    identifier = fields[2].inside(der.SEQUENCE)
    if not identifier or (der.read_oid(identifier[0]).startswith(_ECDSA) and len(identifier) > 1):
        raise RefusalError("a certificate's signature algorithm has parameters that it cannot have")
    return fields


def _extensions(element: der.Element) -> list[Extension]:
    listed = element.children()[0].children()
    if len(listed) > MAX_EXTENSIONS:
        raise RefusalError(f"a certificate has more than {MAX_EXTENSIONS} extensions")
    return [extensions.read_extension(each) for each in listed]
