"""Authorities, certificates and CRLs made with `cryptography` alone: the broker's view of any CA."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from privyseal.devices.identities import Registration
from privyseal.registrars.mosquitto import BrokerCrl

NOW = datetime.now(UTC).replace(microsecond=0)
# RFC 5280 §4.2.1.3: an authority's certificate has to have it, and Python 3.13 looks whether it does.
CA_KEY_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


@dataclass
class Authority:
    name: str
    parent: "Authority | None" = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    revoked: set[int] = field(default_factory=set)
    crls: int = 0

    @cached_property
    def certificate(self) -> x509.Certificate:
        return (self.parent or self).sign(self.name, self.key, is_ca=True)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        return (self.certificate, *(self.parent.chain if self.parent else ()))

    def sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool = False, address: str = ""
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(hours=1))
            .not_valid_after(NOW + timedelta(days=30))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if is_ca:
            builder = builder.add_extension(CA_KEY_USAGE, critical=True)
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self) -> BrokerCrl:
        """A new one, a second later than the one before: that is how a verifier knows the newer."""
        self.crls += 1
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(_name(self.name))
            .last_update(NOW - timedelta(minutes=30) + timedelta(seconds=self.crls))
            .next_update(NOW + timedelta(days=1))
        )
        for serial in sorted(self.revoked):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
            builder = builder.add_revoked_certificate(entry.build())
        der = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)
        return BrokerCrl(f"{self.name}-{self.crls}", _name(self.name).public_bytes(), lambda: der)


class Device:
    """Its folder, as the agent keeps one."""

    def __init__(self, folder: Path, device_id: str, authority: Authority) -> None:
        self.id = device_id
        self.authority = authority
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.folder = folder
        self.renew()

    def renew(self) -> None:
        self.certificate = self.authority.sign(self.id, self.key)

    @property
    def registration(self) -> Registration:
        chain = pem(*self.authority.chain).decode()
        return Registration("111122223333", self.id, pem(self.certificate).decode(), chain, "arn")


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
