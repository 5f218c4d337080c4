"""One request and one response over ASGI: the body within its limits, the client still there."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http.message import Headers, Pairs, Response, Stream
from privyseal.sparing import Sparing

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

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

    def hold(self, size: int) -> None:
        """Raises THROTTLED when there is no room."""
        if self._held + size > self._limit:
            text = "Too many large requests are under way: try again in a moment."
            raise PrivySealError(ErrorCode.THROTTLED, text)
        self._held += size

    def release(self, size: int) -> None:
        self._held -= size


class ClientLeftError(Exception):
    """The connection was closed before there was an answer."""


def check_size(size: int, most: int) -> None:
    """Raises TOO_LARGE."""
    if size > most:
        raise PrivySealError(ErrorCode.TOO_LARGE, f"The body is larger than {most} bytes.")


async def read_body(headers: Headers, receive: Receive, limits: Limits, most: int, bodies: Bodies) -> bytes:
    """The whole body of at most `most` bytes, which `bodies` holds until the caller releases them.

    Raises UNSUPPORTED_MEDIA, TOO_LARGE, THROTTLED or MALFORMED_REQUEST (too slow); then nothing is held.
    """
    if headers.all(b"content-encoding"):
        text = "A Content-Encoding is not accepted: send the body as it is."
        raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, text)
    chunks: list[bytes] = []
    try:
        size = await _read(receive, limits, most, bodies, chunks)
        check_size(size, most)
    except BaseException:
        bodies.release(sum(map(len, chunks)))
        raise
    return b"".join(chunks)


async def _read(receive: Receive, limits: Limits, most: int, bodies: Bodies, chunks: list[bytes]) -> int:
    """How many bytes came; those within the limit are in `chunks` and held."""
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
                    bodies.hold(len(chunk))
                    chunks.append(chunk)
    except TimeoutError:
        text = f"The body did not arrive within {limits.body_seconds:g} seconds."
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text) from None
    return size


# Members of the scope that `Connection` sets. This one closes the connection of an answer that was begun
# and does not go on.
CUT = "privyseal.cut"
# Another: the certificate of a client that TLS has asked for one, DER.
PEER = "privyseal.peer"
# Another: that the request is more than a head and so many octets.
IN_PARTS = "privyseal.in_parts"
# Another: that the client has left, and the work for it is cancelled. That may be only while `App` has this
# one in the scope: what has been refused is put on record whoever has left.
LEFT = "privyseal.left"
CANCELLABLE = "privyseal.cancellable"


async def while_client_waits(work: Coroutine[Any, Any, Response], receive: Receive) -> Response:
    """Run `work`; when its client leaves, cancel it and raise ClientLeftError."""
    task = asyncio.current_task()
    assert task is not None
    leaving = asyncio.ensure_future(_cancel_at_departure(task, receive))
    try:
        return await work
    except asyncio.CancelledError:
        if not leaving.done():
            raise
        task.uncancel()
        raise ClientLeftError from None
    finally:
        leaving.cancel()


async def _cancel_at_departure(task: asyncio.Task[Any], receive: Receive) -> None:
    await _departure(receive)
    task.cancel()


async def _departure(receive: Receive) -> None:
    """Returns when the client has closed the connection, and not before."""
    while (await receive())["type"] != "http.disconnect":
        pass


def framed(response: Response) -> Pairs:
    """The headers of a response with its length. RFC 9110 §8.6: that of a 304 would have to be the 200's;
    the answer to a HEAD says its own.
    """
    if response.status == 304 or b"content-length" in [name for name, _ in response.headers]:
        return response.headers
    length = len(response.body) if response.stream is None else response.stream.length
    return [*response.headers, (b"content-length", b"%d" % length)]


async def send_response(scope: Message, response: Response, receive: Receive, send: Send) -> None:
    stream = response.stream
    await send({"type": "http.response.start", "status": response.status, "headers": framed(response)})
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
