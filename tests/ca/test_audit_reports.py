"""Audit reports, asked for: where they go, how often, in which states, and what is remembered."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest

from privyseal.ca.model import AuditReport, ReportStatus
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, new_id
from tests.ca.world import CALLER, NOW, STRANGER, Refused, World, elsewhere
from tests.stores import journals


def ask(world: World, arn: str, report_format: str = "JSON") -> AuditReport:
    return world.ca.audit_reports.create(CALLER, arn, "reports", report_format)


def write(world: World) -> None:
    world.ca.report_writer.write_due(Event())


def status(world: World, arn: str, report: AuditReport) -> ReportStatus:
    return world.ca.audit_reports.describe(CALLER, arn, report.id).status


@pytest.mark.parametrize(("report_format", "extension"), [("JSON", "json"), ("CSV", "csv")])
def test_a_report_has_its_place_before_it_is_written(
    world: World, report_format: str, extension: str
) -> None:
    arn = world.root()
    report = ask(world, arn, report_format)
    assert str(UUID(report.id)) == report.id
    assert report.key == f"audit-report/{AuthorityArn.parse(arn).id}/{report.id}.{extension}"
    assert (report.bucket, report.created_at, report.status) == ("reports", NOW, ReportStatus.CREATING)
    assert world.ca.audit_reports.describe(CALLER, arn, report.id) == report
    assert world.publisher.objects == {}
    write(world)
    assert list(world.publisher.objects) == [("reports", report.key)]
    assert status(world, arn, report) is ReportStatus.SUCCESS


def test_there_is_one_every_thirty_minutes_for_each_authority(world: World, refused: Refused) -> None:
    """Whether the one before has been written or not."""
    arn, other = world.root(), world.root()
    for step in range(3):
        ask(world, arn)
        refused(ErrorCode.IN_PROGRESS, ask, world, arn)
        if step:
            write(world)
        world.clock.advance(timedelta(minutes=30) - timedelta(microseconds=1))
        refused(ErrorCode.IN_PROGRESS, ask, world, arn)
        ask(world, other)
        world.clock.advance(timedelta(microseconds=1))
    ask(world, arn)


def test_two_processes_make_one_report(processes: Callable[[int], list[World]]) -> None:
    one, two = processes(2)
    arn = one.root()
    ask(one, arn)
    with pytest.raises(PrivySealError) as refusal:
        ask(two, arn)
    assert refusal.value.code is ErrorCode.IN_PROGRESS


def test_a_failed_one_does_not_count(world: World, refused: Refused) -> None:
    arn = world.root()
    world.publisher.failure = PrivySealError(ErrorCode.VALIDATION, "Check your S3 bucket permissions.")
    failed = ask(world, arn)
    write(world)
    assert status(world, arn, failed) is ReportStatus.FAILED
    world.publisher.failure = None
    good = ask(world, arn)
    write(world)
    assert status(world, arn, good) is ReportStatus.SUCCESS
    assert status(world, arn, failed) is ReportStatus.FAILED
    refused(ErrorCode.IN_PROGRESS, ask, world, arn)


def test_a_bucket_that_cannot_be_written_is_refused_at_once(world: World, refused: Refused) -> None:
    arn = world.root()
    world.publisher.refusal = PrivySealError(ErrorCode.VALIDATION, "requires getBucketAcl permissions")
    before = journals.entries(world.store)
    assert "getBucketAcl" in refused(ErrorCode.VALIDATION, ask, world, arn)
    assert journals.entries(world.store) == before
    world.publisher.refusal = None
    ask(world, arn)


def test_a_bucket_is_not_touched_for_an_authority_that_is_not_there(world: World, refused: Refused) -> None:
    world.publisher.refusal = PrivySealError(ErrorCode.VALIDATION, "the bucket was asked")
    refused(ErrorCode.INVALID_STATE, ask, world, world.create())
    refused(ErrorCode.NOT_FOUND, ask, world, elsewhere(world.create(), id=new_id()))


@pytest.mark.parametrize(
    ("state", "audited"),
    [
        (Status.CREATING, False),
        (Status.PENDING_CERTIFICATE, False),
        (Status.ACTIVE, True),
        (Status.DISABLED, True),
        (Status.FAILED, False),
    ],
)
def test_states_that_are_audited(world: World, refused: Refused, state: Status, audited: bool) -> None:
    arn = world.root()
    world.set_status(arn, state)
    if audited:
        ask(world, arn)
    else:
        refused(ErrorCode.INVALID_STATE, ask, world, arn)


def test_an_expired_or_deleted_authority_is_not_audited_any_more(world: World, refused: Refused) -> None:
    """Its older reports can still be looked at while it can be restored."""
    arn = world.root()
    report = ask(world, arn)
    world.clock.advance(timedelta(days=4000))
    assert "in the EXPIRED state" in refused(ErrorCode.INVALID_STATE, ask, world, arn)
    world.ca.authorities.delete(CALLER, arn, 7)
    assert "in the DELETED state" in refused(ErrorCode.INVALID_STATE, ask, world, arn)
    assert status(world, arn, report) is ReportStatus.CREATING


def test_a_report_is_found_by_its_owner_under_its_authority(world: World, refused: Refused) -> None:
    arn, other = world.root(), world.root()
    report = ask(world, arn)
    describe = world.ca.audit_reports.describe
    refused(ErrorCode.NOT_FOUND, describe, CALLER, other, report.id)
    refused(ErrorCode.NOT_FOUND, describe, CALLER, arn, new_id())
    refused(ErrorCode.NOT_FOUND, describe, STRANGER, arn, report.id)
    refused(ErrorCode.NOT_FOUND, world.ca.audit_reports.create, STRANGER, arn, "reports", "JSON")
    refused(ErrorCode.INVALID_ARN, describe, CALLER, "arn:aws:acm-pca:x", report.id)


def test_the_journal_says_who_asked_and_how_it_ended(world: World) -> None:
    arn = world.root()
    report = ask(world, arn)
    write(world)
    asked, ended = journals.entries(world.store)[-2:]
    assert asked["action"] == "acm-pca:CreateCertificateAuthorityAuditReport"
    assert asked["detail"] == {"report": report.id, "bucket": "reports", "key": report.key}
    assert ended["action"] == "acm-pca:GenerateAuditReport"
    assert ended["detail"] == {"report": report.id, "result": "success"}
    for each in (asked, ended):
        assert (each["resource"], each["principal"]) == (arn, CALLER.principal)
        assert each["request_id"] == CALLER.request_id


def test_a_failure_is_in_the_journal_with_its_reason(world: World) -> None:
    arn = world.root()
    report = ask(world, arn)
    world.publisher.failure = PrivySealError(ErrorCode.INVALID_ARGUMENT, "The S3 bucket does not exist.")
    write(world)
    last = journals.entries(world.store)[-1]
    reason = "The S3 bucket does not exist."
    assert last["detail"] == {"report": report.id, "result": "failure", "reason": reason}
