"""The invalidity date (RFC 5280 §5.3.2): since when a key is known or thought to be compromised."""

from datetime import UTC, datetime

from privyseal.errors import ErrorCode, PrivySealError

# What an ASN.1 GeneralizedTime and everybody's clock can show.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def checked_invalidity_date(date: datetime | None, now: datetime) -> datetime | None:
    """In whole seconds, as DER has it. Raises VALIDATION."""
    if date is None:
        return None
    if not _FIRST <= date <= now:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            "The invalidity date is when a certificate began to be invalid: it is not in the future.",
        )
    return date.replace(microsecond=0)
