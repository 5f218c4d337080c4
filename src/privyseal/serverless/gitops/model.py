"""A run over the files of GitOps: queued, carried out entry by entry, and kept as history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from privyseal.caller import Caller
from privyseal.serverless.gitops.plan import Action, Step


class State(StrEnum):
    QUEUED = "QUEUED"  # its files have not been read yet
    RUNNING = "RUNNING"  # the plan is stored, and carried out
    SUCCEEDED = "SUCCEEDED"  # every entry has its outcome, refusals too
    FAILED = "FAILED"  # the files could not be read


@dataclass(frozen=True, slots=True)
class Run:
    """`name` is the caller's, once in an account. `input` is what came with it, kept as it was."""

    id: str
    name: str
    caller: Caller
    forces: bool  # whether its caller may have a certificate for a key that has one
    input: str
    state: State
    created_at: datetime
    due_at: datetime  # nobody works on it before
    attempts: int = 0
    revision: str = ""
    problem: str = ""  # why it has failed, or has to wait
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a run's plan; `outcome` is what came of it, None until then."""

    position: int  # from 0, in the order of the plan
    step: Step
    outcome: Action | None = None
    detail: str = ""  # the reason of the outcome
    serial: int | None = None  # of the certificate that was issued or revoked


@dataclass(frozen=True, slots=True)
class Progress:
    """`planned` and `done`: action → how many steps."""

    run: Run
    planned: Mapping[str, int]
    done: Mapping[str, int]
