"""The contract of `ca.ports.AuditReports`, for every store."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from privyseal.ca.model import AuditReport, ReportStatus
from privyseal.clock import FixedClock
from privyseal.names import new_id
from privyseal.store import UniqueError
from privyseal.stores.repositories.audit_reports import SqlAuditReports
from tests.stores.conftest import Database
from tests.stores.rows import CALLER, NOW

ROWS = SqlAuditReports()
MINUTE = timedelta(minutes=1)


def report(**changes: Any) -> AuditReport:
    made = AuditReport(
        id=new_id(),
        authority_id="a",
        bucket="reports",
        key="audit-report/a/1.json",
        format="JSON",
        status=ReportStatus.CREATING,
        caller=CALLER,
        created_at=NOW,
        leased_until=NOW,
        attempts=0,
    )
    return replace(made, **changes)


def add(store: Database, *rows: AuditReport) -> None:
    for row in rows:
        store.transact(lambda tx, each=row: ROWS.insert(tx, each))  # type: ignore[misc]


def find(store: Database, row: AuditReport) -> AuditReport | None:
    return store.view(lambda tx: ROWS.find(tx, row.authority_id, row.id))


def lease(store: Database, row: AuditReport) -> AuditReport | None:
    return store.transact(lambda tx: ROWS.lease(tx, row, tx.now + MINUTE))


def leased(store: Database, row: AuditReport) -> AuditReport:
    found = lease(store, row)
    assert found
    return found


def test_a_row_comes_back_as_it_was_stored(store: Database) -> None:
    rows = [report(), report(format="CSV", status=ReportStatus.FAILED, attempts=3, leased_until=NOW + MINUTE)]
    add(store, *rows)
    for row in rows:
        assert find(store, row) == row
        assert find(store, replace(row, authority_id="b")) is None
    assert find(store, report()) is None


def test_an_id_is_taken_only_once(store: Database) -> None:
    row = report()
    add(store, row)
    with pytest.raises(UniqueError):
        add(store, replace(row, authority_id="b"))


def test_the_newest_is_the_last_that_has_not_failed(store: Database) -> None:
    assert store.view(lambda tx: ROWS.newest(tx, "a")) is None
    rows = [
        report(created_at=NOW - 3 * MINUTE, status=ReportStatus.SUCCESS),
        report(created_at=NOW - 2 * MINUTE),
        report(created_at=NOW - 4 * MINUTE),
        report(created_at=NOW - MINUTE, status=ReportStatus.FAILED),
        report(authority_id="b"),
    ]
    add(store, *rows)
    assert store.view(lambda tx: ROWS.newest(tx, "a")) == rows[1]


def test_due_is_what_nobody_holds_the_oldest_first(store: Database, clock: FixedClock) -> None:
    held = report(created_at=NOW - 9 * MINUTE, leased_until=NOW + MINUTE)
    older, newer = report(created_at=NOW - MINUTE), report()
    done = report(created_at=NOW - 8 * MINUTE, status=ReportStatus.SUCCESS)
    failed = report(created_at=NOW - 7 * MINUTE, status=ReportStatus.FAILED)
    add(store, newer, older, held, done, failed)
    assert store.view(ROWS.next_due) == older
    leased(store, older)
    assert store.view(ROWS.next_due) == newer
    clock.advance(MINUTE)
    assert store.view(ROWS.next_due) == held


def test_a_lease_is_taken_once_and_again_when_it_is_over(store: Database, clock: FixedClock) -> None:
    row = report()
    add(store, row)
    first = leased(store, row)
    assert first == replace(row, leased_until=NOW + MINUTE, attempts=1)
    assert find(store, row) == first
    assert lease(store, row) is None
    assert lease(store, first) is None
    clock.advance(MINUTE)
    second = leased(store, first)
    assert second == replace(row, leased_until=NOW + 2 * MINUTE, attempts=2)
    assert find(store, row) == second


def test_who_is_not_the_last_writer_changes_nothing(store: Database, clock: FixedClock) -> None:
    row = report()
    add(store, row)
    first = leased(store, row)
    clock.advance(MINUTE)
    second = leased(store, first)
    assert not store.transact(lambda tx: ROWS.extend(tx, first, NOW + 9 * MINUTE))
    assert not store.transact(lambda tx: ROWS.finish(tx, first, ReportStatus.FAILED))
    store.transact(lambda tx: ROWS.give_back(tx, first))
    assert find(store, row) == second


def test_a_lease_can_be_made_longer(store: Database, clock: FixedClock) -> None:
    row = report()
    add(store, row)
    held = leased(store, row)
    assert store.transact(lambda tx: ROWS.extend(tx, held, NOW + 5 * MINUTE))
    clock.advance(4 * MINUTE)
    assert store.view(ROWS.next_due) is None
    assert lease(store, held) is None


def test_what_is_given_back_was_never_begun(store: Database) -> None:
    row = report()
    add(store, row)
    held = leased(store, row)
    store.transact(lambda tx: ROWS.give_back(tx, held))
    assert store.view(ROWS.next_due) == row


@pytest.mark.parametrize("status", [ReportStatus.SUCCESS, ReportStatus.FAILED])
def test_the_end_is_final(store: Database, clock: FixedClock, status: ReportStatus) -> None:
    row = report()
    add(store, row)
    held = leased(store, row)
    assert store.transact(lambda tx: ROWS.finish(tx, held, status))
    clock.advance(9 * MINUTE)
    assert store.view(ROWS.next_due) is None
    assert lease(store, held) is None
    assert not store.transact(lambda tx: ROWS.finish(tx, held, ReportStatus.FAILED))
    assert find(store, row) == replace(held, status=status)
