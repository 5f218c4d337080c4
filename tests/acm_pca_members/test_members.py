"""Each member of each request, got wrong in each way: refused as AWS refuses it, and nothing happens."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing

import pytest

from tests.acm_pca_errors.wire import MODEL, PROTOCOLS, Wire
from tests.acm_pca_members.faults import REQUESTS, faults
from tests.acm_pca_members.stages import READING, Stage, staged
from tests.service import Service
from tests.stored import State

OPERATIONS = sorted(MODEL["operations"])
PATIENCE = 10  # seconds


@pytest.fixture(name="own_service", scope="module")
def own_service_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that nobody else writes to: its database is compared."""
    service = Service(tmp_path_factory.mktemp("members") / "data").start()
    yield service
    assert service.stop() == 0, service.log.read_text()


@pytest.fixture(name="stage", scope="module")
def stage_fixture(own_service: Service) -> Iterator[Stage]:
    found = own_service.environment
    wire = Wire(found.url, found.access_key_id, found.secret_access_key, found.region)
    yield Stage(wire)
    wire.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_member_is_refused_and_nothing_happens(
    own_service: Service, stage: Stage, operation: str, protocol: str
) -> None:
    """Every fault of every member gets its exception; the good request, afterwards, succeeds."""
    good = staged(operation, stage)
    _wait_for_reports(own_service)
    before = _digest(own_service)
    for fault in faults(operation, protocol):
        answer = stage.wire.send(operation, REQUESTS.broken(operation, good, fault), protocol)
        assert answer.error == fault.error, (fault, answer)
        assert answer.status == 400, (fault, answer)
        if fault.kind != "type":
            assert f"at '{fault.named}' failed to satisfy" in answer.message, (fault, answer)
    assert _digest(own_service) == before
    assert stage.wire.send(operation, good, protocol).status == 200
    assert (_digest(own_service) == before) == (operation in READING)


def test_every_member_of_every_request_is_got_wrong() -> None:
    """At least by its type, and each required one by its absence: nothing is left out of the list."""
    for operation in OPERATIONS:
        shape = REQUESTS.shapes[MODEL["operations"][operation]["input"]["shape"]]
        for protocol in PROTOCOLS:
            found = list(faults(operation, protocol))
            assert {fault.path[0] for fault in found if fault.kind == "type"} == set(shape["members"])
            missing = {fault.path[0] for fault in found if fault.kind == "missing" and len(fault.path) == 1}
            assert missing == set(shape.get("required", ()))


def _wait_for_reports(service: Service) -> None:
    """Audit reports are written in the background: until they are, the database changes."""
    until = time.monotonic() + PATIENCE
    with _database(service) as database:
        while database.execute("SELECT 1 FROM audit_report WHERE status = 'CREATING'").fetchone():
            assert time.monotonic() < until, service.log.read_text()
            time.sleep(0.02)


def _digest(service: Service) -> Mapping[str, str]:
    """Of every row of every table but those of the audit trail, which has the refusals."""
    with closing(State(service.data_dir / "privyseal.db")) as state:
        return state.contents()


def _database(service: Service) -> AbstractContextManager[sqlite3.Connection]:
    path = service.data_dir / "privyseal.db"
    return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))
