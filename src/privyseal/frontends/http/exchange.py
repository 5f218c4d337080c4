"""One request and one response over ASGI: the body within its limits, the client still there."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http.message import Headers, Response, Stream
from privyseal.sparing import Sparing

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A request that takes longer than this is watched: when its client leaves, its work is cancelled.
# Most are answered long before, and a watch would cost more than they do.
PATIENCE = 0.25  # seconds
# A client that has not taken a chunk of a stream for so long gets no more of it.
STALLED = 30.0  # seconds
# A line in the log for a reason why streams are cut: strangers can bring about as many as they like.
_TOLD = Sparing(60.0)


@dataclass(frozen=True, slots=True)
class Limits:
    body: int = 1024 * 1024  # bytes; the largest legal CSR has 32 KB
    body_seconds: float = 10.0  # for the whole body to arrive
    all_bodies: int = 256 * 1024 * 1024  # bytes of all bodies that are held at once, in one process
    discard: int = 16 * 1024 * 1024  # bytes of an oversized body that are still read, so that its
    # sender comes to read the refusal instead of a reset connection


class Cut(Enum):
    """Why a stream was not sent to its end."""

    LEFT = "the client has left"
    STALLED = "the client takes nothing any more"
    SHORT = "there is no more of it"


class Bodies:
    """How many bytes of bodies a process holds. Beyond the limit requests are refused, not buffered."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @contextmanager
    def holding(self) -> Iterator[Callable[[int], None]]:
        """What is held inside stays held afterwards, unless the block fails."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if self._held + size > self._limit:
                text = "Too many large requests are under way: try again in a moment."
                raise PrivySealError(ErrorCode.THROTTLED, text)
            self._held += size
            held += size

        try:
            yield hold
        except BaseException:
            self._held -= held
            raise

    def release(self, size: int) -> None:
        self._held -= size


class ClientLeftError(Exception):
    """The connection was closed before there was an answer."""


async def read_body(
    headers: Headers,
    receive: Receive,
    limits: Limits,
    most: int,
    bodies: Bodies,
    *,
    arrived: bytes | None = None,
) -> bytes:
    """The whole body of at most `most` bytes, which `bodies` holds until the caller releases them. It is
    `arrived` where that is given and small enough.

    Raises UNSUPPORTED_MEDIA, TOO_LARGE, THROTTLED or MALFORMED_REQUEST (too slow); then nothing is held.
    """
    with bodies.holding() as hold:
        if arrived is not None and len(arrived) <= most:
            hold(len(arrived))
            return arrived
        return await _read(headers, receive, limits, most, hold)


async def _read(
    headers: Headers, receive: Receive, limits: Limits, most: int, hold: Callable[[int], None]
) -> bytes:
    if headers.all(b"content-encoding"):
        text = "A Content-Encoding is not accepted: send the body as it is."
        raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, text)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            more = True
            while more and size <= limits.discard:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientLeftError
                chunk = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(chunk)
                if size <= most:
                    hold(len(chunk))
                    chunks.append(chunk)
    except TimeoutError:
        text = f"The body did not arrive within {limits.body_seconds:g} seconds."
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text) from None
    if size > most:
        text = f"The body is larger than {most} bytes."
        raise PrivySealError(ErrorCode.TOO_LARGE, text)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


# What announces a body (RFC 9112 §6.3): a request without any of these has none. All but a plain
# length is for `read_body`.
_ANNOUNCES_BODY = frozenset({b"content-length", b"transfer-encoding", b"expect", b"content-encoding"})
_LENGTH = frozenset({b"content-length"})
# A member of the scope that `Connection` sets when it has all of a request.
ARRIVED = "privyseal.arrived"
# Another: closes the connection of an answer that was begun and does not go on.
CUT = "privyseal.cut"
# Another: the certificate of a client that TLS has asked for one, DER.
PEER = "privyseal.peer"
_NO_BODY: Message = {"type": "http.request", "body": b"", "more_body": False}


async def whole_body(scope: Message, receive: Receive) -> Message | None:
    """All of the body in one message, where it is there already; None where `read_body` is to see to it."""
    announced = _ANNOUNCES_BODY.intersection([name for name, _ in scope["headers"]])
    if not announced:
        return _NO_BODY
    # What has arrived is not waited for: no timer, which would cost more than all the rest.
    return await receive() if announced == _LENGTH and scope.get(ARRIVED) else None


def replayed(message: Message, receive: Receive) -> Receive:
    """`receive` as if `message` had not been taken from it."""
    messages = [message]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


async def while_client_waits(work: Coroutine[Any, Any, Response], receive: Receive) -> Response:
    """Run `work`; when its client leaves, cancel it and raise ClientLeftError."""
    task = asyncio.current_task()
    assert task is not None
    watch = _Watch(task, receive)
    _patience.grant(watch)
    try:
        return await work
    except asyncio.CancelledError:
        if not watch.client_left:
            raise
        task.uncancel()
        raise ClientLeftError from None
    finally:
        watch.stop()


class _Watch:
    """Cancels a task when the client of its request closes the connection."""

    def __init__(self, task: asyncio.Task[Any], receive: Receive) -> None:
        self.client_left = False
        self._task = task
        self._receive = receive
        self._watcher: asyncio.Task[None] | None = None
        self._over = False

    def start(self) -> None:
        """No-op where the work is done."""
        if not self._over:
            self._watcher = asyncio.ensure_future(self._wait())

    def stop(self) -> None:
        self._over = True
        if self._watcher:
            self._watcher.cancel()

    async def _wait(self) -> None:
        await _departure(self._receive)
        self.client_left = True
        self._task.cancel()


class _Patience:
    """Starts watches that are PATIENCE old, with one timer for all: what is granted now is due last."""

    def __init__(self) -> None:
        self._granted: deque[tuple[float, _Watch]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def grant(self, watch: _Watch) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # the first time, or the loop before has ended
            self._loop = loop
            self._granted.clear()
        self._granted.append((loop.time() + PATIENCE, watch))
        if len(self._granted) == 1:
            loop.call_later(PATIENCE, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._granted and self._granted[0][0] <= now:
            self._granted.popleft()[1].start()
        if self._granted:
            loop.call_at(self._granted[0][0], self._look, loop)


_patience = _Patience()


async def _departure(receive: Receive) -> None:
    """Returns when the client has closed the connection, and not before."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_response(scope: Message, response: Response, receive: Receive, send: Send) -> None:
    stream = response.stream
    headers = response.headers
    # RFC 9110 §8.6: the length of a 304 would have to be that of the 200; the answer to a HEAD says its own
    if response.status != 304 and not any(name == b"content-length" for name, _ in headers):
        length = len(response.body) if stream is None else stream.length
        headers = [*headers, (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if stream is None:
        await send({"type": "http.response.body", "body": response.body})
    elif (cut := await _send_chunks(stream, receive, send)) is None:
        await send({"type": "http.response.body", "body": b""})
    elif CUT in scope:  # without it the server closes the connection of the unfinished answer
        scope[CUT](cut)


async def _send_chunks(stream: Stream, receive: Receive, send: Send) -> Cut | None:
    """Why it was cut; None where all of it was sent."""
    sent = 0
    client = asyncio.ensure_future(_departure(receive))
    try:
        async for chunk in stream.chunks:
            await asyncio.sleep(0)  # the turn of everybody else, and of the news that the client has left
            if client.done():
                return Cut.LEFT
            async with asyncio.timeout(STALLED):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            sent += len(chunk)
    except TimeoutError:
        return _told(Cut.STALLED)
    except Exception as error:  # noqa: BLE001 - the status is out already: all that is left is to stop
        log.exception("a response was cut", error)
        return Cut.SHORT
    finally:
        client.cancel()
        await stream.chunks.aclose()
    return None if sent == stream.length else _told(Cut.SHORT)


def _told(cut: Cut) -> Cut:
    if _TOLD.allow(cut.name):
        log.warning("a response was cut", reason=cut.value)
    return cut
