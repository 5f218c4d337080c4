"""The contract of `jobs.ports.Jobs`, for every store."""

from dataclasses import replace
from datetime import timedelta

from privyseal.jobs.model import Standing
from privyseal.stores.repositories.jobs import SqlJobs
from tests.stores.conftest import Database
from tests.stores.rows import NOW

ROWS = SqlJobs()
FRESH = Standing("ca.crls", next_at=NOW, until=NOW)
FULL = Standing(
    "ca.expiry",
    next_at=NOW + timedelta(minutes=1),
    until=NOW + timedelta(seconds=10, microseconds=1),
    holder="node/1/id",
    started_at=NOW,
    ended_at=NOW + timedelta(seconds=2),
    succeeded_at=NOW - timedelta(days=1),
    runs=2**40,
    failures=7,
    attempts=3,
    error="'; DROP TABLE job; -- ✗",
)


def put(store: Database, *rows: Standing) -> None:
    for row in rows:
        store.transact(lambda tx, each=row: ROWS.put(tx, each))  # type: ignore[misc]


def test_a_row_comes_back_as_it_was_stored(store: Database) -> None:
    put(store, FRESH, FULL)
    assert store.view(ROWS.all) == {"ca.crls": FRESH, "ca.expiry": FULL}
    assert store.view(lambda tx: ROWS.find(tx, "ca.expiry")) == FULL


def test_a_job_that_has_never_run_has_none(store: Database) -> None:
    assert store.view(ROWS.all) == {}
    assert store.view(lambda tx: ROWS.find(tx, "ca.crls")) is None


def test_writing_it_again_overwrites_all_of_it(store: Database) -> None:
    put(store, FULL)
    changed = replace(FRESH, name=FULL.name)
    put(store, changed)
    assert store.view(ROWS.all) == {"ca.expiry": changed}
