"""What a resource of the API is to the router: rows of method, path and handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError

DEFAULT_PAGE = 100
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """An authorised request; `variables` are the values of the path's variable segments."""

    caller: Caller
    variables: tuple[str, ...]
    query: dict[str, str]
    body: bytes


# The answer is a msgspec Struct.
Handler = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`segments` below /api/v1; None matches any one segment. `parameters` may be in the query."""

    operation: str
    method: str
    segments: tuple[str | None, ...]
    handler: Handler
    parameters: frozenset[str] = frozenset()


PAGE_PARAMETERS = frozenset({"limit", "after"})


def page_size(query: dict[str, str]) -> int:
    """The `limit` of a list. Raises VALIDATION."""
    text = query.get("limit", str(DEFAULT_PAGE))
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE)) and 1 <= int(text) <= MAX_PAGE:
        return int(text)
    raise PrivySealError(ErrorCode.VALIDATION, f"The parameter 'limit' is a number from 1 to {MAX_PAGE}.")
