"""The contract of `ca.ports.Certificates`, for every store."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from privyseal.ca.model import Certificate
from privyseal.ca.revocation.reasons import HOLD
from privyseal.clock import FixedClock
from privyseal.names import new_id
from privyseal.store import UniqueError
from privyseal.stores.repositories.certificates import SqlCertificates
from privyseal.value import changed
from tests.stores.conftest import Database
from tests.stores.rows import NOW, certificate

ROWS = SqlCertificates()
A, B = new_id(), new_id()


def add(store: Database, *rows: Certificate) -> None:
    store.transact(lambda tx: ROWS.insert_many(tx, rows))


def find(store: Database, row: Certificate) -> Certificate | None:
    key = (row.authority_id, row.serial)
    return store.view(lambda tx: ROWS.find_many(tx, [key])).get(key)


def page(store: Database, after: tuple[datetime, int] | None, limit: int) -> Sequence[Certificate]:
    return store.view(lambda tx: ROWS.page(tx, A, after, limit))


@pytest.mark.parametrize("serial", [1, 0xABC, 2**127, 2**128 - 1])
def test_a_row_comes_back_as_it_was_stored(store: Database, serial: int) -> None:
    row = certificate(A, serial=serial, token="t", crl_partition="p", service_principal="acm.amazonaws.com")
    add(store, row)
    assert find(store, row) == row


def test_many_are_found_at_once_and_missing_ones_are_left_out(store: Database) -> None:
    rows = [certificate(A if n % 2 else B) for n in range(300)]
    add(store, *rows)
    wanted = [(row.authority_id, row.serial) for row in rows[:256]]
    found = store.view(lambda tx: ROWS.find_many(tx, [*wanted, (A, 1)]))
    assert found == {(row.authority_id, row.serial): row for row in rows[:256]}
    assert store.view(lambda tx: ROWS.find_many(tx, [])) == {}


def test_the_same_serial_of_another_authority_is_another_certificate(store: Database) -> None:
    of_a, of_b = certificate(A, serial=5, subject="CN=a"), certificate(B, serial=5, subject="CN=b")
    add(store, of_a)
    assert store.view(lambda tx: ROWS.find_many(tx, [(B, 5)])) == {}
    add(store, of_b)
    assert (find(store, of_a), find(store, of_b)) == (of_a, of_b)


def test_a_serial_of_an_authority_is_taken_only_once(store: Database) -> None:
    row = certificate(A)
    add(store, row)
    with pytest.raises(UniqueError):
        add(store, certificate(A, serial=row.serial))


def test_one_taken_serial_or_token_leaves_nothing_of_its_batch(store: Database) -> None:
    add(store, certificate(A, serial=7, token="t"))
    for culprit in (certificate(A, serial=7), certificate(A, token="t")):
        neighbours = [certificate(A) for _ in range(3)]
        with pytest.raises(UniqueError):
            add(store, *neighbours, culprit)
        assert [find(store, row) for row in neighbours] == [None] * 3


def test_tokens_are_found_with_their_authority(store: Database) -> None:
    of_a, of_b = certificate(A, token="t"), certificate(B, token="t")
    other = certificate(B, token="u")
    add(store, of_a, of_b, other, certificate(A), certificate(A))
    asked = [(A, "t"), (B, "u"), (A, "u"), (A, "")]
    assert store.view(lambda tx: ROWS.by_tokens(tx, asked)) == {(A, "t"): of_a, (B, "u"): other}


def test_a_forgotten_token_is_free_and_changes_nothing_else(store: Database) -> None:
    holder, other = certificate(A, token="t"), certificate(B, token="t")
    add(store, holder, other)
    store.transact(lambda tx: ROWS.forget_tokens(tx, [(A, holder.serial), (B, holder.serial)]))
    assert find(store, holder) == changed(holder, token=None)
    assert find(store, other) == other
    add(store, certificate(A, token="t"))


def test_the_first_revocation_stays(store: Database) -> None:
    row = certificate(A)
    twin = certificate(B, serial=row.serial)
    add(store, row, twin)
    later = NOW + timedelta(seconds=5)
    assert store.transact(lambda tx: ROWS.revoke(tx, A, row.serial, at=NOW, reason="KEY_COMPROMISE"))
    assert not store.transact(lambda tx: ROWS.revoke(tx, A, row.serial, at=later, reason="SUPERSEDED"))
    assert find(store, row) == changed(row, revoked_at=NOW, revocation_reason="KEY_COMPROMISE")
    assert find(store, twin) == twin


def revoke(store: Database, row: Certificate, reason: str, invalidity_date: datetime | None = None) -> bool:
    return store.transact(
        lambda tx: ROWS.revoke(tx, A, row.serial, at=tx.now, reason=reason, invalidity_date=invalidity_date)
    )


def release(store: Database, row: Certificate) -> bool:
    return store.transact(lambda tx: ROWS.release(tx, A, row.serial))


def test_a_hold_becomes_final_since_its_own_time(store: Database, clock: FixedClock) -> None:
    """And keeps its invalidity date, unless another one is known by then."""
    one, two = certificate(A), certificate(A)
    add(store, one, two)
    date = NOW - timedelta(days=9)
    for row in (one, two):
        assert revoke(store, row, HOLD, date)
    clock.advance(timedelta(seconds=5))
    assert not revoke(store, one, "SUPERSEDED")
    assert store.transact(lambda tx: ROWS.revoke_held(tx, A, one.serial, reason="SUPERSEDED"))
    later = NOW - timedelta(days=3)
    assert store.transact(
        lambda tx: ROWS.revoke_held(tx, A, two.serial, reason="SUPERSEDED", invalidity_date=later)
    )
    for row, known in ((one, date), (two, later)):
        assert find(store, row) == changed(
            row, revoked_at=NOW, revocation_reason="SUPERSEDED", invalidity_date=known
        )


def test_only_a_hold_is_taken_back_or_made_final(store: Database) -> None:
    good, held, gone = (certificate(A, token=name) for name in ("good", "held", "gone"))
    twin = certificate(B, serial=held.serial)
    add(store, good, held, gone, twin)
    revoke(store, held, HOLD, NOW)
    revoke(store, gone, "SUPERSEDED")
    assert [release(store, row) for row in (good, held, gone)] == [False, True, False]
    assert find(store, good) == good
    assert find(store, held) == changed(held, token=None)
    assert find(store, twin) == twin
    for row in (good, held, gone):
        assert not store.transact(lambda tx, s=row.serial: ROWS.revoke_held(tx, A, s, reason="UNSPECIFIED"))  # type: ignore[misc]


def test_certificates_are_found_by_their_key_whoever_has_issued_them(store: Database) -> None:
    keys = [bytes([n]) * 32 for n in range(3)]
    rows = [
        certificate(owner, key_digest=keys[n % 3], issued_at=NOW + timedelta(seconds=n))
        for n, owner in enumerate([A, B, A, B, A, B])
    ]
    add(store, *rows)
    assert store.view(lambda tx: ROWS.by_keys(tx, keys[:1])) == [rows[0], rows[3]]
    assert store.view(lambda tx: ROWS.by_keys(tx, keys[1:])) == [rows[1], rows[2], rows[4], rows[5]]
    assert store.view(lambda tx: ROWS.by_keys(tx, [bytes(32)[:31]])) == []


def test_what_is_not_there_cannot_be_revoked(store: Database) -> None:
    assert not store.transact(lambda tx: ROWS.revoke(tx, A, 1, at=NOW, reason="UNSPECIFIED"))


def test_pages_run_in_order_of_issue_and_miss_nobody(store: Database) -> None:
    """A batch has one time for all of its certificates, and a page ends among them."""
    rows = [certificate(A, issued_at=NOW + timedelta(microseconds=n // 7)) for n in range(40)]
    add(store, *rows, certificate(B))
    expected = sorted(rows, key=lambda row: (row.issued_at, row.serial))
    for limit in (1, 6, 40, 50):
        seen: list[Certificate] = []
        after = None
        while shown := page(store, after, limit):
            assert len(shown) <= limit
            seen += shown
            after = (shown[-1].issued_at, shown[-1].serial)
        assert seen == expected


def test_the_service_that_asked_is_kept(store: Database) -> None:
    rows = [certificate(A, service_principal="acm.amazonaws.com"), certificate(A)]
    add(store, *rows)
    assert [find(store, row) for row in rows] == rows


def test_certificates_are_counted_for_each_authority(store: Database) -> None:
    add(store, *(certificate(A) for _ in range(7)), certificate(B))
    assert [store.view(lambda tx, a=each: ROWS.count(tx, a)) for each in (A, B, "c")] == [7, 1, 0]  # type: ignore[misc]
