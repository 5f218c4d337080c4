"""serverless-ca's certificate function on a real store, with fakes at its ports."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privyseal.serverless.tls_certificate import STRICT, Call, Rows, Terms, TlsCertificates
from privyseal.store import Tx
from privyseal.stores.repositories.serverless import SqlIssues, SqlKeyClaims
from tests.ca.world import CALLER, World

ADMIN = Call(CALLER, forces=True)
Answer = dict[str, Any]


class Folder:
    """CSR files in memory."""

    bucket = "csr-bucket"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)


class Entries:
    """The common names that GitOps knows."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def matches(self, tx: Tx, common_name: str, organization: str, organizational_unit: str) -> bool:
        return common_name in self.names


class Function:
    """The function with a root and an issuing authority below it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root = world.root()
        self.issuing = world.subordinate(self.root)
        self.terms = Terms(self.issuing, "serverless-issuing-ca-dev")
        self.folder = Folder()
        self.entries = Entries()
        self.issues = SqlIssues()
        ca = world.ca
        self.certificates = TlsCertificates(
            world.store,
            Rows(world.rows.certificates, self.issues, SqlKeyClaims()),
            lambda: self.terms,
            describe=ca.authorities.describe,
            certificate=ca.certification.certificate,
            issue=ca.issue_now,
            check=ca.issuance.check,
            files=self.folder,
            known=self.entries,
        )

    def __call__(self, call: Call = ADMIN, /, **event: Any) -> Answer:
        return self.certificates.request(call, event)

    def ask(self, common_name: str = "server.example.com", /, **event: Any) -> Answer:
        """For a fresh key, unless the event says otherwise."""
        asked: Mapping[str, Any] = {
            "common_name": common_name,
            "base64_csr_data": coded(csr(common_name)),
            **event,
        }
        return self.certificates.request(ADMIN, asked)


def csr(
    common_name: str = "server.example.com", *more: tuple[x509.ObjectIdentifier, str], key: Any = None
) -> bytes:
    """PEM, for a key of its own where none is given."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    attributes += [x509.NameAttribute(kind, text) for kind, text in more]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    key = key or ec.generate_private_key(ec.SECP256R1())
    signed = builder.sign(key, None if isinstance(key, mldsa.MLDSA44PrivateKey) else hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def certificate(answer: Answer) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(answer["Base64Certificate"]))


Make = Callable[[], Function]
__all__ = ["ADMIN", "STRICT", "Function", "certificate", "coded", "csr"]
