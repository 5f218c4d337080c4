"""The product without HTTP: a store, a root, an issuing authority, and the device domain on top."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from privyseal.access.model import Principal
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.service import CertificateAuthorities
from privyseal.caller import Caller
from privyseal.client.ceremony import create_authority
from privyseal.clock import FixedClock
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.lifecycle import Lifecycle
from privyseal.devices.model import ListedDevice
from privyseal.devices.ports import Issuer, Registrar
from privyseal.devices.registration import Registrations
from privyseal.devices.registry import Outcome, Registry
from privyseal.devices.terms import Terms
from privyseal.devices.vending import Vending
from privyseal.frontends.aws import acm_pca
from privyseal.frontends.http import Pool
from privyseal.hosting.in_process import InProcess
from privyseal.issuers.local import LocalIssuer, LocalWitness
from privyseal.keystores.software import SoftwareKeyStore
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.repositories.steps import SqlSteps
from privyseal.stores.sql import sql
from privyseal.stores.sqlite import MEMORY, SqliteStore
from privyseal.wrapping import KEK_BYTES, Wrapper
from tests.publishers.memory import MemoryPublisher

ACCOUNT = "111122223333"
REGION = "eu-central-1"
START = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
ADMIN = Principal(f"arn:aws:iam::{ACCOUNT}:user/admin", ACCOUNT, "AKIAADMIN00000000000", admin=True)
OPERATOR = Caller(ADMIN.arn, ACCOUNT, "request-of-the-operator")


class Deployment:
    """One process of the product; two on the same file are two workers, or one before and after a restart."""

    def __init__(
        self, path: Path | str = MEMORY, at: datetime = START, store: type[SqliteStore] = SqliteStore
    ) -> None:
        self.clock = FixedClock(at)
        self.store = store(path, self.clock)
        self.store.migrate()
        key_store = SoftwareKeyStore(Wrapper(bytes(KEK_BYTES)))
        self.authorities = CertificateAuthorities(
            self.store, REPOSITORIES, key_store, MemoryPublisher(), urls=StatusUrls("http://pki.example")
        )
        self.pool = Pool(8, 256)
        self.acm_pca = acm_pca.service(self.authorities, self.pool)
        self.devices = SqlDevices()
        self.identities = SqlIdentities()
        self.registry = Registry(self.store, self.devices)
        self.steps = SqlSteps()
        self.witness = LocalWitness(REPOSITORIES.certificates)
        self.lifecycle = Lifecycle(
            self.store,
            self.devices,
            self.identities,
            self.steps,
            holder=self.authorities.holding,
            witness=self.witness,
        )

    def hierarchy(self) -> str:
        """A new root and a new issuing authority under it; the ARN of the latter."""
        caller = InProcess(self.acm_pca, ADMIN, REGION, self.clock)
        root = create_authority(caller, subject={"CommonName": "Root"}, clock=self.clock)
        subject = {"CommonName": "Issuing"}
        return create_authority(caller, subject=subject, parent_arn=root.arn, clock=self.clock).arn

    def issuer(self, authority_arn: str) -> LocalIssuer:
        return LocalIssuer(
            lambda: Terms(authority_arn),
            describe=self.authorities.authorities.describe,
            issue=self.authorities.issue_now,
            clock=self.clock,
        )

    def registrations(
        self, registrars: Mapping[str, Registrar], required: Collection[str] | None = None
    ) -> Registrations:
        return Registrations(self.store, self.identities, self.steps, registrars, required=required)

    def enrolment(
        self,
        issuer: Issuer,
        registrars: Mapping[str, Registrar] | None = None,
        required: Collection[str] | None = None,
    ) -> Enrolment:
        registrations = self.registrations(registrars or {}, required)
        vending = Vending(self.store, self.devices, self.identities, issuer, registrations)
        return Enrolment(self.store, self.devices, vending, account=ACCOUNT)

    def register(self, device_id: str, key: PublicKeyTypes) -> None:
        row = ListedDevice(device_id, key_pem(key))
        assert list(self.registry.import_devices(OPERATOR, [row])) == [Outcome.IMPORTED]

    def journal(self) -> list[dict[str, Any]]:
        """All entries of the journal, in order."""
        rows = self.store.view(lambda tx: sql(tx).rows("SELECT entries FROM journal ORDER BY at, seq"))
        return [each for row in rows for each in json.loads(row["entries"])]

    def close(self) -> None:
        self.authorities.close()
        self.pool.close()
        self.store.close()


@contextmanager
def deployment(
    path: Path | str = MEMORY, at: datetime = START, store: type[SqliteStore] = SqliteStore
) -> Iterator[Deployment]:
    made = Deployment(path, at, store)
    try:
        yield made
    finally:
        made.close()


def key_pem(key: PublicKeyTypes) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form).decode()


def key_der(key: PublicKeyTypes) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form)
