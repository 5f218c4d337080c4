"""A load of HTTP requests that were built before the clock starts: cheap enough to share the machine.

Each connection is kept alive and carries one request at a time. The generator knows just enough
HTTP for that: it sends the bytes it is given, and reads a status, a Content-Length and that many
bytes. Every answer is kept, so that all of them can be checked when the clock has stopped.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import uvloop

CONNECT_SECONDS = 5.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Answer:
    """`request` is the number of the request that it answers."""

    request: int
    status: int
    body: bytes
    seconds: float


# The number and the bytes of the next request of a connection, after its last answer; None at the end.
Next = Callable[[Answer | None], tuple[int, bytes] | None]


@dataclass(slots=True)
class Outcome:
    """What the client saw. `cut` are the requests that were sent and never answered in full; of those,
    `torn` got a part of an answer. `sent` counts every request that was written.
    """

    answers: list[Answer] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    torn: list[int] = field(default_factory=list)
    sent: int = 0
    seconds: float = 0.0

    @property
    def in_flight(self) -> int:
        """How many requests have been sent and not answered, at this moment."""
        return self.sent - len(self.answers) - len(self.cut)


def one_after_another(requests: Sequence[bytes]) -> Next:
    """Every request once, in order, over whichever connection is free."""
    numbered = enumerate(requests)
    return lambda _: next(numbered, None)


def run(
    host: str,
    port: int,
    following: Next,
    connections: int,
    during: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Run until every connection has had its last answer or has lost its server.

    `during` is called after every answer, in the loop: what it does delays the load.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(host, port, following, connections, during))


async def _run(
    host: str, port: int, following: Next, connections: int, during: Callable[[Outcome], None]
) -> Outcome:
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    lines = [_Line(outcome, following, during, loop.create_future()) for _ in range(connections)]
    async with asyncio.timeout(CONNECT_SECONDS):
        for line in lines:
            await loop.create_connection(lambda line=line: line, host, port)  # type: ignore[misc]
    started = time.perf_counter()
    for line in lines:
        line.go_on(None)
    await asyncio.gather(*(line.ended for line in lines))
    outcome.seconds = time.perf_counter() - started
    return outcome


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(
        self,
        outcome: Outcome,
        following: Next,
        during: Callable[[Outcome], None],
        ended: "asyncio.Future[None]",
    ) -> None:
        self.ended = ended
        self._outcome = outcome
        self._following = following
        self._during = during
        self._transport: asyncio.WriteTransport | None = None
        self._lost = False
        self._request: int | None = None  # the one that is in flight
        self._since = 0.0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def go_on(self, last: Answer | None) -> None:
        """Send the next request, or close."""
        assert self._transport is not None
        following = None if self._lost else self._following(last)
        if following is None:
            self._transport.close()
            self._end()
            return
        self._request, data = following
        self._outcome.sent += 1
        self._since = time.perf_counter()
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self._request is None:
            return  # bytes that nobody asked for: the connection is being closed
        self._received += data
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return
        start = head_end + len(_HEAD_END)
        length = _content_length(self._received[:head_end].lower())
        if len(self._received) < start + length:
            return
        body = self._received[start : start + length]
        answer = Answer(self._request, int(self._received[9:12]), body, time.perf_counter() - self._since)
        self._request, self._received = None, b""
        self._outcome.answers.append(answer)
        self._during(self._outcome)
        self.go_on(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lost = True
        if self._request is not None:
            self._outcome.cut.append(self._request)
            if self._received:
                self._outcome.torn.append(self._request)
            self._request = None
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _content_length(head: bytes) -> int:
    """Every answer of the service has one."""
    start = head.index(_LENGTH) + len(_LENGTH)
    end = head.find(b"\r", start)
    return int(head[start : end if end > 0 else len(head)])
