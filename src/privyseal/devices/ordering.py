"""Ordering: a device that cannot wait for its certificate is given a link, and fetches it later.

1. `place`   the proof is checked as for any other enrolment, and the order is committed: from then on
             the certificate is owed. The same request has one order: who asks again gets the same link.
2. `work`    whoever finds an order due takes it for a while, so a crash only delays it. What becomes of
             it is what `vending.py` makes of the same request at the time at which it was asked: a retry
             gets the same certificate, however late it is worked off.
3. the counter has the answer before it is recorded, so a link that says there is one is right.

What a retry may help is tried again, with longer and longer pauses; then its error is the answer.
"""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.enrolment import Admitted, Enrolment
from privyseal.devices.link_tokens import nothing_there
from privyseal.devices.order_ports import Counter, Orders
from privyseal.devices.orders import Order, OrderState
from privyseal.devices.vending import Enrolled
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.events.refusals import REFUSED
from privyseal.names import new_id
from privyseal.store import Store, Tx

ORDERED = "privyseal:OrderDeviceCertificate"
ANSWERED = "privyseal:AnswerDeviceOrder"

_LATER = frozenset({ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE})
_NOW = timedelta(0)


def _nobody() -> None:
    """Whoever looks now and then finds the order by itself."""


class Ordering:
    def __init__(
        self,
        store: Store,
        orders: Orders,
        enrolments: Mapping[str, Enrolment],
        counter: Counter,
        *,
        lifetime: timedelta = limits.LINK_LIFETIME,
        wake: Callable[[], None] = _nobody,
    ) -> None:
        """`enrolments` by contract. `wake` says that there is something to `work` on."""
        self._store = store
        self._orders = orders
        self._enrolments = enrolments
        self._counter = counter
        self._lifetime = lifetime
        self._wake = wake

    def place(
        self, contract: str, csr_pem: bytes, device_id: str | None, *, request_id: str, begun: bool = False
    ) -> Order:
        """The order of that request, which is durable now. Blocks.

        `begun`: somebody is at it, was counted, and will `release` the order. Raises as `Enrolment.enrol`
        for a request that gets no certificate.
        """
        enrolment = self._enrolments[contract]
        admitted = enrolment.admitted(csr_pem, device_id, request_id=request_id, counts=not begun)
        caller = Caller(f"device:{admitted.device.id}", enrolment.account, request_id)
        digest = hashlib.sha256(admitted.csr.der).digest()
        known = self._store.view(lambda tx: self._living(tx, admitted, contract, digest))
        if known:
            return known
        order_id, expires_at = new_id(), self._store.view(lambda tx: tx.now) + self._lifetime
        link = self._counter.link(order_id, expires_at)  # it may ask somebody for credentials

        def write(tx: Tx) -> Order:
            if there := self._living(tx, admitted, contract, digest):
                return there
            order = Order(
                id=order_id,
                account=enrolment.account,
                device_id=admitted.device.id,
                contract=contract,
                csr_digest=digest,
                csr=csr_pem,
                request_id=request_id,
                asked_at=tx.now,
                expires_at=expires_at,
                link=link,
                due_at=tx.now + (limits.ORDER_LEASE if begun else _NOW),
            )
            self._orders.prune(tx, limits.CLAIMS_PRUNED)
            self._orders.put(tx, order)
            resource = f"device/{order.device_id}"
            tx.record(entry(ORDERED, caller, resource, order=order.id, csr_sha256=digest.hex()))
            return order

        order = self._store.transact(write)
        if not begun:
            self._wake()
        return order

    def release(self, order: Order) -> None:
        """Whoever was at it has ended: the order is due."""

        def write(tx: Tx) -> None:
            there = self._orders.find(tx, order.id)
            if there and there.state is OrderState.PENDING and there.attempts == 0:
                self._orders.save(tx, replace(there, due_at=tx.now))

        self._store.transact(write)
        self._wake()

    def find(self, order_id: str) -> Order:
        """Raises NOT_FOUND for one that has expired, or that has been replaced."""
        order = self._store.view(lambda tx: self._orders.find(tx, order_id))
        if order is None:
            raise nothing_there()
        return order

    def waiting(self, tx: Tx) -> bool:
        """Whether there is something to `work` on now."""
        return self._orders.is_due(tx)

    def work(self, stopping: Event) -> None:
        """All that is due now, some of it at once. What fails is logged, and due again or answered."""
        with ThreadPoolExecutor(limits.ORDERS_AT_ONCE, thread_name_prefix="orders") as threads:
            for done in [threads.submit(self._work, stopping) for _ in range(limits.ORDERS_AT_ONCE)]:
                done.result()

    def _work(self, stopping: Event) -> None:
        while not stopping.is_set() and self._store.view(self.waiting):
            order = self._store.transact(self._take)
            if order:
                self._attempt(order)

    def _take(self, tx: Tx) -> Order | None:
        order = next(iter(self._orders.due(tx, 1)), None)
        if order is None:
            return None
        taken = replace(order, attempts=order.attempts + 1, due_at=tx.now + limits.ORDER_LEASE)
        self._orders.save(tx, taken)
        return taken

    def _attempt(self, order: Order) -> None:
        outcome = self._outcome(order)
        again = order.attempts < limits.ORDER_ATTEMPTS
        if isinstance(outcome, PrivySealError):
            log.warning("device_order_not_done", order=order.id, attempts=order.attempts, error=str(outcome))
            if again and outcome.code in _LATER:
                self._put_off(order)
                return
        answered = replace(order, outcome=outcome, due_at=None)
        try:
            self._counter.lay_out(answered)
        except PrivySealError as error:
            log.warning("device_order_not_laid_out", order=order.id, error=str(error))
            if again:
                self._put_off(order)
                return
        self._record(answered)

    def _outcome(self, order: Order) -> Enrolled | PrivySealError:
        try:
            return self._enrolments[order.contract].resume(order)
        except PrivySealError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one order must not hold up the others
            log.exception("device_order_failed", error, order=order.id, request_id=order.request_id)
            text = f"An internal error occurred; the log has it under the request id {order.request_id}."
            return PrivySealError(ErrorCode.INTERNAL, text)

    def _put_off(self, order: Order) -> None:
        pause = order_pause(order.attempts)
        self._store.transact(lambda tx: self._orders.save(tx, replace(order, due_at=tx.now + pause)))

    def _record(self, order: Order) -> None:
        caller = Caller(f"device:{order.device_id}", order.account, order.request_id)
        detail: dict[str, str] = {"order": order.id}
        if isinstance(order.outcome, PrivySealError):
            detail |= {"result": REFUSED, "error": order.outcome.code.value}
        elif order.outcome:
            detail["certificate_arn"] = order.outcome.arn

        def write(tx: Tx) -> None:
            if self._orders.find(tx, order.id):
                self._orders.save(tx, order)
                tx.record(entry(ANSWERED, caller, f"device/{order.device_id}", **detail))

        self._store.transact(write)

    def _living(self, tx: Tx, admitted: Admitted, contract: str, digest: bytes) -> Order | None:
        """What the request has been promised: pending, or an answer that is still that of a retry."""
        device = admitted.device
        order = self._orders.of_request(tx, device.account, device.id, contract, digest)
        if order is None or tx.now >= order.expires_at or order.state is OrderState.FAILED:
            return None
        retry = tx.now < order.asked_at + limits.RETRY_WINDOW
        return order if retry or order.state is OrderState.PENDING else None


def order_pause(attempts: int) -> timedelta:
    """Between attempts: twice as long each time."""
    doubled: int = 1 << max(0, attempts - 1)
    return min(limits.ORDER_PAUSE * doubled, limits.ORDER_LAST_PAUSE)
