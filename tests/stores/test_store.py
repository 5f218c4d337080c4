"""The contract of the transaction port, `privyseal.store.Store`, for every store."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from privyseal.ca.model import Tag
from privyseal.clock import FixedClock
from privyseal.events.journal import entry
from privyseal.store import Tx, UniqueError
from privyseal.stores.repositories.tags import SqlTags
from privyseal.stores.sql import sql
from tests.stores import journals
from tests.stores.conftest import Database
from tests.stores.rows import CALLER

TAGS = SqlTags()


def put(store: Database, key: str) -> None:
    """One row and one journal entry in one commit."""

    def write(tx: Tx) -> None:
        TAGS.put(tx, "r", [Tag(key, None)])
        tx.record(entry("test:Put", CALLER, key))

    store.transact(write)


def insert(tx: Tx, key: str) -> None:
    """A row whose key may be taken."""
    sql(tx).change("INSERT INTO tag (resource, key) VALUES (:resource, :key)", resource="r", key=key)


def keys(store: Database) -> list[str]:
    return [tag.key for tag in store.view(lambda tx: TAGS.of(tx, "r"))]


def test_what_was_committed_is_there_and_its_result_comes_back(store: Database) -> None:
    def write(tx: Tx) -> int:
        insert(tx, "a")
        return 42

    assert store.transact(write) == 42
    assert keys(store) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, UniqueError])
def test_any_exception_rolls_everything_back(store: Database, error: type[BaseException]) -> None:
    def write(tx: Tx) -> None:
        insert(tx, "a")
        tx.record(entry("test:Put", CALLER, "a"))
        raise error

    with pytest.raises(error):
        store.transact(write)
    assert keys(store) == []
    assert journals.rows(store) == []
    put(store, "b")  # the store goes on, and so does its chain
    assert keys(store) == ["b"]
    assert journals.problems(store) == []


def test_a_taken_row_is_a_unique_error_and_nothing_of_its_transaction_stays(store: Database) -> None:
    put(store, "a")

    def write(tx: Tx) -> None:
        insert(tx, "b")
        tx.record(entry("test:Put", CALLER, "b"))
        insert(tx, "a")

    with pytest.raises(UniqueError):
        store.transact(write)
    assert keys(store) == ["a"]
    assert [each["resource"] for each in journals.entries(store)] == ["a"]


def test_a_broken_constraint_of_another_kind_is_no_unique_error(store: Database) -> None:
    """A missing value is a defect, and must not pass for somebody having been first."""
    with pytest.raises(Exception, match="NOT NULL") as failure:
        store.transact(lambda tx: sql(tx).change("INSERT INTO tag (resource, key) VALUES (NULL, 'k')"))
    assert not isinstance(failure.value, UniqueError)
    assert keys(store) == []


def test_time_stands_still_in_a_transaction(store: Database, clock: FixedClock) -> None:
    def look(tx: Tx) -> bool:
        before = tx.now
        clock.advance(timedelta(hours=1))
        return tx.now == before

    assert store.transact(look)
    assert store.view(look)
    assert store.view(lambda tx: tx.now) == clock.now()


def test_a_view_sees_one_moment(store: Database) -> None:
    """Whatever others commit meanwhile (or wait to), two looks in one view agree."""
    put(store, "a")
    writer = threading.Thread(target=put, args=(store, "b"))

    def read(tx: Tx) -> tuple[list[Tag], list[Tag]]:
        before = list(TAGS.of(tx, "r"))
        writer.start()
        writer.join(0.3)
        return before, list(TAGS.of(tx, "r"))

    before, after = store.view(read)
    writer.join()
    assert before == after == [Tag("a", None)]
    assert keys(store) == ["a", "b"]


def test_a_view_that_writes_leaves_nothing_behind(store: Database) -> None:
    def write(tx: Tx) -> None:
        insert(tx, "a")
        tx.record(entry("test:Put", CALLER, "a"))

    store.view(write)
    assert keys(store) == []
    assert journals.rows(store) == []


def test_a_view_that_fails_does_not_spoil_the_next(store: Database) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            store.view(lambda _: 1 // 0)
    put(store, "a")
    assert keys(store) == ["a"]


def test_a_commit_has_one_journal_row_for_all_its_entries(store: Database) -> None:
    def write(tx: Tx) -> None:
        for name in ("x", "y", "z"):
            tx.record(entry("test:Do", CALLER, name))

    store.transact(write)
    store.transact(lambda _: None)  # nothing to record: no row
    put(store, "a")
    assert [row.seq for row in journals.rows(store)] == [0, 1]
    assert [each["resource"] for each in journals.entries(store)] == ["x", "y", "z", "a"]
    assert journals.problems(store) == []


def test_an_entry_that_is_no_json_rolls_its_transaction_back(store: Database) -> None:
    def write(tx: Tx) -> None:
        insert(tx, "a")
        tx.record({"detail": object()})

    with pytest.raises(TypeError):
        store.transact(write)
    assert keys(store) == []


@pytest.fixture(name="impatient")
def impatient_fixture() -> Iterator[None]:
    """Threads take turns after a microsecond, which is where races are found."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient")
def test_threads_that_write_at_once_lose_nothing_and_share_one_chain(store: Database) -> None:
    names = [f"{n:03}" for n in range(500)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: put(store, name), names))
    assert keys(store) == names
    assert sorted(each["resource"] for each in journals.entries(store)) == names
    assert len({row.writer for row in journals.rows(store)}) == 1
    assert journals.problems(store) == []


def test_threads_that_read_while_others_write_see_whole_transactions(store: Database) -> None:
    """Every transaction writes two rows; no view ever sees an odd number."""
    stop = threading.Event()

    def write_pairs() -> None:
        try:
            for n in range(60):
                store.transact(
                    lambda tx, n=n: TAGS.put(tx, "r", [Tag(f"{n}-1", None), Tag(f"{n}-2", None)])  # type: ignore[misc]
                )
        finally:
            stop.set()

    def read() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(len(keys(store)))
        return seen

    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        threads.submit(write_pairs).result()
        seen = set().union(*(reader.result() for reader in readers))
    assert all(count % 2 == 0 for count in seen)
    assert len(keys(store)) == 120


def test_a_second_opener_sees_what_was_committed(another: Callable[[], Database]) -> None:
    first, second = another(), another()
    put(first, "a")
    assert keys(second) == ["a"]
    put(second, "b")
    assert keys(first) == ["a", "b"]
    assert len({row.writer for row in journals.rows(first)}) == 2
    assert journals.problems(first) == []


def test_what_was_committed_is_there_after_a_close(another: Callable[[], Database]) -> None:
    first = another()
    put(first, "a")
    first.close()
    assert keys(another()) == ["a"]


def test_two_openers_never_both_win_a_key(another: Callable[[], Database]) -> None:
    stores = [another() for _ in range(4)]

    def race(store: Database) -> int:
        won = 0
        for n in range(25):
            try:
                store.transact(lambda tx, n=n: insert(tx, f"{n:02}"))  # type: ignore[misc]
                won += 1
            except UniqueError:
                pass
        return won

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(race, stores)) == 25
    assert keys(stores[0]) == [f"{n:02}" for n in range(25)]
