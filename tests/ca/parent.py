"""A root that lives elsewhere and was made by other software: it signs what it is given."""

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Parent:
    """Signs CA certificates; every part of one can be made wrong."""

    def __init__(self, now: datetime, common_name: str = "Offline Root", years: int = 20) -> None:
        self.now = now.replace(microsecond=0)
        self.key = ec.generate_private_key(ec.SECP384R1())
        self.subject = name(common_name)
        self.certificate = self.sign(self.subject, self.key.public_key(), days=365 * years)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def certify(self, csr: bytes, **changes: Any) -> bytes:
        """The PEM certificate for a CSR."""
        request = x509.load_pem_x509_csr(csr)
        subject = changes.pop("subject", request.subject)
        public_key = changes.pop("public_key", request.public_key())
        return self.sign(subject, public_key, **changes).public_bytes(Encoding.PEM)

    def sign(
        self,
        subject: x509.Name,
        public_key: Any,
        *,
        days: int = 3650,
        starts: timedelta = timedelta(0),
        ca: bool = True,
        path_length: int | None = None,
        critical: bool = True,
        constraints: bool = True,
        extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        issuer: x509.Name | None = None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + starts)
            .not_valid_after(self.now + timedelta(days=days))
        )
        if constraints:
            builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical)
        for extension, is_critical in extra:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self.key, hashes.SHA384())
