"""From an AWS Validity to dates: exact, and never beyond the issuer."""

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.validity import ABSOLUTE, DAYS, END_DATE, LATEST, MONTHS, YEARS, resolve

NOW = datetime(2026, 11, 21, 12, 30, 15, 987654, tzinfo=UTC)
WHOLE = NOW.replace(microsecond=0)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def epoch(at: datetime) -> int:
    return calendar.timegm(at.timetuple())


@pytest.mark.parametrize(
    ("kind", "value", "end"),
    [
        (DAYS, 1, datetime(2026, 11, 22, 12, 30, 15, tzinfo=UTC)),
        (DAYS, 3650, datetime(2036, 11, 18, 12, 30, 15, tzinfo=UTC)),
        (MONTHS, 3, datetime(2027, 2, 21, 12, 30, 15, tzinfo=UTC)),
        (YEARS, 10, datetime(2036, 11, 21, 12, 30, 15, tzinfo=UTC)),
        (ABSOLUTE, 1893456000, datetime(2030, 1, 1, tzinfo=UTC)),
        (END_DATE, 491231235959, datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (END_DATE, 20500101000000, datetime(2050, 1, 1, tzinfo=UTC)),
        (END_DATE, 99991231235959, LATEST),
    ],
)
def test_each_type_of_validity_is_understood(kind: str, value: int, end: datetime) -> None:
    """NotAfter counts from now; NotBefore is an hour ago; both in whole seconds."""
    assert resolve(kind, value, NOW) == (WHOLE - timedelta(hours=1), end)


@pytest.mark.parametrize(
    ("value", "year"),
    [
        (50101000000, 2005),
        (101000000, 2000),
        (101000000 + 10**10, 2001),
        (500101000000, 1950),
        (991231235959, 1999),
    ],
)
def test_the_two_digit_years_of_utctime_turn_at_50(value: int, year: int) -> None:
    """And a number has lost the zeros that it began with."""
    start = (ABSOLUTE, epoch(datetime(1950, 1, 1, tzinfo=UTC)))
    now = datetime(1950, 1, 1, tzinfo=UTC) - timedelta(days=1)
    assert resolve(END_DATE, value, now, not_before=start if year > 1950 else None)[1].year == year


@pytest.mark.parametrize(
    ("kind", "value", "now", "end"),
    [
        (MONTHS, 1, datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),
        (MONTHS, 1, datetime(2028, 1, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
        (YEARS, 1, datetime(2028, 2, 29, tzinfo=UTC), datetime(2029, 2, 28, tzinfo=UTC)),
        (YEARS, 4, datetime(2028, 2, 29, tzinfo=UTC), datetime(2032, 2, 29, tzinfo=UTC)),
        (MONTHS, 13, datetime(2026, 12, 31, tzinfo=UTC), datetime(2028, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_day_that_a_month_does_not_have_becomes_its_last(
    kind: str, value: int, now: datetime, end: datetime
) -> None:
    assert resolve(kind, value, now)[1] == end


@given(now=MOMENTS, months=st.integers(1, 1200))
def test_months_and_years_are_those_of_the_calendar(now: datetime, months: int) -> None:
    """As many months on, on the same day or the month's last, at the same time of day."""
    for kind, count in ((MONTHS, months), (YEARS, 12 * months)):
        end = resolve(kind, months, now)[1]
        assert 12 * end.year + end.month == 12 * now.year + now.month + count
        assert end.day == now.day or (end.day < now.day and (end + timedelta(days=1)).day == 1)
        assert end.time() == now.time().replace(microsecond=0)


@given(now=MOMENTS, days=st.integers(1, 36_500))
def test_days_are_days(now: datetime, days: int) -> None:
    start, end = resolve(DAYS, days, now)
    assert end - start == timedelta(days=days, hours=1)
    assert (start.microsecond, end.microsecond) == (0, 0)


@given(now=MOMENTS, end=MOMENTS)
def test_an_absolute_end_is_that_second_or_refused(now: datetime, end: datetime) -> None:
    end = end.replace(microsecond=0)
    digits = int(end.strftime("%Y%m%d%H%M%S"))
    if end > now.replace(microsecond=0):
        assert resolve(ABSOLUTE, epoch(end), now)[1] == end
        assert resolve(END_DATE, digits, now)[1] == end
    else:
        for kind, value in ((ABSOLUTE, epoch(end)), (END_DATE, digits)):
            with pytest.raises(PrivySealError) as caught:
                resolve(kind, value, now)
            assert caught.value.code is ErrorCode.VALIDATION


def test_a_certificate_may_end_with_its_issuer_but_not_a_second_later() -> None:
    end = WHOLE + timedelta(days=30)
    assert resolve(DAYS, 30, NOW, issuer_not_after=end)[1] == end
    with pytest.raises(PrivySealError, match="after its issuer") as caught:
        resolve(DAYS, 30, NOW, issuer_not_after=end - timedelta(seconds=1))
    assert caught.value.code is ErrorCode.VALIDATION


def test_not_before_can_be_given_absolutely_and_does_not_move_the_end() -> None:
    start = WHOLE - timedelta(days=400)
    assert resolve(DAYS, 5, NOW, not_before=(ABSOLUTE, epoch(start))) == (start, WHOLE + timedelta(days=5))


def test_a_certificate_that_would_begin_after_its_end_is_refused() -> None:
    start = WHOLE + timedelta(days=5)
    with pytest.raises(PrivySealError) as caught:
        resolve(DAYS, 5, NOW, not_before=(ABSOLUTE, epoch(start)))
    assert caught.value.code is ErrorCode.VALIDATION
    assert resolve(DAYS, 5, NOW, not_before=(ABSOLUTE, epoch(start) - 1))[0] == start - timedelta(seconds=1)


def test_the_local_zone_of_the_caller_does_not_matter() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=13)))
    assert resolve(DAYS, 1, elsewhere) == resolve(DAYS, 1, NOW)
    assert resolve(DAYS, 1, elsewhere)[0].tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (DAYS, 0, ErrorCode.INVALID_ARGUMENT),
        (DAYS, -1, ErrorCode.INVALID_ARGUMENT),
        (DAYS, 2**63 - 1, ErrorCode.VALIDATION),
        (DAYS, 3_000_000, ErrorCode.VALIDATION),
        (MONTHS, 2**63 - 1, ErrorCode.VALIDATION),
        (YEARS, 2**63 - 1, ErrorCode.VALIDATION),
        (YEARS, 7974, ErrorCode.VALIDATION),
        (ABSOLUTE, 2**63 - 1, ErrorCode.INVALID_ARGUMENT),
        (ABSOLUTE, 253402300800, ErrorCode.INVALID_ARGUMENT),
        (ABSOLUTE, 1, ErrorCode.VALIDATION),
        (END_DATE, 271301000000, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 270230000000, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 20270101240000, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 20270101000060, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 2027010100000, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 120270101000000, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 2**63 - 1, ErrorCode.INVALID_ARGUMENT),
        (END_DATE, 19491231235959, ErrorCode.INVALID_ARGUMENT),
        ("WEEKS", 1, ErrorCode.INVALID_ARGUMENT),
    ],
)
def test_what_is_no_validity_is_refused(kind: str, value: int, code: ErrorCode) -> None:
    with pytest.raises(PrivySealError) as caught:
        resolve(kind, value, NOW)
    assert caught.value.code is code


@pytest.mark.parametrize("kind", [DAYS, MONTHS, YEARS, END_DATE])
def test_not_before_is_absolute_and_nothing_else(kind: str) -> None:
    with pytest.raises(PrivySealError) as caught:
        resolve(DAYS, 1, NOW, not_before=(kind, 270101000000))
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


@given(
    kind=st.sampled_from([DAYS, MONTHS, YEARS, END_DATE, ABSOLUTE]),
    value=st.integers(1, 2**63 - 1),
    now=MOMENTS,
)
def test_any_number_gives_dates_that_can_be_written_or_a_refusal(
    kind: str, value: int, now: datetime
) -> None:
    try:
        start, end = resolve(kind, value, now)
    except PrivySealError as error:
        code: ErrorCode | None = error.code
    else:
        code = None
        assert start < end <= LATEST
    assert code in {None, ErrorCode.VALIDATION, ErrorCode.INVALID_ARGUMENT}
