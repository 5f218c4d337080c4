"""How long a certificate is valid, in days."""

from typing import Any, Final

from privyseal.serverless.refusals import Refused, too_short

DEFAULT: Final = 30
_SHOWN: Final = 20  # digits; 1e300 is a number of days like any other, and has 301


def granted(days: int, most: int) -> tuple[int, str | None]:
    """(days, what was cut)."""
    if days < 1:
        raise too_short(_shown(days))
    if days > most:
        return most, f"lifetime {_shown(days)}: the longest here is {most} days"
    return days, None


def read(asked: Any) -> int:
    """A text or a fraction is read as serverless-ca does: "90" is 90, 1.9 is 1."""
    if isinstance(asked, bool) or not isinstance(asked, int | float | str) or len(str(asked)) > 40:
        raise Refused("lifetime must be a number of days")
    try:
        return int(asked)
    except (ValueError, OverflowError):
        raise Refused("lifetime must be a number of days") from None


def _shown(days: int) -> str:
    text = str(days)
    return text if len(text) <= _SHOWN else f"{days:.0e}"
