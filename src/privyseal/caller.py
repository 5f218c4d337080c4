"""On whose behalf something is done: it goes into every journal entry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """`principal` is an ARN (or `device:ID` for a device that proved its key); `account` 12 digits."""

    principal: str
    account: str
    request_id: str
