"""Mass revocations as records: an order, the authorities it goes through, and its states as one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from privyseal.caller import Caller
from privyseal.names import AuthorityArn


class State(StrEnum):
    RUNNING = "RUNNING"  # certificates are being revoked
    PUBLISHING = "PUBLISHING"  # all are revoked; not all CRLs say so yet
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"  # given up: what was revoked stays so, and the same order can be given again


class Event(StrEnum):
    ALL_REVOKED = "all revoked"
    ALL_PUBLISHED = "all published"
    REOPENED = "reopened"  # an authority of a cascade was changed while CRLs were waited for
    GIVEN_UP = "given up"


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.RUNNING, Event.ALL_REVOKED): State.PUBLISHING,
        (State.PUBLISHING, Event.ALL_PUBLISHED): State.COMPLETED,
        (State.PUBLISHING, Event.REOPENED): State.RUNNING,
        (State.RUNNING, Event.GIVEN_UP): State.FAILED,
    }
)
FINAL = frozenset({State.COMPLETED, State.FAILED})

CASCADE, FILTER = "CASCADE", "FILTER"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which certificates of an authority: those that fit everything that is given here."""

    template: str | None = None  # its name, "EndEntityCertificate/V1"
    subject: str | None = None  # a text that is in the subject as RFC 4514 writes it, letter by letter
    issued_after: datetime | None = None  # then or later
    issued_before: datetime | None = None  # earlier than that

    @property
    def is_empty(self) -> bool:
        return self == Filter()


@dataclass(frozen=True, slots=True)
class MassRevocation:
    """One order. A cascade has no filter: it takes all that is below the authority."""

    id: str
    authority: AuthorityArn
    filter: Filter | None
    reason: str
    invalidity_date: datetime | None
    caller: Caller  # who ordered it
    state: State
    created_at: datetime
    leased_until: datetime  # until then it is its holder's to work on
    holder: str = ""  # whoever has begun it has an id of its own
    finished_at: datetime | None = None
    failure: str | None = None
    attempts: int = 0  # how often it was begun since it last came further

    @property
    def scope(self) -> str:
        return CASCADE if self.filter is None else FILTER


# The (issued_at, serial) of a certificate: everything up to it has been seen.
Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Step:
    """One authority of an order."""

    order_id: str
    authority_id: str
    position: int  # from above to below
    authority_version: int  # of its row when it had stopped issuing
    after: Position | None = None
    done: bool = False
    expected: int | None = None  # certificates, as counted at the beginning; for progress alone
    revoked: int = 0
    last_revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that could not be revoked, and why."""

    resource: str  # ARN
    message: str
