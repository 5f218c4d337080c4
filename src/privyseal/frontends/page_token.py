"""Opaque page tokens: the sort key of the last row shown, as base64url of a JSON array."""

import base64
from datetime import datetime
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from privyseal.errors import ErrorCode, PrivySealError

MAX_TOKEN = 1024

Position = TypeVar("Position")


class ByTime(NamedTuple):
    at: Annotated[datetime, Meta(tz=True)]
    id: str


class ByName(NamedTuple):
    name: str


def encode(*position: datetime | str | int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode(token: str, position: type[Position]) -> Position:
    """Raises INVALID_PAGE_TOKEN for anything that `encode` has not made of such a position."""
    try:
        text = base64.urlsafe_b64decode(token[:MAX_TOKEN] + "=" * (-len(token) % 4))
        return msgspec.json.decode(text, type=position)
    except (ValueError, msgspec.MsgspecError):
        raise PrivySealError(
            ErrorCode.INVALID_PAGE_TOKEN, "The page token is not one that an earlier answer gave."
        ) from None
