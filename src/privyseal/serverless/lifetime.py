"""How long a certificate is valid, in days."""

from typing import Any, Final

from privyseal.serverless.refusals import Refused, too_short

DEFAULT: Final = 30
_LARGEST: Final = 10**9  # what is larger is cut like anything beyond the limit


def granted(days: int, most: int) -> tuple[int, str | None]:
    """(days, what was cut)."""
    if days < 1:
        raise too_short(days)
    if days > most:
        return most, f"lifetime {days}: the longest here is {most} days"
    return days, None


def read(asked: Any) -> int:
    """A text or a fraction is read as serverless-ca does: "90" is 90, 1.9 is 1."""
    if isinstance(asked, bool) or not isinstance(asked, int | float | str) or len(str(asked)) > 40:
        raise Refused("lifetime must be a number of days")
    try:
        return min(int(asked), _LARGEST)
    except (ValueError, OverflowError):
        raise Refused("lifetime must be a number of days") from None
