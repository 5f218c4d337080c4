"""What a search asks for, as values, and as a test on a row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.search import Searched

# SearchCertificates: "nested up to 15 levels"; how many filters there may be at all, AWS does not say.
MAX_DEPTH = 15
MAX_FILTERS = 100

Test = Callable[[Searched], bool]


@dataclass(frozen=True, slots=True)
class Is:
    """An attribute of the row has that value."""

    attribute: str
    value: str | bool


@dataclass(frozen=True, slots=True)
class Has:
    """An attribute with several values has that one among them."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Contains:
    """A text, or one of several, contains that one. Both are in lower case."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Between:
    """A time is not before `start` and not after `end`, where they are given."""

    attribute: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class And:
    of: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    of: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    of: "Filter"


Condition = Is | Has | Contains | Between
Filter = Condition | And | Or | Not

EVERYTHING = And(())
# What no certificate here meets: managed by CloudFront, validated, or of an ACME client.
NOTHING = Or(())


def check(wanted: Filter) -> None:
    """Raises VALIDATION for what is nested too deeply or has too many filters."""
    depth, count = _measure(wanted)
    if depth > MAX_DEPTH:
        text = f"The filter statement is nested {depth} levels deep; at most {MAX_DEPTH} are allowed."
        raise PrivySealError(ErrorCode.VALIDATION, text)
    if count > MAX_FILTERS:
        text = f"The filter statement has {count} filters; at most {MAX_FILTERS} are allowed."
        raise PrivySealError(ErrorCode.VALIDATION, text)


def _measure(wanted: Filter) -> tuple[int, int]:
    """(levels, filters)."""
    match wanted:
        case And(of) | Or(of):
            inner = [_measure(each) for each in of]
            return 1 + max((depth for depth, _ in inner), default=0), sum(count for _, count in inner)
        case Not(of):
            depth, count = _measure(of)
            return 1 + depth, count
        case _:
            return 1, 1


def test_of(wanted: Filter) -> Test:
    """The filter as a function of a row."""
    match wanted:
        case And(of):
            every = [test_of(each) for each in of]
            return lambda row: all(test(row) for test in every)
        case Or(of):
            some = [test_of(each) for each in of]
            return lambda row: any(test(row) for test in some)
        case Not(of):
            other = test_of(of)
            return lambda row: not other(row)
        case _:
            return _condition(wanted)


def _condition(wanted: Condition) -> Test:
    match wanted:
        case Is(attribute, value):
            return lambda row: bool(getattr(row, attribute) == value)
        case Has(attribute, value):
            return lambda row: value in getattr(row, attribute)
        case Contains(attribute, value):
            return lambda row: any(value in text for text in _texts(getattr(row, attribute)))
        case Between(attribute, start, end):
            return lambda row: _within(getattr(row, attribute), start, end)


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _within(at: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    return at is not None and (start is None or start <= at) and (end is None or at <= end)
