"""A far side that can issue: a root and an issuing CA made with `cryptography` alone."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.conftest import ISSUING_ARN
from tests.client.far_side import Answer, Received

SERIAL = 0xABC
CERTIFICATE_ARN = f"{ISSUING_ARN}/certificate/{SERIAL:032x}"


class Authority:
    """Answers IssueCertificate and GetCertificate; `asked` is the last request."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _name("Root")
        self.root = _certificate(root, root_key.public_key(), root, root_key)
        self.issuing = _certificate(_name("Issuing"), self._key.public_key(), root, root_key)
        self.asked: dict[str, Any] = {}
        self._issued = ""

    def __call__(self, request: Received) -> Answer:
        if request.operation == "IssueCertificate":
            self.asked = request.json
            csr = x509.load_pem_x509_csr(base64.b64decode(self.asked["Csr"]))
            self._issued = _certificate(csr.subject, csr.public_key(), _name("Issuing"), self._key)
            return Answer({"CertificateArn": CERTIFICATE_ARN})
        if request.operation == "GetCertificate":
            chain = f"{self.issuing}\n{self.root}"
            return Answer({"Certificate": self._issued, "CertificateChain": chain})
        configuration = {"CertificateAuthorityConfiguration": {"SigningAlgorithm": "SHA256WITHECDSA"}}
        return Answer({"CertificateAuthority": configuration})


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name, key: Any, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey
) -> str:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(SERIAL).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    made = builder.sign(issuer_key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode().strip()
