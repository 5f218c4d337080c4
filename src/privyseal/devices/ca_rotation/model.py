"""A rotation as a record, its steps in order, and its states as one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from privyseal.caller import Caller
from privyseal.names import AuthorityArn


class Step(StrEnum):
    """In the order in which they are done; the next one of a rotation is in its row."""

    CREATE = "create"  # a key, its CSR, an authority that waits for its certificate
    CERTIFY = "certify"  # by the authority above, or by whoever keeps an offline root
    REGISTER = "register"  # with every registrar, in every region
    SWITCH = "switch"  # from here on it issues for devices
    REVOKE = "revoke"  # the certificate of the old one: nothing takes that back
    CASCADE = "cascade"  # everything below the old one is revoked
    WITHDRAW = "withdraw"  # … and taken out of every registrar
    DISCARD = "discard"  # of a rotation that is given up: the new one, which nobody uses


ORDER = tuple(step for step in Step if step is not Step.DISCARD)


class State(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"  # as it was told to, until it is resumed
    WAITING = "WAITING"  # for what only the operator can bring: `Rotation.failure` says what
    ABORTING = "ABORTING"  # given up, and what it has made is not put away yet
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"


class Event(StrEnum):
    STEP_DONE = "step done"
    REACHED = "reached"  # the step at which it was told to pause
    MISSING = "missing"
    RESUMED = "resumed"
    ENDED = "ended"
    ABORTED = "aborted"


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.RUNNING, Event.STEP_DONE): State.RUNNING,
        (State.RUNNING, Event.REACHED): State.PAUSED,
        (State.RUNNING, Event.MISSING): State.WAITING,
        (State.RUNNING, Event.RESUMED): State.RUNNING,
        (State.PAUSED, Event.RESUMED): State.RUNNING,
        (State.WAITING, Event.RESUMED): State.RUNNING,
        (State.RUNNING, Event.ENDED): State.COMPLETED,
        (State.RUNNING, Event.ABORTED): State.ABORTING,
        (State.PAUSED, Event.ABORTED): State.ABORTING,
        (State.WAITING, Event.ABORTED): State.ABORTING,
        (State.ABORTING, Event.ENDED): State.ABORTED,
    }
)
# The last step is done, or never will be.
FINAL = frozenset({State.COMPLETED, State.ABORTED})
# Until one of these is the next step, everything can be taken back.
REVERSIBLE = frozenset({Step.CREATE, Step.CERTIFY, Step.REGISTER, Step.SWITCH, Step.REVOKE})


class Until(StrEnum):
    """How far to go without asking."""

    REGISTERED = "registered"
    SWITCHED = "switched"
    COMPLETED = "completed"


# Where it pauses: before this step.
PAUSES: Mapping[Until, Step | None] = MappingProxyType(
    {Until.REGISTERED: Step.SWITCH, Until.SWITCHED: Step.REVOKE, Until.COMPLETED: None}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the new authority is to be. `parent` is None where who certifies it is not here, or where no
    template gives it what the old one has.
    """

    subject: Mapping[str, Any]  # an ASN1Subject
    key_algorithm: str
    signing_algorithm: str
    validity_days: int
    parent: str | None  # ARN
    template: str


@dataclass(frozen=True, slots=True)
class Rotation:
    id: str
    old: AuthorityArn
    new: str | None
    plan: Plan
    reason: str
    state: State
    step: Step
    until: Until
    revoked_elsewhere: bool
    mass_revocation: str | None
    failure: str | None
    attempts: int
    due_at: datetime
    caller: Caller  # who ordered it
    created_at: datetime
    finished_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Done:
    """A step that is done."""

    step: Step
    at: datetime
    detail: str  # in words


_FOLLOWING: Mapping[Step, Step] = MappingProxyType(dict(pairwise(ORDER)))


def following(step: Step) -> Step | None:
    """None after the last one, and after DISCARD."""
    return _FOLLOWING.get(step)
