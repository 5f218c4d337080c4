"""Delivering: what waits for targets is sent, tried again, and given up.

Of one target and subject only one event is on its way, and the next when it has arrived or been given
up: each certificate's events come in order. Different subjects go side by side, and no target waits
for another. Where a target has recipients, each is sent to, tried again and given up by itself, and has an
order of its own. Whatever is killed on the way is sent again.
"""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt, Target
from privyseal.events.repositories import Deliveries, Delivery
from privyseal.meter import Meter
from privyseal.sparing import Sparing
from privyseal.store import Store, Tx

AT_ONCE = 4  # on their way to one target
FIRST_DELAY = timedelta(seconds=1)
LAST_DELAY = timedelta(minutes=15)
# Delays are longer by up to this part, so that what failed together does not return together.
_JITTER = 0.2
_LOOK_S = 1.0  # while something is on its way
_LAST_S = 3.0  # for what is on its way at the end
_LOGGED_S = 60.0
_ERROR_CHARACTERS = 500
# Whatever a target says besides: it will never take this event.
_LATER = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.THROTTLED, ErrorCode.INTERNAL})

_Failure = tuple[str, bool]  # what went wrong, and whether it may work later
_Ended = tuple[Delivery, _Failure | None]
_Recipients = Callable[[Tx, str], Sequence[str]]


class Delivering:
    """One process at a time runs it."""

    def __init__(
        self,
        store: Store,
        deliveries: Deliveries,
        targets: Mapping[str, Target],
        *,
        recipients: Mapping[str, _Recipients],
        give_up: timedelta,
        meter: Meter,
    ) -> None:
        """`recipients`: of targets that send each event to several, how to know to whom."""
        self._store = store
        self._deliveries = deliveries
        self._targets = targets
        self._recipients = recipients
        self._give_up = give_up
        self._meter = meter
        self._logged = Sparing(_LOGGED_S)

    def waiting(self, tx: Tx) -> bool:
        return self._deliveries.any_due(tx, list(self._targets))

    def run(self, stopping: threading.Event) -> None:
        """Send until nothing is due and nothing on its way."""
        ended: SimpleQueue[_Ended] = SimpleQueue()
        on_its_way: dict[str, Delivery] = {}
        while not stopping.is_set():
            found = self._store.view(lambda tx: self._next(tx, on_its_way.values()))
            if any(map(self._is_for_several, found)):
                self._store.transact(lambda tx, found=found: self._spread(tx, found))  # type: ignore[misc]
                continue  # now it is due to each of them
            for delivery in found:
                on_its_way[delivery.id] = delivery
                self._start(delivery, ended)
            if not on_its_way:
                return
            self._settle(ended, on_its_way, _LOOK_S)
        until = time.monotonic() + _LAST_S
        while on_its_way and (left := until - time.monotonic()) > 0:
            self._settle(ended, on_its_way, left)
        if on_its_way:
            log.warning("events are still on their way: they are sent again", count=len(on_its_way))

    def _next(self, tx: Tx, on_their_way: Collection[Delivery]) -> Sequence[Delivery]:
        """What can be sent now, of each target as many as it has room for."""
        busy = {each.id for each in on_their_way}
        found: list[Delivery] = []
        for name in self._targets:
            room = AT_ONCE - sum(each.target == name for each in on_their_way)
            if room:
                due = self._deliveries.due(tx, name, AT_ONCE + room)
                found += [each for each in due if each.id not in busy][:room]
        return found

    def _is_for_several(self, delivery: Delivery) -> bool:
        return delivery.target in self._recipients and not delivery.recipient

    def _spread(self, tx: Tx, found: Sequence[Delivery]) -> None:
        """To whom nobody listens, it has arrived."""
        for delivery in filter(self._is_for_several, found):
            if recipients := self._recipients[delivery.target](tx, delivery.target):
                self._deliveries.spread(tx, delivery, recipients)
            else:
                self._deliveries.delivered(tx, delivery)

    def _start(self, delivery: Delivery, ended: SimpleQueue[_Ended]) -> None:
        """In a thread of its own, for which the end of the process does not wait."""

        def work() -> None:
            ended.put((delivery, self._send(delivery)))

        threading.Thread(target=work, name=f"event to {delivery.target}", daemon=True).start()

    def _send(self, delivery: Delivery) -> _Failure | None:
        attempt = Attempt(delivery.id, delivery.attempts + 1, delivery.recipient)
        try:
            self._targets[delivery.target].send(delivery.event, attempt)
        except PrivySealError as error:
            return error.message[:_ERROR_CHARACTERS], error.code in _LATER
        except Exception as error:  # noqa: BLE001 - a defect of a target is no reason to lose an event
            if self._logged.allow(repr(error)):
                log.exception("a target has failed", error, target=delivery.target)
            return f"{type(error).__name__} in the target"[:_ERROR_CHARACTERS], True
        return None

    def _settle(self, ended: SimpleQueue[_Ended], on_its_way: dict[str, Delivery], seconds: float) -> None:
        """Record how those have ended that have: wait for one, and take what else is there."""
        found: list[_Ended] = []
        try:
            found.append(ended.get(timeout=seconds))
            while True:
                found.append(ended.get_nowait())
        except Empty:
            pass
        for outcome in self._store.transact(lambda tx: self._record(tx, found)) if found else ():
            self._meter.count("event_deliveries", outcome=outcome)
        for delivery, _ in found:
            del on_its_way[delivery.id]

    def _record(self, tx: Tx, ended: Sequence[_Ended]) -> Sequence[str]:
        return [self._ended(tx, delivery, failure) for delivery, failure in ended]

    def _ended(self, tx: Tx, delivery: Delivery, failure: _Failure | None) -> str:
        if failure is None:
            self._deliveries.delivered(tx, delivery)
            return "delivered"
        error, later = failure
        until = tx.now + _delay(delivery.attempts)
        if later and until < delivery.created_at + self._give_up:
            self._deliveries.put_off(tx, delivery, until, error)
            return "failed"
        self._deliveries.give_up(tx, delivery, error)
        return "dead"


def _delay(attempts: int) -> timedelta:
    doubled: timedelta = min(FIRST_DELAY * 2 ** min(attempts, 30), LAST_DELAY)
    return doubled * (1 + _JITTER * secrets.randbelow(1000) / 1000)
