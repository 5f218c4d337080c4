"""The contract of `managed.tally.ManagedTallies`, for every store: what is counted is what there is."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.clock import FixedClock
from privyseal.managed.model import ManagedCertificate, Material, Renewal
from privyseal.managed.states import Kind, RenewalStatus, Status
from privyseal.managed.tally import ManagedEnd, ManagedEnds, Tally
from privyseal.store import Store, Tx
from privyseal.stores.migrate import migrations
from privyseal.stores.repositories.managed_tallies import SqlManagedTallies
from privyseal.stores.sql import queries
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.stores.conftest import STORES
from tests.stores.rows import NOW
from tests.stores.tables import rows_of
from tests.stores.test_managed import ROWS, certificate, insert, leaf

TALLIES = SqlManagedTallies()
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DER = leaf()


def issued(number: int, not_after: datetime = NOW + DAY, **changes: Any) -> ManagedCertificate:
    material = Material(DER, None, b"key", number + 1, NOW, not_after)
    return certificate(number, **{"status": Status.ISSUED, "material": material, **changes})


def tallies(store: Store) -> list[Tally]:
    return list(store.view(TALLIES.all))


def change(store: Store, before: ManagedCertificate, **changes: Any) -> ManagedCertificate:
    after = replace(before, version=before.version + 1, **changes)
    assert store.transact(lambda tx: ROWS.update(tx, after))
    return after


def test_they_are_counted_by_what_they_are_and_the_day_of_their_end(store: Store) -> None:
    assert tallies(store) == []
    last, first = MIDNIGHT + DAY - timedelta(microseconds=1), MIDNIGHT
    insert(store, issued(1, last), issued(2, first), issued(3, first + DAY), certificate(4))
    imported = issued(5, first, kind=Kind.IMPORTED, status=Status.EXPIRED)
    insert(store, imported)
    assert tallies(store) == [
        Tally(Kind.IMPORTED, Status.EXPIRED, "", None, 1),
        Tally(Kind.PRIVATE, Status.ISSUED, "", first.date(), 2),
        Tally(Kind.PRIVATE, Status.ISSUED, "", (first + DAY).date(), 1),
        Tally(Kind.PRIVATE, Status.PENDING_VALIDATION, "", None, 1),
    ]


def test_who_changes_is_counted_anew_and_who_goes_no_more(store: Store) -> None:
    """Days on which nothing ends are not kept."""
    insert(store, issued(1), issued(2))
    failing = Renewal(RenewalStatus.PENDING_AUTO_RENEWAL, "PCA_ACCESS_DENIED", NOW)
    changed = change(store, issued(1), renewal=failing)
    assert {(each.renewal_status, each.certificates) for each in tallies(store)} == {
        ("", 1),
        ("PENDING_AUTO_RENEWAL", 1),
    }
    expired = change(store, changed, status=Status.EXPIRED, renewal=None)
    store.transact(lambda tx: ROWS.remove(tx, issued(2)))
    assert tallies(store) == [Tally(Kind.PRIVATE, Status.EXPIRED, "", None, 1)]
    store.transact(lambda tx: ROWS.remove(tx, expired))
    assert rows_of(store, "managed_tally") == []


def test_an_update_that_is_too_late_is_not_counted(store: Store) -> None:
    insert(store, issued(1))
    late = replace(issued(1), status=Status.EXPIRED, version=7)
    assert not store.transact(lambda tx: ROWS.update(tx, late))
    assert not store.transact(lambda tx: ROWS.remove(tx, late))
    assert tallies(store) == [Tally(Kind.PRIVATE, Status.ISSUED, "", (NOW + DAY).date(), 1)]


def day_of(each: ManagedCertificate) -> date | None:
    return each.not_after.date() if each.status is Status.ISSUED and each.not_after else None


steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([*Status, None]), st.integers(-2, 2)), max_size=30
)


@given(steps)
def test_after_any_changes_the_counts_are_those_of_a_recount(
    many: list[tuple[int, Status | None, int]],
) -> None:
    """A step writes one of four certificates, or removes it (None)."""
    store = SqliteStore(MEMORY, FixedClock(NOW))
    store.migrate()
    there: dict[int, ManagedCertificate] = {}

    def act(tx: Tx, number: int, status: Status | None, days: int) -> None:
        before = there.get(number)
        if status is None:
            if before:
                assert ROWS.remove(tx, there.pop(number))
            return
        after = issued(number, NOW + days * DAY, status=status)
        if before:
            after = replace(after, version=before.version + 1)
            assert ROWS.update(tx, after)
        else:
            ROWS.insert(tx, after)
        there[number] = after

    for step in many:
        store.transact(lambda tx, one=step: act(tx, *one))  # type: ignore[misc]
    counted = Counter((each.kind, each.status, day_of(each)) for each in there.values())
    assert {(t.kind, t.status, t.day): t.certificates for t in store.view(TALLIES.all)} == counted
    store.close()


def test_those_that_end_first_come_first_a_page_at_a_time(store: Store) -> None:
    many = [issued(n, NOW + timedelta(days=n // 2)) for n in range(1, 6)]
    insert(store, *reversed(many), issued(9, NOW, status=Status.EXPIRED), certificate(8))
    ends = [ManagedEnd(e.arn, e.domain, e.material.serial, e.material.not_after) for e in many if e.material]
    assert store.view(lambda tx: TALLIES.ending(tx, None, 3)) == ends[:3]
    assert store.view(lambda tx: TALLIES.ending(tx, ends[2], 9)) == ends[3:]
    assert list(ManagedEnds(store, TALLIES, page=2).pages()) == [ends[:2], ends[2:4], ends[4:]]


@pytest.mark.parametrize("query", ["first_ending", "next_ending"])
def test_looking_for_the_first_to_end_sorts_nothing(tmp_path: Path, query: str) -> None:
    store = SqliteStore(tmp_path / "privyseal.db", FixedClock(NOW))
    store.migrate()
    store.close()
    with closing(sqlite3.connect(tmp_path / "privyseal.db")) as connection:
        values = {"limit": 1, "not_after": 1, "id": ""}
        plan = connection.execute(f"EXPLAIN QUERY PLAN {queries('managed_tally')[query]}", values).fetchall()
    assert ["USING INDEX managed_certificate_expiry" in step[3] for step in plan] == [True]


def test_certificates_of_an_earlier_release_are_counted(tmp_path: Path) -> None:
    """The migration counts what there is."""
    (number,) = (each.number for each in migrations("sqlite") if "managed_tally" in "".join(each.statements))
    made = STORES["sqlite in a file"](tmp_path, FixedClock(NOW))
    made.migrate()
    insert(made, issued(1), issued(2), certificate(3))
    counted = rows_of(made, "managed_tally")
    made.close()
    statements = next(each.statements for each in migrations("sqlite") if each.number == number)
    with closing(sqlite3.connect(tmp_path / "privyseal.db")) as connection:
        connection.execute("DELETE FROM managed_tally")
        (recount,) = (each for each in statements if each.startswith("INSERT INTO managed_tally"))
        connection.execute(recount)
        connection.commit()
    again = STORES["sqlite in a file"](tmp_path, FixedClock(NOW))
    assert rows_of(again, "managed_tally") == counted
    again.close()
