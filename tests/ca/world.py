"""The CA domain on a real store, with the fakes of `fakes.py` at its ports."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from privyseal.ca.creation import CreateRequest
from privyseal.ca.model import ROOT, SUBORDINATE, Authority
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.service import CertificateAuthorities
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn
from privyseal.store import Store, Tx
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.sqlite import MEMORY, SqliteStore
from privyseal.value import changed
from tests.ca.fakes import Interrupted, WatchedKeys
from tests.publishers.memory import MemoryPublisher

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ACCOUNT = "111122223333"
REGION = "eu-central-1"
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:user/admin", ACCOUNT, "request-1")
STRANGER = Caller("arn:aws:iam::444455556666:user/admin", "444455556666", "request-2")

# What IssueCertificate says of an authority that is not ACTIVE, word for word.
NOT_ISSUING = "The certificate authority is not in a valid state for issuing certificates"

# Calls something that must be refused with a code; the message. A fixture of `tests/conftest.py`.
Refused = Callable[..., str]

TEMPLATE = "arn:aws:acm-pca:::template/"
ROOT_TEMPLATE = f"{TEMPLATE}RootCACertificate/V1"
ISSUING_TEMPLATE = f"{TEMPLATE}SubordinateCACertificate_PathLen0/V1"

_DEVICE_KEY = ec.generate_private_key(ec.SECP256R1())


class World:
    """One process: services, fakes and a clock over `store`."""

    def __init__(self, store: Store, clock: FixedClock, keys: WatchedKeys | None = None) -> None:
        self.clock = clock
        self.store = Interrupted(store)
        self.keys = keys or WatchedKeys()  # EC keys only
        self.rows = REPOSITORIES
        self.publisher = MemoryPublisher()
        self.urls = StatusUrls("http://pki.example")
        self.ca = CertificateAuthorities(self.store, self.rows, self.keys, self.publisher, urls=self.urls)

    def create(self, kind: str = ROOT, **changes: Any) -> str:
        return str(self.ca.creation.create(create_request(kind, **changes)))

    def root(self, **changes: Any) -> str:
        """An ACTIVE root that has signed itself, for ten years."""
        arn = self.create(ROOT, **changes)
        made = self.issue(arn, self.csr_of(arn), template_arn=ROOT_TEMPLATE, validity=("DAYS", 3650))
        self.ca.certification.install(CALLER, arn, pem(made.der), None)
        return arn

    def subordinate(self, parent: str, template: str = ISSUING_TEMPLATE, **changes: Any) -> str:
        """An ACTIVE subordinate of `parent`, for three years."""
        arn = self.create(SUBORDINATE, **{"subject": {"CommonName": f"Below {parent[-12:]}"}, **changes})
        made = self.issue(parent, self.csr_of(arn), template_arn=template, validity=("DAYS", 1095))
        above = self.ca.certification.certificate(CALLER, parent)
        chain = "\n".join(filter(None, (above.certificate, above.chain)))
        self.ca.certification.install(CALLER, arn, pem(made.der), chain.encode())
        return arn

    def csr_of(self, arn: str) -> bytes:
        return self.ca.authorities.csr(CALLER, arn).encode()

    def issue(self, arn: str, asked: bytes | None = None, **changes: Any) -> Issued:
        (answer,) = self.answers(issue_request(arn, asked, **changes))
        if isinstance(answer, PrivySealError):
            raise answer
        return answer

    def answers(self, *requests: IssueRequest) -> Sequence[Issued | PrivySealError]:
        return self.ca.issuance.issue(requests)

    def codes(self, *requests: IssueRequest) -> list[ErrorCode | None]:
        """The error of each answer, None for a certificate."""
        return [each.code if isinstance(each, PrivySealError) else None for each in self.answers(*requests)]

    def row(self, arn: str) -> Authority:
        found = self.store.view(lambda tx: self.rows.authorities.find(tx, AuthorityArn.parse(arn).id))
        assert found is not None
        return found

    def status(self, arn: str) -> Status:
        return self.ca.authorities.describe(CALLER, arn)[1]

    def stored(self, arn: str) -> int:
        """How many certificates the authority has issued."""
        return len(self.ca.reader.page(CALLER, arn, None, 10_000)[0])

    def set_status(self, arn: str, status: Status) -> None:
        """Put a row into a state that takes long to reach."""

        def write(tx: Tx) -> None:
            row = self.row_in(tx, arn)
            assert self.rows.authorities.update(tx, replace(row, status=status, version=row.version + 1))

        self.store.transact(write)

    def row_in(self, tx: Tx, arn: str) -> Authority:
        row = self.rows.authorities.find(tx, AuthorityArn.parse(arn).id)
        assert row is not None
        return row

    def self_signed(self, arn: str, days: int = 3650) -> bytes:
        """A root certificate that the authority's own key has signed, elsewhere and by other software."""
        key = self.keys.made[AuthorityArn.parse(arn).id]
        request = x509.load_pem_x509_csr(self.row(arn).csr.encode())
        now = self.clock.now().replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(request.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False)
        )
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@contextmanager
def in_memory(keys: WatchedKeys | None = None) -> Iterator[World]:
    """An empty one of its own, whose clock stands still."""
    with _opened(MEMORY, FixedClock(NOW), keys) as world:
        yield world


@contextmanager
def on_one_file(folder: Path, count: int = 2) -> Iterator[list[World]]:
    """As many processes, each with its own services and connections, and one clock that stands still."""
    clock = FixedClock(NOW)
    with ExitStack() as worlds:
        yield [worlds.enter_context(_opened(folder / "privyseal.db", clock)) for _ in range(count)]


@contextmanager
def _opened(path: Path | str, clock: FixedClock, keys: WatchedKeys | None = None) -> Iterator[World]:
    store = SqliteStore(path, clock)
    store.migrate()
    world = World(store, clock, keys)
    try:
        yield world
    finally:
        world.ca.close()
        store.close()


def create_request(kind: str = ROOT, **changes: Any) -> CreateRequest:
    made = CreateRequest(
        caller=CALLER,
        region=REGION,
        type=kind,
        key_algorithm="EC_prime256v1",
        signing_algorithm="SHA256WITHECDSA",
        subject={"CommonName": f"Test {kind}"},
    )
    return replace(made, **changes)


def issue_request(arn: str, asked: bytes | None = None, **changes: Any) -> IssueRequest:
    made = IssueRequest(
        caller=CALLER,
        authority_arn=arn,
        csr=csr() if asked is None else asked,
        signing_algorithm="SHA256WITHECDSA",
        validity=("DAYS", 30),
    )
    return changed(made, **changes)


@cache
def csr(name: str = "device-1") -> bytes:
    """Always the same octets for a name, as of a client that asks again."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(_DEVICE_KEY, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def spki(certificate: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def elsewhere(arn: str, **changes: str) -> str:
    """The ARN of the same id in another region or account."""
    parsed = AuthorityArn.parse(arn)
    where: Mapping[str, str] = {
        "region": parsed.region,
        "account": parsed.account,
        "id": parsed.id,
        **changes,
    }
    return str(AuthorityArn(**where))
