"""What becomes of a job's row: pure rules, for clocks that jump too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from privyseal.jobs import model
from privyseal.jobs.model import JITTER, TERM, Run
from privyseal.jobs.table import JOBS, Job

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOURLY = Job("hourly", timedelta(hours=1), retry=SECOND, retry_last=timedelta(minutes=1))
CONSTANT = Job("constant", timedelta(0))
NEW = model.new("hourly", NOW)

jumps = st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000))


def run(error: str | None = None, runs: int = 1) -> Run:
    return Run("me", NOW, NOW + 2 * SECOND, error, runs)


def test_names_are_unique() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)


def test_a_job_that_has_never_run_is_due() -> None:
    assert not NEW.resting(HOURLY, NOW)
    assert not NEW.held_by_other("me", NOW)


def test_a_lease_is_its_holders_until_it_ends() -> None:
    row = model.taken(NEW, "me", NOW)
    assert row.is_good("me", NOW)
    assert row.held_by_other("you", NOW)
    assert not row.is_good("me", NOW + TERM / 2)
    assert row.held_by_other("you", NOW + TERM - SECOND)
    assert not row.held_by_other("you", NOW + TERM)
    assert model.renewed(row, NOW + TERM).is_good("me", NOW + TERM)
    assert not model.released(row, NOW).held_by_other("you", NOW)


def test_after_a_run_it_rests() -> None:
    row = model.after(model.taken(NEW, "me", NOW), HOURLY, run(runs=3))
    assert row.resting(HOURLY, NOW + timedelta(minutes=59))
    assert not row.resting(HOURLY, NOW + 2 * SECOND + timedelta(hours=1))
    assert (row.runs, row.failures, row.attempts, row.error) == (3, 0, 0, None)
    assert row.succeeded_at == row.ended_at == NOW + 2 * SECOND
    assert not row.held_by_other("you", NOW + 2 * SECOND)


def test_a_job_that_never_rests_keeps_its_lease() -> None:
    row = model.after(model.taken(NEW, "me", NOW), CONSTANT, run())
    assert not row.resting(CONSTANT, NOW + 2 * SECOND)
    assert row.held_by_other("you", NOW + 2 * SECOND)


def test_failures_are_counted_and_told_until_it_goes_well() -> None:
    row = NEW
    for number in range(1, 4):
        row = model.after(row, HOURLY, run("the disk is full"))
        assert (row.attempts, row.failures, row.error) == (number, number, "the disk is full")
        assert row.succeeded_at is None
    row = model.after(row, HOURLY, run())
    assert (row.attempts, row.failures, row.error, row.runs) == (0, 3, None, 4)


@given(st.integers(1, 10_000))
def test_rests_after_failures_double_up_to_the_last(attempts: int) -> None:
    rest = model.back_off(HOURLY, attempts)
    expected = min(HOURLY.retry * 2 ** min(attempts - 1, 30), HOURLY.retry_last)
    assert expected <= rest <= expected * (1 + JITTER)


def test_what_failed_together_does_not_return_together() -> None:
    assert len({model.back_off(HOURLY, 10) for _ in range(50)}) > 10


@given(jumps)
def test_no_lease_lasts_longer_than_a_term_whatever_the_clock_does(jump: timedelta) -> None:
    row = model.taken(NEW, "me", NOW + jump)
    later = [NOW, NOW + TERM]
    assert not all(row.held_by_other("you", now) for now in later)


@given(jumps, st.booleans())
def test_no_job_rests_longer_than_it_ever_does_whatever_the_clock_does(jump: timedelta, failed: bool) -> None:
    there = NOW + jump
    row = model.after(NEW, HOURLY, replace(run("no" if failed else None), ended_at=there))
    longest = HOURLY.every + SECOND
    assert not row.resting(HOURLY, NOW) or not row.resting(HOURLY, NOW + longest)
