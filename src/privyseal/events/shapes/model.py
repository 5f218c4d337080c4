"""What the shapes of events share: their kinds, and the envelope that EventBridge puts around each."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from privyseal.store import Entry

# An event is told apart from every other by its place in the journal, so that one which is sent twice
# has the same id twice.
_NAMESPACE = uuid.UUID("7c1d3c0e-2f0b-5c52-9a59-9d1b3c2f9e61")


@dataclass(frozen=True, slots=True)
class Place:
    """The `index`-th entry of row (`writer`, `seq`), committed at `at`; its `number`-th event."""

    writer: str
    seq: int
    index: int
    at: datetime
    number: int = 0

    def id(self) -> str:
        more = f"/{self.number}" if self.number else ""
        return str(uuid.uuid5(_NAMESPACE, f"{self.writer}/{self.seq}/{self.index}{more}"))


@dataclass(frozen=True, slots=True)
class Kind:
    """By these two members rules tell events apart."""

    source: str
    detail_type: str

    def members(self) -> dict[str, str]:
        return {"source": self.source, "detail-type": self.detail_type}


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one entry. `subject` is what it is about: its events come in order."""

    kind: Kind
    account: str
    region: str
    subject: str
    resources: Sequence[str]
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """The kinds of event that an action may have, and how they are told of one entry at its place."""

    kinds: Sequence[Kind]
    tell: Callable[[Entry, Place, str], Iterable[Told]]


@dataclass(frozen=True, slots=True)
class Event:
    """An envelope as EventBridge has it, with what it is about and when it happened."""

    subject: str
    at: datetime
    body: Mapping[str, Any]


def envelope(told: Told, place: Place) -> Event:
    body = {
        "version": "0",
        "id": place.id(),
        "detail-type": told.kind.detail_type,
        "source": told.kind.source,
        "account": told.account,
        "time": timestamp(place.at),
        "region": told.region,
        "resources": list(told.resources),
        "detail": dict(told.detail),
    }
    return Event(told.subject, place.at, body)


def timestamp(at: datetime) -> str:
    """As EventBridge writes it: seconds, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
