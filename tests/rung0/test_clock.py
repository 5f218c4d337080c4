"""Time, and how tests hold it still."""

from datetime import UTC, datetime, timedelta

from privyseal.clock import FixedClock, SystemClock

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_system_clock_is_aware_in_utc_and_runs() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_a_fixed_clock_stands_until_it_is_told_to_move() -> None:
    clock = FixedClock(AT)
    assert clock.now() == clock.now() == AT
    clock.advance(timedelta(seconds=299))
    assert clock.now() == AT + timedelta(seconds=299)
