"""An authority with CRLs, in memory, and its CRLs as `cryptography` reads them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography import x509

from privyseal.ca.keys import OpenKeys
from privyseal.ca.revocation.crls import ACTION, CrlMaker
from privyseal.ca.revocation.model import CrlDocument
from privyseal.clock import FixedClock
from privyseal.names import AuthorityArn
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import CALLER, NOW, World, csr
from tests.stores import journals

CRL = {"Enabled": True, "ExpirationInDays": 7}


def enabled(**changes: Any) -> dict[str, Any]:
    return {"CrlConfiguration": CRL | changes}


@dataclass
class Scene:
    """`world` with one process that makes CRLs when it is told to."""

    world: World
    deltas: bool = False

    def __post_init__(self) -> None:
        world = self.world
        self.maker = CrlMaker(
            world.store,
            world.rows,
            OpenKeys(world.keys),
            world.publisher,
            urls=world.urls,
            deltas=self.deltas,
        )

    def make(self) -> None:
        """All that is due."""
        self.maker.make_due(Event())

    def document(self, name: str, *, delta: bool = False) -> CrlDocument:
        found = self.world.ca.crl_reader.find(name, delta=delta).document
        assert found is not None
        return found

    def der(self, name: str, *, delta: bool = False) -> bytes:
        document = self.document(name, delta=delta)
        chunks = [self.world.ca.crl_reader.chunk(document.id, seq) for seq in range(document.chunks)]
        whole = b"".join([document.head, *(chunk or b"" for chunk in chunks), document.tail])
        assert len(whole) == document.size
        return whole

    def crl(self, name: str, *, delta: bool = False) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl(self.der(name, delta=delta))

    def serials(self, name: str, *, delta: bool = False) -> set[int]:
        return {each.serial_number for each in self.crl(name, delta=delta)}

    def issue(self, arn: str, name: str, **changes: Any) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.world.issue(arn, csr(name), **changes).der)

    def revoke(self, arn: str, certificate: x509.Certificate, reason: str = "SUPERSEDED") -> None:
        self.world.ca.revocation.revoke(CALLER, arn, f"{certificate.serial_number:x}", reason)

    def row(self, name: str, partition: str = "") -> Any:
        return self.world.store.view(lambda tx: self.world.rows.crls.find(tx, name, partition))

    def told(self) -> list[dict[str, Any]]:
        """What the journal says of the making of CRLs."""
        return [each["detail"] for each in journals.entries(self.world.store) if each["action"] == ACTION]


def id_of(arn: str) -> str:
    return AuthorityArn.parse(arn).id


@pytest.fixture(name="scenes")
def scenes_fixture(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Makes scenes, each a process: in memory, or several on one file."""
    stores: list[SqliteStore] = []
    worlds: list[World] = []

    def start(*, deltas: bool = False, file: str = "", clock: FixedClock | None = None) -> Scene:
        clock = clock or FixedClock(NOW)
        stores.append(SqliteStore(tmp_path / file if file else MEMORY, clock))
        stores[-1].migrate()
        worlds.append(World(stores[-1], clock))
        return Scene(worlds[-1], deltas)

    yield start
    for world, store in zip(worlds, stores, strict=True):
        world.ca.close()
        store.close()


@pytest.fixture(name="scene")
def scene_fixture(scenes: Callable[..., Scene]) -> Scene:
    return scenes()
