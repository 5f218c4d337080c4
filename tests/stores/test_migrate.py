"""Migrations: each once, in order, and no database of another history."""

import hashlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Tx
from privyseal.stores import STORES
from privyseal.stores.functions import FUNCTIONS
from privyseal.stores.migrate import Migration, _statements, migrations, pending
from privyseal.stores.sql import Row, sql
from tests.stores.conftest import SHARED, Database

KNOWN = [Migration(n, (f"CREATE TABLE t{n} (a)",), hashlib.sha256(bytes([n])).hexdigest()) for n in (1, 2, 3)]
APPLIED = [(each.number, each.sha256) for each in KNOWN]


def ledger(store: Database) -> list[Row]:
    return store.view(lambda tx: sql(tx).rows("SELECT * FROM migration ORDER BY number"))


def _before(number: int) -> sqlite3.Connection:
    """An empty database as it was before that migration."""
    database = sqlite3.connect(":memory:")
    for name, function in FUNCTIONS.items():
        database.create_function(name, -1, function, deterministic=True)
    _migrate(database, range(number))
    return database


def _migrate(database: sqlite3.Connection, numbers: range) -> None:
    for statement in (
        each for known in migrations("sqlite") if known.number in numbers for each in known.statements
    ):
        database.execute(statement)


def test_an_empty_database_gets_all_of_them() -> None:
    assert pending(KNOWN, []) == KNOWN


def test_a_database_gets_what_it_has_not_got() -> None:
    assert pending(KNOWN, APPLIED[:1]) == KNOWN[1:]
    assert pending(KNOWN, APPLIED) == []


def test_a_database_of_a_newer_release_is_refused() -> None:
    with pytest.raises(PrivySealError, match="migration 3") as refusal:
        pending(KNOWN[:2], APPLIED)
    assert refusal.value.code is ErrorCode.UNAVAILABLE


def test_an_edited_migration_is_refused() -> None:
    edited = [APPLIED[0], (2, "0" * 64)]
    with pytest.raises(PrivySealError, match="Migration 2") as refusal:
        pending(KNOWN, edited)
    assert refusal.value.code is ErrorCode.UNAVAILABLE


@pytest.mark.parametrize("dialect", STORES)
def test_every_store_has_its_migrations_numbered_without_a_gap(dialect: str) -> None:
    known = migrations(dialect)
    assert known[0].number == 1
    assert all(later.number == earlier.number + 1 for earlier, later in pairwise(known))
    assert all(each.statements for each in known)


def test_devices_of_an_earlier_release_keep_their_places() -> None:
    """Who has had a certificate is active, everybody else registered."""
    database = _before(9)
    database.executemany("INSERT INTO device VALUES ('1', ?, x'00', 0, ?, 0)", [("a", None), ("b", "arn")])
    _migrate(database, range(9, 10))
    rows = database.execute("SELECT id, state, batch FROM device ORDER BY id").fetchall()
    assert rows == [("a", "registered", None), ("b", "active", None)]
    database.close()


def test_of_authorities_of_an_earlier_release_it_is_looked_at_when_they_end() -> None:
    """Those that have a certificate, at once."""
    database = _before(11)
    columns = database.execute("SELECT name, \"notnull\" FROM pragma_table_info('authority')").fetchall()
    names = [name for name, needed in columns if needed and name != "id"]
    for authority, not_after in (("a", 5), ("b", None)):
        database.execute(
            f"INSERT INTO authority (id, not_after, {', '.join(names)}) VALUES (?, ?{', 0' * len(names)})",
            (authority, not_after),
        )
    _migrate(database, range(11, 12))
    assert database.execute("SELECT * FROM authority_expiry").fetchall() == [("a", 5, 0, None)]
    database.close()


def test_deliveries_of_an_earlier_release_stay_where_they_were() -> None:
    """Due, waiting behind that, and dead; each to its target."""
    database = _before(22)
    rows = [
        (1, "t", "s", "DEAD", 1, None, 3, 2, "away"),
        (2, "t", "s", "WAITING", 1, 5, 1, 2, "away"),
        (3, "t", "s", "WAITING", 1, None, 0, None, None),
    ]
    database.executemany("INSERT INTO event_delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    _migrate(database, range(22, 23))
    columns = "number, target, subject, state, created_at, due_at, attempts, attempted_at, error"
    assert database.execute(f"SELECT {columns} FROM event_delivery ORDER BY number").fetchall() == rows
    assert database.execute("SELECT DISTINCT recipient FROM event_delivery").fetchall() == [("",)]
    database.close()


def test_imports_of_an_earlier_release_are_counted() -> None:
    """By account, region and day; what was requested is not."""
    database = _before(22)
    columns = "SELECT name FROM pragma_table_info('managed_certificate') WHERE \"notnull\""
    mine = ("id", "account", "region", "kind", "created_at")
    others = [name for (name,) in database.execute(columns) if name not in mine]
    values = "?, ?, ?, ?, ?" + ", 0" * len(others)
    text = f"INSERT INTO managed_certificate ({', '.join([*mine, *others])}) VALUES ({values})"
    day = 86_400_000_000
    for number, (account, kind, at) in enumerate(
        [("a", "IMPORTED", 0), ("a", "IMPORTED", day - 1), ("a", "IMPORTED", day), ("b", "PRIVATE", 0)]
    ):
        database.execute(text, (str(number), account, "r", kind, at))
    _migrate(database, range(22, 23))
    assert database.execute("SELECT * FROM managed_imported").fetchall() == [("a", "r", 3)]
    assert database.execute("SELECT * FROM managed_import ORDER BY day").fetchall() == [
        ("a", "r", 0, 2),
        ("a", "r", day, 1),
    ]
    database.close()


def test_a_semicolon_in_a_comment_ends_no_statement() -> None:
    text = "-- one; two\nCREATE TABLE a (b); -- three; four\n\nCREATE TABLE c (d)\n;\n"
    assert _statements(text) == ["CREATE TABLE a (b)", "CREATE TABLE c (d)"]


def test_migrating_again_changes_nothing(another: Callable[[], Database]) -> None:
    store = another()
    before = ledger(store)
    assert len(before) == len(migrations("sqlite"))
    store.migrate()
    another().migrate()
    assert [tuple(row) for row in ledger(store)] == [tuple(row) for row in before]


def test_many_that_start_at_once_migrate_once(tmp_path: Path, clock: FixedClock) -> None:
    stores = [open_store(tmp_path, clock) for open_store in SHARED.values() for _ in range(8)]
    with ThreadPoolExecutor(len(stores)) as threads:
        list(threads.map(lambda store: store.migrate(), stores))
    for store in stores:
        assert len(ledger(store)) == len(migrations("sqlite"))
        store.close()


def test_a_database_with_a_foreign_migration_is_not_opened(another: Callable[[], Database]) -> None:
    def write(tx: Tx) -> None:
        sql(tx).change("INSERT INTO migration VALUES (9999, 'x', 0)")

    another().transact(write)
    store = another()
    with pytest.raises(PrivySealError) as refusal:
        store.migrate()
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert "newer release" in refusal.value.message


def test_a_database_with_an_edited_history_is_not_opened(another: Callable[[], Database]) -> None:
    def write(tx: Tx) -> None:
        sql(tx).change("UPDATE migration SET sha256 = :other WHERE number = 1", other="0" * 64)

    another().transact(write)
    store = another()
    with pytest.raises(PrivySealError) as refusal:
        store.migrate()
    assert refusal.value.code is ErrorCode.UNAVAILABLE
