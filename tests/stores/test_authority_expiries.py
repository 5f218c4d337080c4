"""The contract of `ca.ports.AuthorityExpiries`, for every store."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from privyseal.ca.model import AuthorityExpiry
from privyseal.clock import FixedClock
from privyseal.stores.repositories.authority_expiries import SqlAuthorityExpiries
from privyseal.stores.sql import queries
from privyseal.stores.sqlite import SqliteStore
from tests.stores.conftest import Database
from tests.stores.rows import NOW

ROWS = SqlAuthorityExpiries()
DAY = timedelta(days=1)


def row(authority: str, due_at: datetime | None, stage: int | None = None) -> AuthorityExpiry:
    return AuthorityExpiry(authority, NOW + 100 * DAY, due_at, stage)


def put(store: Database, *rows: AuthorityExpiry) -> None:
    for each in rows:
        store.transact(lambda tx, one=each: ROWS.put(tx, one))  # type: ignore[misc]


def due(store: Database, limit: int = 10) -> list[AuthorityExpiry]:
    return list(store.view(lambda tx: ROWS.due(tx, limit)))


def test_what_is_due_is_found_the_oldest_first(store: Database) -> None:
    old, now = row("b", NOW - DAY, 60), row("a", NOW)
    put(store, now, old, row("c", NOW + DAY), row("d", None, 0))
    assert due(store) == [old, now]
    assert due(store, 1) == [old]


def test_writing_it_again_overwrites_it(store: Database) -> None:
    first = row("a", NOW)
    put(store, first)
    put(store, replace(first, due_at=None, stage=0))
    assert due(store) == []
    later = replace(first, not_after=NOW + 400 * DAY, stage=90)
    put(store, later)
    assert due(store) == [later]


def test_looking_for_what_is_due_uses_the_index(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "privyseal.db", FixedClock(NOW))
    store.migrate()
    store.close()
    with closing(sqlite3.connect(tmp_path / "privyseal.db")) as connection:
        query = queries("authority_expiry")["due"]
        (step,) = connection.execute(f"EXPLAIN QUERY PLAN {query}", {"now": 1, "limit": 1}).fetchall()
    assert "USING INDEX authority_expiry_due" in step[3]
