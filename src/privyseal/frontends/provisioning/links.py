"""Links: what a device gets that will not wait for its certificate, or has waited long enough.

    POST … → 202, Location: LINK, Retry-After: SECONDS, {"location", "expires_at"}
    GET LINK → 202 as above while it is being made; then what the call would have answered
               410 when it has expired, 404 when it is not one of ours

With `Prefer: respond-async` the call answers so at once, with `wait=N` besides after N seconds; without
either when the time limit is over. The proof is checked first in any case: 202 says that the certificate
is owed, however this process ends. Who repeats the call gets the same link.
"""

import asyncio
import json
import math
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from privyseal.clock import Clock
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.link_tokens import LinkTokens
from privyseal.devices.ordering import Ordering, order_pause
from privyseal.devices.orders import Order, OrderState
from privyseal.devices.throttle import UNLIMITED, Throttle
from privyseal.errors import PrivySealError
from privyseal.frontends.http import Headers, Pool, Request, Response, Route
from privyseal.frontends.provisioning.addresses import address_key
from privyseal.frontends.provisioning.answers import ANSWERS, of_order
from privyseal.frontends.provisioning.counters import LINKS
from privyseal.frontends.provisioning.prefer import ASYNC, patience, preferences
from privyseal.frontends.provisioning.refusals import refusal


@dataclass(frozen=True, slots=True)
class Call:
    """What a device asks for, by which contract."""

    contract: str
    enrolment: Enrolment
    csr: bytes
    device_id: str | None
    request_id: str


class Replies:
    """Answers calls of devices: with the certificate, or with a link to it."""

    def __init__(self, pool: Pool, ordering: Ordering, ordering_pool: Pool, limit: float) -> None:
        """`pool` is where devices wait, `ordering_pool` where nobody waits long; `limit` in seconds."""
        self._pool = pool
        self._ordering = ordering
        self._ordering_pool = ordering_pool
        self._limit = limit
        self._left: set[asyncio.Task[None]] = set()  # a loop keeps no task alive

    async def reply(self, headers: Headers, call: Call) -> Response:
        asked = preferences(headers)
        waits, preferred = patience(asked, self._limit), ASYNC in asked
        if waits <= 0:
            return placed(await self._place(call), preferred=preferred)
        work = asyncio.ensure_future(
            self._pool.run(call.enrolment.enrol, call.csr, call.device_id, request_id=call.request_id)
        )
        try:
            await asyncio.wait({work}, timeout=waits)
            order = None if work.done() else await self._place(call, begun=True)
        except BaseException:  # refused meanwhile; or the client has left: what has not begun is dropped
            work.cancel()
            raise
        if order is None or work.done():
            return ANSWERS[call.contract](work.result())
        work.add_done_callback(lambda done: self._ended(done, order))
        return placed(order, preferred=preferred)

    async def _place(self, call: Call, *, begun: bool = False) -> Order:
        return await self._ordering_pool.run(
            self._ordering.place,
            call.contract,
            call.csr,
            call.device_id,
            request_id=call.request_id,
            begun=begun,
        )

    def _ended(self, work: asyncio.Future[Any], order: Order) -> None:
        if not work.cancelled():
            work.exception()  # whatever it is, the order meets it again
        task = asyncio.ensure_future(_quietly(self._ordering_pool.run(self._ordering.release, order)))
        self._left.add(task)
        task.add_done_callback(self._left.discard)


class LinksFrontend:
    name = "links"

    def __init__(
        self,
        tokens: LinkTokens,
        ordering: Ordering,
        pool: Pool,
        clock: Clock,
        throttle: Throttle = UNLIMITED,
    ) -> None:
        """`throttle` counts by the client's address."""
        self._tokens = tokens
        self._ordering = ordering
        self._pool = pool
        self._clock = clock
        self._throttle = throttle

    def routes(self) -> list[Route]:
        return [Route(LINKS, self, methods=("GET",), below=True)]

    async def handle(self, request: Request) -> Response:
        request.operation = "Fetch"
        self._throttle.take(address_key(request.client))
        order_id = self._tokens.read("/".join(request.segments(LINKS)), self._clock.now())
        order = await self._pool.run(self._ordering.find, order_id)
        return placed(order) if order.state is OrderState.PENDING else of_order(order)

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return refusal(request, error)


def placed(order: Order, *, preferred: bool = False) -> Response:
    """202: there will be an answer at the link."""
    body = {"location": order.link, "expires_at": _rfc3339(order.expires_at)}
    headers = [
        (b"content-type", b"application/json"),
        (b"location", order.link.encode("ascii")),
        (b"retry-after", str(math.ceil(order_pause(order.attempts).total_seconds())).encode()),
        (b"cache-control", b"no-store"),
    ]
    if preferred:
        headers.append((b"preference-applied", ASYNC.encode()))
    return Response(202, json.dumps(body).encode(), headers)


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """What cannot be said now is found when the order's lease is over."""
    try:
        await work
    except (PrivySealError, RuntimeError):
        return
