"""Refused calls leave a record too, before they are answered.

Whoever has proved who they are and asks for a change that is refused leaves one entry: who, what,
when, request id, the resource as far as it is known, and the error code. The message stays out of
it: it may repeat what the request said.

Records are gathered, so a flood of refusals costs one commit for each batch, on a thread of its
own: no other call waits for it. A refusal whose record cannot be made is not given: the caller is
told to try again (THROTTLED, UNAVAILABLE), which says nothing that would have needed a record.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.gather import Lane
from privyseal.store import Store, Tx

REFUSED = "refused"  # the `result` in an entry's detail
# Waiting for the next commit at most, in each process.
MAX_WAITING = 1024

# Errors that leave no record, and why. All others are refusals, which do.
UNRECORDED: Mapping[ErrorCode, str] = {
    ErrorCode.THROTTLED: "nothing was decided: the caller is to ask again",
    ErrorCode.UNAVAILABLE: "nothing was decided; and where the database is down, nothing can be recorded",
    ErrorCode.INTERNAL: "a defect of ours and no decision: the log has it with its trace",
    ErrorCode.MISSING_CREDENTIALS: "a stranger: who knows nothing must not make the database grow",
    ErrorCode.MALFORMED_CREDENTIALS: "a stranger",
    ErrorCode.UNKNOWN_CREDENTIALS: "a stranger",
    ErrorCode.BAD_SIGNATURE: "a stranger, who knows the id of a key and not its secret",
    ErrorCode.UNKNOWN_OPERATION: "asks for nothing that could change anything",
    ErrorCode.UNKNOWN_SERVICE: "asks for nothing that could change anything",
    ErrorCode.METHOD_NOT_ALLOWED: "asks for nothing that could change anything",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A change that somebody asks for; `resource` is empty while it is not known."""

    action: str
    caller: Caller
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    attempt: Attempt
    code: ErrorCode


class Refusals:
    """One per process. `close` after the last request."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="refusals")
        self._lane: Lane[Refusal, None] = Lane(self._record, self._thread, max_waiting=MAX_WAITING)

    async def record(self, attempt: Attempt, error: PrivySealError) -> None:
        """Return when the refusal is recorded, if it is one that is.

        Raises THROTTLED or UNAVAILABLE when it could not be.
        """
        if error.code not in UNRECORDED:
            await self._lane.submit(Refusal(attempt, error.code))

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _record(self, refusals: Sequence[Refusal]) -> Sequence[None]:
        def write(tx: Tx) -> None:
            for each in refusals:
                told = each.attempt
                detail = {"result": REFUSED, "error": each.code.value}
                tx.record(entry(told.action, told.caller, told.resource, **detail))

        self._store.transact(write)
        return [None] * len(refusals)
