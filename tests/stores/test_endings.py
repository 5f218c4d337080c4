"""The contract of `ca.ending.Endings`, for every store."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from privyseal.ca.ending import AuthorityEnd
from privyseal.ca.model import StoredKey
from privyseal.ca.revocation.ocsp_model import OcspCredential
from privyseal.ca.states import Status
from privyseal.clock import FixedClock
from privyseal.stores.repositories.authorities import SqlAuthorities
from privyseal.stores.repositories.endings import SqlEndings
from privyseal.stores.repositories.ocsp_responders import SqlOcspResponders
from privyseal.stores.sql import queries
from privyseal.stores.sqlite import SqliteStore
from privyseal.x509.ocsp_request import SHA1, SHA256
from tests.stores.conftest import Database
from tests.stores.rows import NOW, authority, certified

ENDINGS = SqlEndings()
DAY = timedelta(days=1)


def test_authorities_that_are_switched_on_are_found_in_the_order_of_their_ends(store: Database) -> None:
    """Expired ones too: they are so by the clock, not by their row."""
    late = certified(status=Status.ACTIVE, not_after=NOW + DAY, serial=5, token=None)
    over = certified(
        status=Status.ACTIVE, not_after=NOW - DAY, serial=6, subject={"Country": "CH"}, token=None
    )
    others = [certified(token=None), certified(status=Status.DELETED, token=None), authority()]
    rows = [late, over, *others]
    for each in rows:
        store.transact(lambda tx, one=each: SqlAuthorities().insert(tx, one))  # type: ignore[misc]
    first, second = (
        AuthorityEnd(over.arn, "", 6, NOW - DAY),
        AuthorityEnd(late.arn, "Zürich Root", 5, NOW + DAY),
    )
    assert store.view(ENDINGS.authorities) == [first, second]
    assert store.view(lambda tx: ENDINGS.authorities(tx, 1)) == [first]


def test_responders_that_have_a_certificate_are_found(store: Database) -> None:
    responders = SqlOcspResponders()
    for name in ("a", "b", "c"):
        digests = {SHA1: name.encode() * 20, SHA256: name.encode() * 32}
        store.transact(lambda tx, n=name, d=digests: responders.want(tx, n, d))  # type: ignore[misc]
    for days in (3, 2):
        due = store.view(responders.next_due)
        assert due
        leased = store.transact(lambda tx, one=due: responders.lease(tx, one, tx.now + DAY))  # type: ignore[misc]
        assert leased
        made = OcspCredential(
            "ocsp", StoredKey("software:1", b"w"), b"der", b"\1" * 32, NOW, NOW + days * DAY
        )
        store.transact(lambda tx, r=leased, c=made: responders.replace(tx, r, c, NOW + DAY))  # type: ignore[misc]
    assert store.view(ENDINGS.responders) == [NOW + 2 * DAY, NOW + 3 * DAY]
    assert store.view(lambda tx: ENDINGS.responders(tx, 1)) == [NOW + 2 * DAY]


@pytest.mark.parametrize(
    ("query", "index"), [("authorities", "authority_not_after"), ("responders", "ocsp_responder_not_after")]
)
def test_each_is_one_walk_along_an_index(tmp_path: Path, query: str, index: str) -> None:
    store = SqliteStore(tmp_path / "privyseal.db", FixedClock(NOW))
    store.migrate()
    store.close()
    with closing(sqlite3.connect(tmp_path / "privyseal.db")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {queries('ending')[query]}", {"limit": 1}).fetchall()
    assert [index in step[3] for step in plan] == [True]
