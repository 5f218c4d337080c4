"""What one registrar has done for one certificate of a device, and what it has to do.

    PENDING → DONE ⇄ SUSPENDED        any → WITHDRAWN

`state` is what the registrar has said, `wanted` what it is to come to. As long as they differ the step
is behind: due, and tried until they do not. Who sets out has the step to itself for a while (a lease),
and it is PENDING until the registrar has answered: what came of an attempt that failed is not known.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StepState(StrEnum):
    PENDING = "PENDING"  # perhaps begun: whatever is there is found again by `Registrar.register`
    DONE = "DONE"  # the device can use the certificate there
    SUSPENDED = "SUSPENDED"  # … and cannot, for now
    WITHDRAWN = "WITHDRAWN"  # … and never again: nothing else is wanted after it


@dataclass(frozen=True, slots=True)
class Step:
    account: str
    device_id: str
    arn: str  # of the certificate
    registrar: str
    state: StepState
    reference: str  # what the registrar calls the certificate; "" as long as it has not said so
    wanted: StepState = StepState.DONE
    due_at: datetime | None = None
    leased_until: datetime | None = None
    attempts: int = 0  # that have failed, one after the other
    problem: str = ""  # what the last of them met
