"""A deployment of serverless-ca as it leaves: made with `cryptography` alone, its keys in a KMS, its items
as its functions write them.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.keystores.kms_server import Kms

ROOT, ISSUING = "serverless-root-ca-dev", "serverless-issuing-ca-dev"
TIME = "%Y-%m-%d %H:%M:%S"
DAY = timedelta(days=1)
Item = dict[str, Any]


class Deployment:
    """Made `age` days ago; P-384 above P-256, as by default."""

    def __init__(self, kms: Kms, age: int = 400, crl_number: int = 390) -> None:
        self.began = datetime.now(UTC).replace(microsecond=0) - age * DAY
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        self.issuing_key = ec.generate_private_key(ec.SECP256R1())
        self.root_arn = kms.add(self.root_key, f"alias/{ROOT}")
        self.issuing_arn = kms.add(self.issuing_key, f"alias/{ISSUING}")
        self.root = self._authority("Old Root CA", self.root_key, "Old Root CA", self.root_key, 7300)
        self.issuing = self._authority("Old Issuing CA", self.issuing_key, "Old Root CA", self.root_key, 3650)
        self.items = [
            self._item(ROOT, self.root) | {"CRLNumber": {"N": str(crl_number)}},
            self._item(ISSUING, self.issuing) | {"CRLNumber": {"N": str(crl_number)}},
        ]
        del self.items[0]["NotifyExpiry"], self.items[1]["NotifyExpiry"]

    def issue(
        self, name: str, *, age: int = 10, days: int = 90, revoked: bool = False, **attributes: Any
    ) -> x509.Certificate:
        """Issued `age` days ago, good for `days` from then."""
        begins = datetime.now(UTC).replace(microsecond=0) - age * DAY
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.issuing.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number() | 1 << 158)  # as large as they are there
            .not_valid_before(begins - timedelta(minutes=5))
            .not_valid_after(begins + days * DAY)
            .add_extension(_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self.issuing_key, hashes.SHA256())
        )
        item = self._item(name, made) | attributes
        if revoked:
            item["Revoked"] = {"S": f"{begins + DAY:{TIME}}"}
        self.items.append(item)
        return made

    def export(self, path: Path) -> Path:
        """As `aws dynamodb scan --output json` prints it: values of type B in base64 once more."""
        shown = [
            item | {"Certificate": {"B": base64.b64encode(item["Certificate"]["B"]).decode()}}
            for item in self.items
        ]
        path.write_text(json.dumps({"Items": shown, "Count": len(shown)}))
        return path

    def _authority(self, name: str, key: Any, issuer: str, by: Any, days: int) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.began)
            .not_valid_after(self.began + days * DAY)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(_usage(digital_signature=True, key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
            )
        )
        return builder.sign(by, hashes.SHA384())

    def _item(self, name: str, made: x509.Certificate) -> Item:
        return {
            "CommonName": {"S": name},
            "SerialNumber": {"S": str(made.serial_number)},
            "Issued": {"S": f"{made.not_valid_before_utc:{TIME}}"},
            "Expires": {"S": f"{made.not_valid_after_utc:{TIME}}"},
            "Certificate": {"B": base64.b64encode(made.public_bytes(Encoding.PEM))},
            "NotifyExpiry": {"BOOL": False},
        }


def _usage(**wanted: bool) -> x509.KeyUsage:
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    more = "key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in f"{names} {more}".split()})


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common_name), x509.NameAttribute(NameOID.COUNTRY_NAME, "GB")]
    )
