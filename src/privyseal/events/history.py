"""The history of events, dead letters among them, for who asks; and dead letters that are sent again."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.events.repositories import (
    DeadPlace,
    Deliveries,
    Delivery,
    Events,
    HistoryPlace,
    Recorded,
    Selection,
)
from privyseal.store import Store, Tx
from privyseal.x509.refusal import shown

_AT_ONCE = 500  # dead letters in one commit
REPLAYED = "privyseal:ReplayEvents"
_START: DeadPlace = (0, "", "")


class History:
    """`targets`: the names of those that are set up. `wake`: something is due for a target."""

    def __init__(
        self,
        store: Store,
        events: Events,
        deliveries: Deliveries,
        targets: Collection[str],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._events = events
        self._deliveries = deliveries
        self._targets = targets
        self._wake = wake

    def page(
        self, caller: Caller, selection: Selection, after: str | None, limit: int
    ) -> tuple[Sequence[Recorded], str | None]:
        """Newest first, and where the next page begins. Raises INVALID_PAGE_TOKEN."""
        place = None if after is None else _history_place(after)
        found = self._store.view(
            lambda tx: self._events.page(tx, caller.account, selection, place, limit + 1)
        )
        more = len(found) > limit
        found = found[:limit]
        return found, f"{found[-1].at.isoformat()}/{found[-1].number}" if more else None

    def following(self, caller: Caller, number: int | None, limit: int) -> tuple[Sequence[Recorded], int]:
        """What was told after event `number`, oldest first, and the number to go on from. Without one:
        nothing, and the number of now.
        """

        def read(tx: Tx) -> tuple[Sequence[Recorded], int]:
            if number is None:
                return (), self._events.last_number(tx)
            found = self._events.following(tx, caller.account, number, limit)
            return found, found[-1].number if found else number

        return self._store.view(read)

    def dead_letters(
        self, caller: Caller, target: str | None, after: str | None, limit: int
    ) -> tuple[Sequence[Delivery], str | None]:
        """In the order in which they were told, and where the next page begins. Raises INVALID_PAGE_TOKEN."""
        place = _START if after is None else _dead_place(after)
        found = self._store.view(
            lambda tx: self._deliveries.dead(
                tx, caller.account, target=target, event_id=None, after=place, limit=limit + 1
            )
        )
        more = len(found) > limit
        found = found[:limit]
        return found, "/".join(map(str, _place(found[-1]))) if more else None

    def replay(self, caller: Caller, target: str | None, event_id: str | None) -> int:
        """Send dead letters again: of one target, of one event, or all. How many. Raises NOT_FOUND."""
        place, replayed = _START, 0

        def write(tx: Tx, after: DeadPlace) -> tuple[int, DeadPlace | None]:
            found = self._deliveries.dead(
                tx, caller.account, target=target, event_id=event_id, after=after, limit=_AT_ONCE
            )
            count = sum(self._deliveries.replay(tx, each) for each in found)
            if count:
                detail = {"target": target, "event": event_id, "count": count}
                tx.record(entry(REPLAYED, caller, "events", **detail))
            return count, _place(found[-1]) if found else None

        while True:  # forwards only: one that dies again meanwhile is not found again
            count, last = self._store.transact(lambda tx, after=place: write(tx, after))  # type: ignore[misc]
            if last is None:
                if not replayed:
                    self._check_known(caller, target, event_id)
                return replayed
            place, replayed = last, replayed + count
            self._wake()

    def _check_known(self, caller: Caller, target: str | None, event_id: str | None) -> None:
        """None because all went well, or because there is no such thing? (A target that the settings no
        longer have may still have dead letters.)
        """
        if target is not None and target not in self._targets:
            text = f"There is no target {shown(target)}: no section of the settings is called so."
            raise PrivySealError(ErrorCode.NOT_FOUND, text)
        if event_id is not None and not self._store.view(
            lambda tx: self._events.has(tx, caller.account, event_id)
        ):
            text = (
                f"There is no event {shown(event_id)} in the history: `privyseal events history` lists them."
            )
            raise PrivySealError(ErrorCode.NOT_FOUND, text)


def _history_place(text: str) -> HistoryPlace:
    at, _, number = text.partition("/")
    try:
        return HistoryPlace(datetime.fromisoformat(at).astimezone(UTC), _number(number))
    except (ValueError, OverflowError):
        raise _no_place() from None


def _place(letter: Delivery) -> DeadPlace:
    return letter.number, letter.target, letter.recipient


def _dead_place(text: str) -> DeadPlace:
    number, _, whom = text.partition("/")
    target, _, recipient = whom.rpartition("/")
    try:
        return _number(number), target, recipient
    except ValueError:
        raise _no_place() from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


def _no_place() -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_PAGE_TOKEN, "The parameter 'after' is the 'next' of an answer.")
