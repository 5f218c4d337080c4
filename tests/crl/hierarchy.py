"""A hierarchy of its own on a running service, and its CRLs as relying parties get them."""

import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.service import Service, patience

PUBLISHED_WITHIN = 60.0  # seconds: what is promised
TEMPLATE = "arn:aws:acm-pca:::template/"


@dataclass(frozen=True)
class Leaf:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def crl_url(self) -> str:
        return crl_url(self.certificate)


class Authority:
    """An ACTIVE authority below `parent`, or a root, with CRLs as `crl` says."""

    def __init__(
        self, service: Service, name: str, parent: "Authority | None", crl: dict[str, Any] | None
    ) -> None:
        self.service = service
        self.parent = parent
        self.client = service.environment.client()
        members: dict[str, Any] = {
            "CertificateAuthorityType": "SUBORDINATE" if parent else "ROOT",
            "CertificateAuthorityConfiguration": {
                "KeyAlgorithm": "EC_prime256v1",
                "SigningAlgorithm": "SHA256WITHECDSA",
                "Subject": {"CommonName": name, "Organization": "Example"},
            },
        }
        if crl:
            members["RevocationConfiguration"] = {"CrlConfiguration": crl}
        self.arn: str = self.client.call("CreateCertificateAuthority", members)["CertificateAuthorityArn"]
        csr = self.call("GetCertificateAuthorityCsr")["Csr"].encode()
        template = "SubordinateCACertificate_PathLen0/V1" if parent else "RootCACertificate/V1"
        self.pem, chain = (parent or self).issue(csr, template, days=1000 if parent else 3000)
        imported = {"Certificate": self.pem.encode()} | (
            {"CertificateChain": chain.encode()} if parent else {}
        )
        self.call("ImportCertificateAuthorityCertificate", **imported)

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pem.encode())

    def move_to(self, service: Service) -> None:
        """The same data, started again."""
        self.service = service
        self.client = service.environment.client()

    @property
    def complete_url(self) -> str:
        """Of the CRL of everything that it has revoked: a root has one also where it is partitioned."""
        return f"{self.service.url}/crl/{self.arn.rpartition('/')[2]}.crl"

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.client.call(operation, {"CertificateAuthorityArn": self.arn} | members)
        return found

    def issue(self, csr: bytes, template: str = "EndEntityCertificate/V1", days: int = 30) -> tuple[str, str]:
        """(PEM of the certificate, PEM of its chain)."""
        arn = self.call(
            "IssueCertificate",
            Csr=csr,
            SigningAlgorithm="SHA256WITHECDSA",
            Validity={"Value": days, "Type": "DAYS"},
            TemplateArn=TEMPLATE + template,
        )["CertificateArn"]
        found = self.call("GetCertificate", CertificateArn=arn)
        return found["Certificate"] + "\n", found.get("CertificateChain", "") + "\n"

    def leaf(self, name: str) -> Leaf:
        key = ec.generate_private_key(ec.SECP256R1())
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem, _ = self.issue(request.public_bytes(Encoding.PEM))
        return Leaf(x509.load_pem_x509_certificate(pem.encode()), key)

    def revoke(self, serial: int, reason: str = "KEY_COMPROMISE") -> None:
        self.call("RevokeCertificate", CertificateSerial=f"{serial:x}", RevocationReason=reason)


def crl_url(certificate: x509.Certificate) -> str:
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name
    return str(point.full_name[0].value)


def fetch(url: str) -> bytes:
    """The CRL, as soon as there is one."""
    until = time.monotonic() + patience(20)
    while True:
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            waits = error.code == 503 and error.headers["Retry-After"]
            if not waits or time.monotonic() > until:
                raise
            time.sleep(0.2)


def fetch_with(url: str, serial: int) -> bytes:
    """The CRL that lists a certificate, which it does within the promised time."""
    until = time.monotonic() + patience(PUBLISHED_WITHIN)
    while True:
        der = fetch(url)
        if x509.load_der_x509_crl(der).get_revoked_certificate_by_serial_number(serial):
            return der
        assert time.monotonic() < until, f"{serial:x} is not in {url}"
        time.sleep(0.2)


def to_pem(*crls: bytes) -> str:
    return "".join(x509.load_der_x509_crl(der).public_bytes(Encoding.PEM).decode() for der in crls)


def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def file(folder: Path, name: str, *parts: str) -> str:
    path = folder / name
    path.write_text("".join(parts))
    return str(path)
