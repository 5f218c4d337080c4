"""From a Validity of the service model to NotBefore and NotAfter.

Source: AWS Private CA API reference, IssueCertificate and Validity. NotAfter counts from the moment
of issuing, whatever NotBefore is; NotBefore is an hour earlier, for clocks that are behind.
"""

import calendar
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from privyseal.errors import ErrorCode, PrivySealError

END_DATE, ABSOLUTE, DAYS, MONTHS, YEARS = "END_DATE", "ABSOLUTE", "DAYS", "MONTHS", "YEARS"

BACKDATING = timedelta(minutes=60)
_MONTHS = {MONTHS: 1, YEARS: 12}
# 99991231235959Z: "no well-defined expiration date" (RFC 5280 §4.1.2.5); 1950 is UTCTime's first year.
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)  # a batch has one present, and most of its requests ask for the same
def resolve(
    kind: str,
    value: int,
    now: datetime,
    *,
    not_before: tuple[str, int] | None = None,
    issuer_not_after: datetime | None = None,
    backdating: timedelta = BACKDATING,
) -> tuple[datetime, datetime]:
    """(NotBefore, NotAfter) in whole seconds, UTC. `not_before` is (type, value), ABSOLUTE only.

    Raises VALIDATION for an end that is not after now and NotBefore or outlives the issuer, and
    INVALID_ARGUMENT for what is no date.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    start = now - backdating if not_before is None else _not_before(*not_before)
    end = _not_after(kind, value, now)
    if end <= now or end <= start:
        raise _refused(
            f"The certificate would end at {_shown(end)}, which is not after its start or the present."
        )
    if issuer_not_after is not None and end > issuer_not_after:
        raise _refused(
            f"The certificate would end at {_shown(end)}, after its issuer, which ends at"
            f" {_shown(issuer_not_after)}. Ask for a shorter validity."
        )
    return start, end


def _not_before(kind: str, value: int) -> datetime:
    if kind != ABSOLUTE:
        raise _malformed(f"ValidityNotBefore is of type {ABSOLUTE}, not {kind}.")
    return _from_epoch(value)


def _not_after(kind: str, value: int, now: datetime) -> datetime:
    if value < 1:
        raise _malformed("The value of a Validity is at least 1.")
    if kind == ABSOLUTE:
        return _from_epoch(value)
    if kind == END_DATE:
        return _from_digits(value)
    try:
        if kind == DAYS:
            return now + timedelta(days=value)
        if kind in _MONTHS:
            return _add_months(now, value * _MONTHS[kind])
    except OverflowError as error:
        raise _refused("The certificate would end after the year 9999.") from error
    raise _malformed(f"A Validity is of type {END_DATE}, {ABSOLUTE}, {DAYS}, {MONTHS} or {YEARS}.")


def _add_months(at: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last: 31 January and a month is 28 February."""
    years, month = divmod(at.month - 1 + months, 12)
    year = at.year + years
    if year > LATEST.year:
        raise OverflowError
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def _from_epoch(seconds: int) -> datetime:
    try:
        at = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise _malformed("A date lies outside the years 1950 to 9999.") from error
    if not EARLIEST <= at <= LATEST:
        raise _malformed("A date lies outside the years 1950 to 9999.")
    return at


def _from_digits(value: int) -> datetime:
    """YYMMDDHHMMSS (UTCTime: 50 and above is 19YY) or YYYYMMDDHHMMSS (GeneralizedTime) as a number."""
    digits = f"{value:012d}"  # a number has lost the leading zeros of 2000 to 2009
    if len(digits) == 12:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    try:
        if len(digits) != 14:
            raise ValueError  # noqa: TRY301 - one answer to all that is no date
        at = datetime.strptime(f"{digits}+0000", "%Y%m%d%H%M%S%z").astimezone(UTC)
    except ValueError as error:
        raise _malformed(
            f"{value} is not a date in the form YYMMDDHHMMSS or YYYYMMDDHHMMSS, as {END_DATE} wants it."
        ) from error
    if at < EARLIEST:
        raise _malformed("A date lies outside the years 1950 to 9999.")
    return at


def _shown(at: datetime) -> str:
    return f"{at.year:04d}-{at:%m-%dT%H:%M:%SZ}"


def _refused(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.VALIDATION, message)


def _malformed(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, message)
