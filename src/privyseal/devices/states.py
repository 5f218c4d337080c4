"""The states of a device, as one table, and what lists of devices call them.

REGISTERED becomes ACTIVE with the first certificate. Only these two get certificates. RETIRED is
final: an id is never given to another device.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    REGISTERED = "registered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Event(StrEnum):
    CERTIFIED = "certified"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    RETIRED = "retired"


_S, _E = State, Event

TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (_S.REGISTERED, _E.CERTIFIED): _S.ACTIVE,
        (_S.ACTIVE, _E.CERTIFIED): _S.ACTIVE,
        # What was asked for before, and is issued after: the device stays what it is.
        (_S.SUSPENDED, _E.CERTIFIED): _S.SUSPENDED,
        (_S.RETIRED, _E.CERTIFIED): _S.RETIRED,
        (_S.REGISTERED, _E.SUSPENDED): _S.SUSPENDED,
        (_S.ACTIVE, _E.SUSPENDED): _S.SUSPENDED,
        (_S.SUSPENDED, _E.SUSPENDED): _S.SUSPENDED,
        (_S.REGISTERED, _E.RESUMED): _S.REGISTERED,
        (_S.ACTIVE, _E.RESUMED): _S.ACTIVE,
        # Or back to ACTIVE: see `transition`.
        (_S.SUSPENDED, _E.RESUMED): _S.REGISTERED,
        (_S.REGISTERED, _E.RETIRED): _S.RETIRED,
        (_S.ACTIVE, _E.RETIRED): _S.RETIRED,
        (_S.SUSPENDED, _E.RETIRED): _S.RETIRED,
        (_S.RETIRED, _E.RETIRED): _S.RETIRED,
    }
)

ENROLS = frozenset({_S.REGISTERED, _S.ACTIVE})
REKEYS = frozenset({_S.REGISTERED, _S.ACTIVE, _S.SUSPENDED})

# The `status` of a row in a list of devices → the state that it registers a device in.
IMPORTED: Mapping[str, State] = MappingProxyType(
    {
        "active": _S.REGISTERED,
        "suspended": _S.SUSPENDED,
        "disabled": _S.SUSPENDED,
        "retired": _S.RETIRED,
    }
)
# … and back: what an exported list says, so that importing it gives the same.
EXPORTED: Mapping[State, str] = MappingProxyType(
    {_S.REGISTERED: "active", _S.ACTIVE: "active", _S.SUSPENDED: "suspended", _S.RETIRED: "retired"}
)


def transition(state: State, event: Event, *, certified: bool) -> State | None:
    """The state after `event`, None where it cannot happen. `certified`: it has had a certificate."""
    after = TRANSITIONS.get((state, event))
    return State.ACTIVE if after is State.REGISTERED and certified else after
