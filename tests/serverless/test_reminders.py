"""Reminders of certificates that come to their end, and of those that have."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from privyseal.ca.revocation.reasons import HOLD
from privyseal.ca.revocation.revoking import mark_released, mark_revoked
from privyseal.serverless.responses import at
from tests.ca.world import CALLER
from tests.serverless.watched import Notice, Watched
from tests.serverless.world import certificate

NAME = "server.example.com"
DAY = timedelta(days=1)


def issue(watched: Watched, days: int = 90, **event: Any) -> Notice:
    """One whose end is watched; what is said of it before counts for nothing."""
    answer = watched.ask(NAME, lifetime=days, **{"notify_expiry": True, "notify_issued": False, **event})
    watched.remind()
    assert watched.notices() == []
    return answer


def warnings(watched: Watched) -> list[int]:
    """Days remaining of each reminder since the last look, 0 for the last word."""
    watched.remind()
    found = watched.notices()
    for subject, notice in found:
        assert subject == ("Certificate Expiry Warning" if notice["DaysRemaining"] else "Certificate Expired")
    return [notice["DaysRemaining"] for _, notice in found]


def said_each_day(watched: Watched, days: int) -> dict[int, list[int]]:
    """After so many days → what was said then."""
    said = {}
    for day in range(1, days + 1):
        watched.world.clock.advance(DAY)
        if found := warnings(watched):
            said[day] = found
    return said


def test_there_is_a_reminder_at_each_stage_and_one_when_it_is_over(watched: Watched) -> None:
    issue(watched, 90)
    assert said_each_day(watched, 100) == {60: [30], 75: [15], 83: [7], 89: [1], 90: [0]}


def test_a_reminder_is_the_notice_of_the_certificate_and_the_days(watched: Watched) -> None:
    answer = issue(watched, 90)
    watched.world.clock.advance(60 * DAY)
    watched.remind()
    ((_, notice),) = watched.notices()
    assert list(notice) == ["CertificateInfo", "Base64Certificate", "Subject", "DaysRemaining"]
    assert notice["CertificateInfo"] == answer["CertificateInfo"]
    assert notice["Base64Certificate"] == answer["Base64Certificate"]
    assert notice["Subject"] == answer["Subject"]


def test_there_is_one_reminder_a_day_however_often_the_job_runs(watched: Watched) -> None:
    answer = issue(watched, 90)
    watched.world.clock.advance(60 * DAY)
    assert warnings(watched) == [30]
    for _ in range(5):
        watched.world.clock.advance(timedelta(hours=2))
        assert warnings(watched) == []
    assert watched.noted_of(answer).reminded == ("2026-04-30 12:00:00",)


def test_nobody_is_reminded_who_does_not_want_to_be(watched: Watched) -> None:
    issue(watched, 90, notify_expiry=False)
    assert said_each_day(watched, 95) == {}


def change(watched: Watched, answer: Notice, mark: Callable[..., object]) -> None:
    """Hold or release the certificate."""
    rows, authority = watched.world.rows, watched.world.row(watched.issuing)
    key = authority.arn.id, certificate(answer).serial_number
    watched.store.transact(
        lambda tx: mark(tx, rows, CALLER, authority, [rows.certificates.find_many(tx, [key])[key]])
    )


def test_a_revoked_certificate_is_not_warned_about(watched: Watched) -> None:
    answer = issue(watched, 90)
    watched.revoke(answer)
    assert said_each_day(watched, 95) == {}


def test_one_that_is_on_hold_is_not_warned_about_until_it_is_released(watched: Watched) -> None:
    answer = issue(watched, 90)
    change(watched, answer, partial(mark_revoked, reason=HOLD))
    watched.world.clock.advance(60 * DAY)
    assert warnings(watched) == []
    change(watched, answer, mark_released)
    assert said_each_day(watched, 40) == {15: [15], 23: [7], 29: [1], 30: [0]}


def test_a_replaced_certificate_is_not_warned_about(watched: Watched) -> None:
    issue(watched, 90)
    watched.world.clock.advance(50 * DAY)
    watched.ask(NAME, lifetime=300, notify_expiry=False)
    assert said_each_day(watched, 45) == {}


def test_one_of_the_same_name_and_another_subject_replaces_nothing(watched: Watched) -> None:
    issue(watched, 90, organization="Sales")
    watched.world.clock.advance(50 * DAY)
    watched.ask(NAME, lifetime=300, organization="Research")
    assert said_each_day(watched, 10) == {10: [30]}


@pytest.mark.parametrize("lifetime", [5, 20])
def test_a_newer_one_that_ends_earlier_or_is_revoked_replaces_nothing(
    watched: Watched, lifetime: int
) -> None:
    issue(watched, 90)
    watched.world.clock.advance(50 * DAY)
    other = watched.ask(NAME, lifetime=lifetime if lifetime == 5 else 300)
    if lifetime != 5:
        watched.revoke(other)
    assert said_each_day(watched, 10) == {10: [30]}


def test_a_stage_that_was_slept_through_is_said_afterwards_with_the_days_left(watched: Watched) -> None:
    issue(watched, 90)
    watched.world.clock.advance(64 * DAY)
    assert warnings(watched) == [26]
    assert said_each_day(watched, 30) == {11: [15], 19: [7], 25: [1], 26: [0]}


def test_what_expired_more_than_a_day_ago_is_not_said(watched: Watched) -> None:
    issue(watched, 90)
    watched.world.clock.advance(91 * DAY + timedelta(minutes=1))
    assert warnings(watched) == []
    assert not watched.store.view(watched.reminders().waiting)


def test_other_stages_count_for_certificates_that_there_are_already(watched: Watched) -> None:
    issue(watched, 90)
    watched.world.clock.advance(30 * DAY)
    watched.remind(60, 3)
    ((_, notice),) = watched.notices()
    assert notice["DaysRemaining"] == 60


def test_a_stage_that_a_certificate_begins_behind_is_not_said(watched: Watched) -> None:
    issue(watched, 10)
    assert said_each_day(watched, 12) == {3: [7], 9: [1], 10: [0]}


def test_an_idle_job_says_that_nothing_waits(watched: Watched) -> None:
    issue(watched, 90)
    reminders = watched.reminders()
    assert not watched.store.view(reminders.waiting)
    midnight = datetime(2026, 4, 30, tzinfo=UTC)
    watched.world.clock.advance(midnight - watched.world.clock.now())
    assert watched.store.view(reminders.waiting)


def test_a_lost_commit_reminds_once(watched: Watched) -> None:
    issue(watched, 90)
    watched.world.clock.advance(60 * DAY)
    watched.world.store.commits_to_lose = 1
    with pytest.raises(Exception, match="full"):
        watched.remind()
    assert warnings(watched) == [30]
    assert warnings(watched) == []


def test_certificates_of_many_names_are_all_reminded_of(watched: Watched) -> None:
    for number in range(250):
        watched.ask(f"host-{number}.example.com", lifetime=31, notify_expiry=True)
    watched.world.clock.advance(DAY)
    assert warnings(watched) == [30] * 250


def test_the_time_of_a_reminder_is_written_as_the_contract_does() -> None:
    assert at(datetime(2026, 3, 1, 8, 15, tzinfo=UTC)) == "2026-03-01 08:15:00"
