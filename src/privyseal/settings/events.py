"""The sections about events: which go where, and how long they are kept."""

from typing import Annotated

from msgspec import Meta, Struct

# As AWS names rules.
RuleName = Annotated[str, Meta(pattern=r"\A[.A-Za-z0-9_-]{1,64}\Z")]


class EventSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[events]`: the history of events, and how long a target has to take one."""

    history_days: Annotated[int, Meta(ge=8, le=3650)] = 90  # so long events can be listed and replayed
    give_up_hours: Annotated[float, Meta(gt=0, le=168)] = 24.0  # then what is undelivered is a dead letter


class RuleSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[rules.NAME]`: events that match the pattern go to the targets."""

    pattern: str  # JSON, as EventBridge has it
    targets: Annotated[tuple[str, ...], Meta(min_length=1)]  # the names of `[targets.NAME]` sections
    enabled: bool = True
