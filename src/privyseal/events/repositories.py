"""What events ask of a database. Every method runs inside the transaction it is given."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from privyseal.events.shapes.model import Event
from privyseal.store import Tx

# Writer of the journal → the seq of its last row that has been told; one that is not there: none yet.
Cursor = Mapping[str, int]
BEFORE_THE_FIRST = -1
# Between two dead letters: behind that of this number, target and recipient.
DeadPlace = tuple[int, str, str]


class DeliveryState(StrEnum):
    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a target has still to get, or never got. `attempts` were made before.

    Where a target has recipients, each of them has a delivery of its own, and `recipient` says which. Without
    one it is for those that the target has when its turn comes.
    """

    number: int
    target: str
    subject: str
    event_id: str
    event: Mapping[str, Any]
    created_at: datetime
    attempts: int
    attempted_at: datetime | None = None
    error: str | None = None
    recipient: str = ""

    @property
    def id(self) -> str:
        whom = f"{self.target}/{self.recipient}" if self.recipient else self.target
        return str(uuid.uuid5(uuid.UUID(self.event_id), whom))


@dataclass(frozen=True, slots=True)
class Sent:
    """Where an event of the history went, and what came of it."""

    target: str
    recipient: str  # "" where it went to the target as a whole
    state: DeliveryState
    attempts: int
    attempted_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the history."""

    number: int
    at: datetime
    subject: str
    event: Mapping[str, Any]
    sent: Sequence[Sent] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: from `since` on and before `until`."""

    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    detail_type: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPlace:
    """Between two events of the history, newest first: behind this one."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that have not arrived, of all targets."""

    waiting: int
    dead: int


class Events(Protocol):
    """The history, and how far the journal has been told."""

    def moved(self, tx: Tx) -> Cursor:
        """Where to go on: of each writer that has rows which have not been told."""
        ...

    def put_cursor(self, tx: Tx, cursor: Cursor) -> None: ...

    def add(self, tx: Tx, events: Sequence[Event]) -> Sequence[int]:
        """Their numbers in the history. Raises UniqueError for one that is in it."""
        ...

    def page(
        self, tx: Tx, account: str, selection: Selection, after: HistoryPlace | None, limit: int
    ) -> Sequence[Recorded]:
        """Newest first."""
        ...

    def following(self, tx: Tx, account: str, number: int, limit: int) -> Sequence[Recorded]:
        """Those after a number, oldest first."""
        ...

    def has(self, tx: Tx, account: str, event_id: str) -> bool: ...

    def last_number(self, tx: Tx) -> int: ...

    def any_before(self, tx: Tx, before: datetime) -> bool:
        """Whether `prune` would find something."""
        ...

    def prune(self, tx: Tx, before: datetime, limit: int) -> int:
        """Forget events that happened before, and where they went; how many, at most `limit`."""
        ...


class Deliveries(Protocol):
    """What targets have still to get: a line for each target, recipient and subject, of which only the first
    is due.
    """

    def add(self, tx: Tx, number: int, target: str, subject: str) -> None: ...

    def spread(self, tx: Tx, delivery: Delivery, recipients: Sequence[str]) -> None:
        """In its place there is one for each recipient, at the end of each one's line, and whatever comes
        next in its own line is due. Nothing where that has been done.
        """
        ...

    def any_due(self, tx: Tx, targets: Sequence[str]) -> bool: ...

    def due(self, tx: Tx, target: str, limit: int) -> Sequence[Delivery]: ...

    def delivered(self, tx: Tx, delivery: Delivery) -> None:
        """Whatever comes next in its line is due."""
        ...

    def put_off(self, tx: Tx, delivery: Delivery, until: datetime, error: str) -> None: ...

    def give_up(self, tx: Tx, delivery: Delivery, error: str) -> None:
        """It is a dead letter, and whatever comes next in its line is due."""
        ...

    def dead(
        self,
        tx: Tx,
        account: str,
        *,
        target: str | None,
        event_id: str | None,
        after: DeadPlace,
        limit: int,
    ) -> Sequence[Delivery]:
        """Dead letters after a place, in order."""
        ...

    def replay(self, tx: Tx, delivery: Delivery) -> bool:
        """A dead letter waits again; False if it is none any more."""
        ...

    def backlog(self, tx: Tx, most: int) -> Backlog:
        """Counted up to `most`."""
        ...
