"""The contract of `events.feed.Journal`, for every store."""

import json
from collections.abc import Callable

from privyseal.store import Entry, Store
from privyseal.stores.repositories.events import SqlEvents
from privyseal.stores.repositories.journal import SqlJournal
from tests.stores.conftest import Database

ROWS = SqlJournal()


def writers_of(store: Store) -> list[str]:
    """All of them: nothing has been told."""
    return list(store.view(SqlEvents().moved))


def record(store: Database, *entries: Entry) -> None:
    def write(tx: object) -> None:
        for each in entries:
            tx.record(each)  # type: ignore[attr-defined]

    store.transact(write)


def test_an_empty_journal_has_no_writer(store: Database) -> None:
    assert writers_of(store) == []
    assert store.view(lambda tx: ROWS.after(tx, "nobody", -1, 10)) == []


def test_rows_of_a_writer_come_in_order_and_once(store: Database) -> None:
    for n in range(12):
        record(store, {"n": n}, {"n": -n})
    (writer,) = writers_of(store)
    seen = []
    after = -1
    while rows := store.view(lambda tx, at=after: ROWS.after(tx, writer, at, 5)):  # type: ignore[misc]
        seen += [(row.seq, json.loads(row.entries)) for row in rows]
        after = rows[-1].seq
    assert seen == [(n, [{"n": n}, {"n": -n}]) for n in range(12)]


def test_a_row_comes_back_as_it_was_hashed(store: Database) -> None:
    record(store, {"n": 1})
    record(store, {"n": 2})
    (writer,) = writers_of(store)
    first, second = store.view(lambda tx: ROWS.after(tx, writer, -1, 10))
    assert second.previous == first.digest()


def test_every_process_is_a_writer_of_its_own(another: Callable[[], Database]) -> None:
    one, two = another(), another()
    record(one, {"n": 1})
    record(two, {"n": 2})
    record(one, {"n": 3})
    writers = writers_of(one)
    assert writers == writers_of(two) == sorted(set(writers))
    found = [one.view(lambda tx, w=each: ROWS.after(tx, w, -1, 9)) for each in writers]  # type: ignore[misc]
    assert sorted([json.loads(row.entries)[0]["n"] for row in rows] for rows in found) == [[1, 3], [2]]
