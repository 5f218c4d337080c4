"""`Store.generation`: what was kept is trusted exactly as long as it is right."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from privyseal.clock import SystemClock
from privyseal.store import Tx
from privyseal.stores.generation import Generation
from privyseal.stores.sqlite import MEMORY, SqliteStore

Opened = Callable[[Path | str], SqliteStore]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens a store; all are closed at the end."""
    made: list[SqliteStore] = []

    def opening(path: Path | str) -> SqliteStore:
        made.append(SqliteStore(path, SystemClock()))
        made[-1].migrate()
        return made[-1]

    yield opening
    for each in made:
        each.close()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path, opened: Opened) -> SqliteStore:
    return opened(MEMORY if request.param == "memory" else tmp_path / "test.db")


def test_it_changes_with_a_commit_that_invalidates_and_with_no_other(store: SqliteStore) -> None:
    before = store.generation()
    store.transact(lambda tx: tx.now)
    store.view(lambda tx: tx.now)
    assert store.generation() == before is not None
    store.transact(lambda tx: tx.invalidate())
    assert store.generation() not in {before, None}


def test_two_stores_of_one_file_see_the_same_number(tmp_path: Path, opened: Opened) -> None:
    store, other = opened(tmp_path / "test.db"), opened(tmp_path / "test.db")
    before, seen = other.generation(), []

    def write(tx: Tx) -> None:
        tx.invalidate()
        seen.append(other.generation())

    store.transact(write)
    assert seen == [before], "until the commit begins, what was kept is right"
    assert other.generation() == store.generation() != before


def test_a_commit_that_fails_leaves_a_number_that_is_trusted(store: SqliteStore) -> None:
    def fail(tx: Tx) -> None:
        tx.invalidate()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.transact(fail)
    assert store.generation() is not None


def test_nothing_is_trusted_while_a_commit_is_under_way_or_its_process_has_died(
    tmp_path: Path, opened: Opened
) -> None:
    path = tmp_path / "test.db"
    store = opened(path)
    before = store.generation()
    descriptor = os.open(f"{path}.lock", os.O_RDWR)
    Generation(descriptor).begin()  # and never ended
    os.close(descriptor)
    assert store.generation() is None
    store.transact(lambda tx: tx.now)
    assert store.generation() not in {None, before}, "whoever commits next has the write lock: it is over"
