"""uvicorn's connection with the limits that it lacks: on the head of a request and on its time.

Give it to uvicorn as `http=Connection`.
"""

import asyncio
from functools import partial
from typing import Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from privyseal.frontends.http.exchange import ARRIVED, CUT, PEER, Cut

_VERSIONS: Final = frozenset({"1.0", "1.1"})
_TOO_LARGE: Final = b"431 Request Header Fields Too Large"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"  # as uvicorn writes it
_TOO_SLOW: Final = b"408 Request Timeout"


class _RefusedError(Exception):
    """Raised in a callback of the parser, it ends the connection with a 400."""


class _OneWrite:
    """The transport of one response. Its head waits for the first of its body, as ASGI has it ("must not
    start sending the response to the client until it has received at least one Response Body event"), and
    goes with it: uvicorn writes them apart, which are two system calls.
    """

    __slots__ = ("_begun", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._begun = False

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif not self._begun and data != _CONTINUE:
            self._head, self._begun = data, True
            return
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if self._head:
            self._transport.write(self._head)
        self._transport.close()


class Connection(HttpToolsProtocol):
    """Closes a connection whose request head is too long, too slow, unclear, or followed by trailers, or
    whose chunks are more frame than body. Answers in one write.
    """

    head_bytes = 64 * 1024  # request line and headers
    head_fields = 100
    head_seconds = 10.0  # from the connection, or the first byte of a later request, to the head's end

    _in_head = True  # of the first or the next request
    _unfinished = 0  # bytes received since the last whole head, body octet or request
    _taken = 0  # bytes of the head's parts so far
    _deadline: asyncio.TimerHandle | None = None
    _peer: bytes | None = None  # DER of the certificate that the client has proved in the handshake

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if tls := transport.get_extra_info("ssl_object"):
            self._peer = tls.getpeercert(binary_form=True)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # httptools keeps what it has seen of a head or a trailer, and reads a chunk's extension for ever.
        self._unfinished += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unfinished > self.head_bytes:
            self._refuse(_TOO_LARGE)
        elif self._in_head or self.cycle.response_complete:
            self._start_deadline()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._taken = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._take(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._take(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if version not in _VERSIONS or hosts > 1 or (hosts == 0 and version == "1.1"):  # RFC 9112 §3.2
            raise _RefusedError
        self._in_head = False
        self._unfinished = 0
        self._stop_deadline()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        self.scope[ARRIVED] = True  # type: ignore[literal-required]
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if cycle.scope["method"] != "HEAD":  # an answer to it has no body
            cycle.transport = _OneWrite(self.transport)  # type: ignore[assignment]
        cycle.scope[CUT] = partial(self._cut, cycle)  # type: ignore[literal-required]
        if self._peer:
            cycle.scope[PEER] = self._peer  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, app)

    def _cut(self, cycle: RequestResponseCycle, why: Cut) -> None:
        """Close the connection of an answer that is not whole. uvicorn would log an error for each."""
        cycle.disconnected = True
        if why is Cut.SHORT:
            cycle.transport.close()  # what is under way still arrives
        else:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _take(self, size: int) -> None:
        """Count one part of the head."""
        self._taken += size
        is_trailer = not self._in_head
        if is_trailer or self._taken > self.head_bytes or len(self.headers) >= self.head_fields:
            raise _RefusedError

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self._refuse, _TOO_SLOW)

    def _stop_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes) -> None:
        self.transport.write(b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status)
        self.transport.close()
