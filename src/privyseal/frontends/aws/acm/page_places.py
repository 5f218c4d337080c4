"""Page tokens of lists and searches: the order, and the place in it where a page ended."""

from typing import NamedTuple

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token
from privyseal.managed.search import Order, Place


class _Token(NamedTuple):
    by: str
    descending: bool
    value: int | str
    id: str


def encode(place: Place, order: Order) -> str:
    return page_token.encode(order.by.value, order.descending, *place)


def decode(token: str, order: Order) -> Place:
    """Raises INVALID_PAGE_TOKEN, also for a token of another order."""
    found = page_token.decode(token, _Token)
    if (found.by, found.descending) != (order.by.value, order.descending):
        text = "The page token is of a request with another order."
        raise PrivySealError(ErrorCode.INVALID_PAGE_TOKEN, text)
    return found.value, found.id
