"""uvicorn's connection with the limits that it lacks: on the head of a request and on its time.

Give it to uvicorn as `http=Connection`.
"""

import asyncio
from functools import partial
from typing import Final, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from privyseal import log
from privyseal.frontends.http.app import App
from privyseal.frontends.http.exchange import (
    CANCELLABLE,
    CUT,
    IN_PARTS,
    LEFT,
    PEER,
    Cut,
    Message,
    framed,
    send_response,
)
from privyseal.frontends.http.message import Response

_VERSIONS: Final = frozenset({"1.0", "1.1"})
_TOO_LARGE: Final = b"431 Request Header Fields Too Large"
_TOO_SLOW: Final = b"408 Request Timeout"
# Header fields of a request that make it more than a head and so many octets.
_FIELDS_OF_PARTS: Final = frozenset({b"transfer-encoding", b"expect", b"content-encoding", b"upgrade"})


class _RefusedError(Exception):
    """Raised in a callback of the parser, it ends the connection with a 400."""


class Connection(HttpToolsProtocol):
    """Closes a connection whose request head is too long, too slow, unclear, or followed by trailers, or
    whose chunks are more frame than body.

    A request that arrives whole, as nearly all do, is given to `App` at once: the messages of ASGI would
    cost as much as the rest of HTTP does. Everything else goes the way of ASGI.
    """

    head_bytes = 64 * 1024  # request line and headers
    head_fields = 100
    head_seconds = 10.0  # from the connection, or the first byte of a later request, to the head's end

    _in_head = True  # of the first or the next request
    _unfinished = 0  # bytes received since the last whole head, body octet or request
    _fields = 0  # header fields of the request whose body is awaited
    _deadline: asyncio.TimerHandle | None = None
    _reading = False  # what has been received is being parsed
    _first: RequestResponseCycle | None = None  # the exchange whose request began in what is parsed
    _exchange: "tuple[RequestResponseCycle, asyncio.Task[None]] | None" = None  # of a request that came whole
    _resting: float | None = None  # since when the connection waits for its next request
    _rest: asyncio.TimerHandle | None = None
    _peer: bytes | None = None  # DER of the certificate that the client has proved in the handshake

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if tls := transport.get_extra_info("ssl_object"):
            self._peer = tls.getpeercert(binary_form=True)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        if self._rest:
            self._rest.cancel()
        super().connection_lost(exc)
        if self._exchange:
            cycle, task = self._exchange
            cycle.disconnected = True
            if CANCELLABLE in cycle.scope:
                _scope(cycle)[LEFT] = True
                task.cancel()

    def data_received(self, data: bytes) -> None:
        # httptools keeps what it has seen of a head or a trailer, and reads a chunk's extension for ever.
        self._resting = None
        self._unfinished += len(data)
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self.transport.is_closing():
            return
        if self._unfinished > self.head_bytes:
            self._refuse(_TOO_LARGE)
            return
        if cycle := self._first:
            self._first = None
            self._begin(cycle, self.app, at_once=True)
        if self._in_head or (self._unfinished and self.cycle.response_complete):
            self._start_deadline()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        names = [name for name, _ in self.headers]
        version = self.parser.get_http_version()
        hosts = names.count(b"host")
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if (
            version not in _VERSIONS
            or hosts > 1
            or (hosts == 0 and version == "1.1")  # RFC 9112 §3.2
            or size > self.head_bytes
            or len(names) > self.head_fields
        ):
            raise _RefusedError
        self._in_head = False
        self._fields = len(names)
        self._unfinished = 0
        self._stop_deadline()
        if not _FIELDS_OF_PARTS.isdisjoint(names):
            cast("Message", self.scope)[IN_PARTS] = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if len(self.headers) > self._fields:  # trailers, which httptools takes for headers
            raise _RefusedError
        self._unfinished = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._reading:
            self._first = cycle  # the rest of it may be in what is being read
        else:
            self._begin(cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: ASGI3Application, *, at_once: bool = False) -> None:
        """`at_once` is for the first request of what was received: those behind it are begun by the answer
        before them, each within the last, and there may be thousands.
        """
        scope = _scope(cycle)
        if self._peer:
            scope[PEER] = self._peer
        if cycle.more_body or IN_PARTS in scope or not isinstance(app, App):
            scope[CUT] = partial(self._cut, cycle)
            super()._start_asgi_task(cycle, app)
            return
        body = bytes(cycle.body)
        if at_once and (response := app.at_once(scope, body)):
            self._write(cycle, response)
            return
        task = self.loop.create_task(self._answer(cycle, app, scope, body))
        self._exchange = cycle, task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, cycle: RequestResponseCycle, app: App, scope: Message, body: bytes) -> None:
        try:
            response = await app.respond(scope, body)
            self._exchange = None
            if response is None or cycle.disconnected:
                self.transport.close()
            elif response.stream is None and not self.flow.write_paused:
                self._write(cycle, response)
            else:
                scope[CUT] = partial(self._cut, cycle)
                await send_response(scope, response, cycle.receive, cycle.send)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - the last line: a connection must not wait for ever
            log.exception("a response was not sent", error)
            self.transport.close()

    def _write(self, cycle: RequestResponseCycle, response: Response) -> None:
        """Head and body in one piece."""
        headers = [*self.server_state.default_headers, *framed(response)]
        if (b"connection", b"close") in headers:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            headers.append((b"connection", b"close"))
        if HEADER_VALUE_RE.search(b"".join([value for _, value in headers])):
            message = "a header of a response has a control character in it"
            raise RuntimeError(message)
        parts = [STATUS_LINE[response.status]]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n")
        if cycle.scope["method"] != "HEAD":
            parts.append(response.body)
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(parts))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _cut(self, cycle: RequestResponseCycle, why: Cut) -> None:
        """Close the connection of an answer that is not whole. uvicorn would log an error for each."""
        cycle.disconnected = True
        if why is Cut.SHORT:
            cycle.transport.close()  # what is under way still arrives
        else:
            self.transport.abort()

    def on_response_complete(self) -> None:
        """As uvicorn does it, but for its timer: one for each connection, not two calls for each request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._resting = self.loop.time()
        if self._rest is None:
            self._rest = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        """Close the connection if it has rested for long enough; else look again when it may have."""
        now = self.loop.time()
        ends = (self._resting or now) + self.timeout_keep_alive
        if self._resting is not None and ends <= now:
            self._rest = None
            self.timeout_keep_alive_handler()
        else:
            self._rest = self.loop.call_at(ends, self._look)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

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


def _scope(cycle: RequestResponseCycle) -> Message:
    return cast("Message", cycle.scope)
