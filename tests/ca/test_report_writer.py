"""Audit reports, written: all certificates, page by page, once, whatever ends a process."""

import json
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from privyseal.ca.model import AuditReport, ReportStatus
from privyseal.ca.report_writer import LEASE, MAX_ATTEMPTS, PAGE, ReportWriter
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn
from tests.ca.world import CALLER, World
from tests.publishers.memory import MemoryPublisher
from tests.stores import journals
from tests.stores.rows import certificate


class Watched(MemoryPublisher):
    """Calls `look` after each chunk that it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], object] = lambda: None
        self.chunks = 0

    def put(
        self,
        bucket: str,
        key: str,
        content: Iterable[bytes],
        content_type: str,
        *,
        acl: str | None = None,
    ) -> None:
        def taken() -> Iterable[bytes]:
            for chunk in content:
                self.chunks += 1
                yield chunk
                self.look()

        super().put(bucket, key, taken(), content_type, acl=acl)


def writer(world: World, publisher: MemoryPublisher) -> ReportWriter:
    rows = world.rows
    return ReportWriter(world.store, rows.authorities, rows.certificates, rows.audit_reports, publisher)


def ask(world: World, arn: str) -> AuditReport:
    return world.ca.audit_reports.create(CALLER, arn, "reports", "JSON")


def found(world: World, report: AuditReport) -> AuditReport:
    row = world.store.view(lambda tx: world.rows.audit_reports.find(tx, report.authority_id, report.id))
    assert row
    return row


def fill(world: World, arn: str, count: int) -> None:
    """As many rows of certificates, without certificates in them."""
    authority_id = AuthorityArn.parse(arn).id
    rows = [certificate(authority_id, der=b"", issued_at=world.clock.now()) for _ in range(count)]
    world.store.transact(lambda tx: world.rows.certificates.insert_many(tx, rows))


def content(publisher: MemoryPublisher, report: AuditReport) -> list[dict[str, Any]]:
    body, content_type = publisher.objects[report.bucket, report.key]
    assert content_type == "application/json"
    records: list[dict[str, Any]] = json.loads(body)
    return records


def test_every_certificate_of_the_authority_is_in_it_once(world: World) -> None:
    """However many pages they fill; those of another authority are not."""
    arn, other = world.root(), world.root()
    fill(world, arn, 2 * PAGE + 1)
    fill(world, other, 3)
    report, publisher = ask(world, arn), MemoryPublisher()
    writer(world, publisher).write_due(threading.Event())
    records = content(publisher, report)
    assert len({each["serial"] for each in records}) == len(records) == 2 * PAGE + 2
    assert all(each["certificateArn"].startswith(arn) for each in records)
    assert found(world, report).status is ReportStatus.SUCCESS


def test_what_is_issued_meanwhile_is_in_it_too(world: World) -> None:
    arn = world.root()
    fill(world, arn, PAGE)
    report, publisher = ask(world, arn), Watched()
    world.clock.advance(timedelta(seconds=1))

    def issue_once() -> None:
        publisher.look = lambda: None
        fill(world, arn, 5)

    publisher.look = issue_once
    writer(world, publisher).write_due(threading.Event())
    assert len(content(publisher, report)) == PAGE + 1 + 5


def test_certificates_pass_through_page_by_page(world: World) -> None:
    """A page is given to the publisher before the next one is read."""
    arn = world.root()
    fill(world, arn, 3 * PAGE)
    publisher = Watched()
    ask(world, arn)
    seen: list[int] = []
    views = world.store.view

    def counted(read: Callable[[Any], Any]) -> Any:
        seen.append(publisher.chunks)
        return views(read)

    world.store.view = counted  # type: ignore[method-assign]
    writer(world, publisher).write_due(threading.Event())
    assert {0, 1, 2, 3} <= set(seen)


def test_reports_are_written_in_the_order_in_which_they_were_asked_for(world: World) -> None:
    arns = [world.root() for _ in range(3)]
    reports = []
    for arn in arns:
        reports.append(ask(world, arn))
        world.clock.advance(timedelta(seconds=1))
    publisher = MemoryPublisher()
    writer(world, publisher).write_due(threading.Event())
    assert [key for _, key in publisher.objects] == [report.key for report in reports]


def test_a_report_that_another_process_writes_is_left_to_it(world: World) -> None:
    arn = world.root()
    report, publisher, other = ask(world, arn), Watched(), MemoryPublisher()
    publisher.look = lambda: writer(world, other).write_due(threading.Event())
    writer(world, publisher).write_due(threading.Event())
    assert other.objects == {}
    assert found(world, report).status is ReportStatus.SUCCESS


def test_a_report_whose_process_died_is_written_by_another(world: World) -> None:
    """As soon as its lease is over, and not before."""
    arn = world.root()
    report = ask(world, arn)

    class Killed(BaseException):
        pass

    dying, publisher = MemoryPublisher(), MemoryPublisher()
    dying.failure = Killed()  # type: ignore[assignment]
    with pytest.raises(Killed):
        writer(world, dying).write_due(threading.Event())
    assert found(world, report).status is ReportStatus.CREATING
    world.clock.advance(LEASE - timedelta(microseconds=1))
    writer(world, publisher).write_due(threading.Event())
    assert publisher.objects == {}
    world.clock.advance(timedelta(microseconds=1))
    writer(world, publisher).write_due(threading.Event())
    assert len(content(publisher, report)) == 1
    assert (found(world, report).status, found(world, report).attempts) == (ReportStatus.SUCCESS, 2)


def test_a_report_that_ends_its_process_each_time_is_given_up(world: World) -> None:
    arn = world.root()
    report, publisher = ask(world, arn), MemoryPublisher()
    publisher.failure = KeyboardInterrupt()  # type: ignore[assignment]
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            writer(world, publisher).write_due(threading.Event())
        world.clock.advance(LEASE)
    writer(world, publisher).write_due(threading.Event())
    assert found(world, report).status is ReportStatus.FAILED
    assert journals.entries(world.store)[-1]["detail"]["reason"] == "The report was begun too often."


def test_a_defect_fails_one_report_and_no_other(world: World) -> None:
    one, two = world.root(), world.root()
    first = ask(world, one)
    publisher = Watched()

    def fail_once() -> None:
        publisher.look = lambda: None
        raise ZeroDivisionError

    publisher.look = fail_once
    world.clock.advance(timedelta(seconds=1))
    second = ask(world, two)
    writer(world, publisher).write_due(threading.Event())
    assert [found(world, each).status for each in (first, second)] == [
        ReportStatus.FAILED,
        ReportStatus.SUCCESS,
    ]
    entries = [
        each for each in journals.entries(world.store) if each["action"] == "acm-pca:GenerateAuditReport"
    ]
    assert [each["detail"].get("reason") for each in entries] == ["Internal failure.", None]


def test_a_long_report_keeps_its_lease(world: World) -> None:
    """Each page takes most of half a lease; nobody else may begin it in between."""
    arn = world.root()
    fill(world, arn, 6 * PAGE)
    report, publisher, other = ask(world, arn), Watched(), MemoryPublisher()

    def slow() -> None:
        world.clock.advance(LEASE * 0.45)
        writer(world, other).write_due(threading.Event())

    publisher.look = slow
    writer(world, publisher).write_due(threading.Event())
    assert publisher.chunks > 6
    assert other.objects == {}
    assert len(content(publisher, report)) == 6 * PAGE + 1
    assert found(world, report).attempts == 1


def test_who_has_lost_the_lease_publishes_nothing_and_ends_nothing(world: World) -> None:
    arn = world.root()
    fill(world, arn, 2 * PAGE)
    report, slow, other = ask(world, arn), Watched(), MemoryPublisher()

    def stall() -> None:
        slow.look = lambda: None
        world.clock.advance(2 * LEASE)
        writer(world, other).write_due(threading.Event())

    slow.look = stall
    writer(world, slow).write_due(threading.Event())
    assert slow.objects == {}
    assert len(content(other, report)) == 2 * PAGE + 1
    assert found(world, report).status is ReportStatus.SUCCESS
    ends = [each for each in journals.entries(world.store) if each["action"] == "acm-pca:GenerateAuditReport"]
    assert len(ends) == 1


def test_a_report_ends_once_however_many_have_written_it(world: World) -> None:
    """A short one has no second page at which its writer could notice."""
    arn = world.root()
    report, slow, other = ask(world, arn), Watched(), MemoryPublisher()

    def stall() -> None:
        slow.look = lambda: None
        world.clock.advance(2 * LEASE)
        writer(world, other).write_due(threading.Event())

    slow.look = stall
    writer(world, slow).write_due(threading.Event())
    assert slow.objects == other.objects
    assert found(world, report).status is ReportStatus.SUCCESS
    ends = [each for each in journals.entries(world.store) if each["action"] == "acm-pca:GenerateAuditReport"]
    assert len(ends) == 1


def test_a_process_that_stops_gives_its_report_back(world: World) -> None:
    """Between two pages; the next process begins it at once, and it does not count as an attempt."""
    arn = world.root()
    fill(world, arn, 2 * PAGE)
    report, publisher, stopping = ask(world, arn), Watched(), threading.Event()
    publisher.look = stopping.set
    writer(world, publisher).write_due(stopping)
    assert publisher.objects == {}
    assert publisher.chunks == 1
    assert (found(world, report).status, found(world, report).attempts) == (ReportStatus.CREATING, 0)
    publisher.look = lambda: None
    writer(world, publisher).write_due(threading.Event())
    assert len(content(publisher, report)) == 2 * PAGE + 1


def test_a_database_that_fails_leaves_the_report_for_later(world: World) -> None:
    arn = world.root()
    report, publisher = ask(world, arn), MemoryPublisher()
    world.store.commits_to_lose = 1
    with pytest.raises(PrivySealError) as refusal:
        writer(world, publisher).write_due(threading.Event())
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    writer(world, publisher).write_due(threading.Event())
    assert found(world, report).status is ReportStatus.SUCCESS
