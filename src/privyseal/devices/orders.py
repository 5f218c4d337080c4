"""Orders: certificates that devices have asked for and will fetch by a link.

    PENDING → DONE     there is a certificate
       └────→ FAILED   there is none, and the same request would not get one by waiting

An order outlives the process that took it: whoever comes next works it off. It answers as the call
would have that placed it. Once it has expired it is forgotten, whatever has become of it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from privyseal.devices.vending import Enrolled
from privyseal.errors import ErrorCode, PrivySealError


class OrderState(StrEnum):
    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Order:
    """`outcome` is there when the order is no longer pending."""

    id: str
    account: str
    device_id: str
    contract: str  # the call whose answer it will be
    csr_digest: bytes  # SHA-256 of the DER
    csr: bytes  # PEM
    request_id: str
    asked_at: datetime
    expires_at: datetime
    link: str  # what the device was given
    attempts: int = 0  # begun
    due_at: datetime | None = None  # of the next attempt
    outcome: Enrolled | PrivySealError | None = None

    @property
    def state(self) -> OrderState:
        if self.outcome is None:
            return OrderState.PENDING
        return OrderState.FAILED if isinstance(self.outcome, PrivySealError) else OrderState.DONE


def failure(code: str, message: str) -> PrivySealError:
    return PrivySealError(ErrorCode(code), message)
