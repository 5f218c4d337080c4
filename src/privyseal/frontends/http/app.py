"""The ASGI application: routes a request to its front-end, within limits, and answers whatever happens."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http.message import Headers, Request, Response, problem
from privyseal.meter import Meter

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A request that takes longer than this is watched: when its client leaves, its work is cancelled.
# Most are answered long before, and a watch costs more than they do.
_PATIENCE = 0.25  # seconds


class Frontend(Protocol):
    """One contract over HTTP. Its `name` is a label of the metrics."""

    @property
    def name(self) -> str: ...

    async def handle(self, request: Request) -> Response:
        """Answer, or raise a PrivySealError, which comes back through `refuse`."""
        ...

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        """The error in this front-end's own form. Must not raise; the body may not have been read."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """Requests for exactly `path`, or for everything below it when it ends with a slash and `below` is
    set. Compared byte for byte with the request line: an escaped path is another path. Without
    `methods` the front-end decides about them.
    """

    path: bytes
    frontend: Frontend
    methods: tuple[str, ...] = ()
    below: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    body: int = 1024 * 1024  # bytes; the largest legal CSR is 32 KB
    body_seconds: float = 10.0  # for the whole body to arrive
    discard: int = 16 * 1024 * 1024  # bytes of an oversized body that are read, so that its sender
    # gets to read the refusal instead of a reset connection


class App:
    def __init__(
        self,
        routes: Iterable[Route],
        meter: Meter,
        *,
        otherwise: Frontend | None = None,
        limits: Limits | None = None,
        access_log: bool = False,
        lifespan: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
    ) -> None:
        """`otherwise` gets what no route matches; without it that is a 404 problem document.
        `lifespan` is entered before the first request and left after the last.
        """
        routes = tuple(routes)
        self._exact = {route.path: route for route in routes if not route.below}
        self._below = sorted((r for r in routes if r.below), key=lambda r: len(r.path), reverse=True)
        for route in self._below:
            if not route.path.endswith(b"/"):
                message = f"the route {route.path!r} is for what is below it, so it must end with a slash"
                raise ValueError(message)
        self._otherwise = otherwise or NothingHere()
        self._meter = meter
        self._limits = limits or Limits()
        self._access_log = access_log
        self._lifespan = lifespan

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        client = scope.get("client")
        request = Request(
            method=scope["method"],
            raw_path=scope["raw_path"],
            raw_query=scope["query_string"],
            headers=Headers(scope["headers"]),
            client=client[0] if client else "",
            request_id=str(uuid.uuid4()),
        )
        route = self._match(request.raw_path)
        frontend = route.frontend if route else self._otherwise
        response = await self._answer(request, route, frontend, receive)
        self._account(request, frontend, response, time.perf_counter() - started)
        if response is not None:
            await _send(response, send)

    def _match(self, raw_path: bytes) -> Route | None:
        return self._exact.get(raw_path) or next(
            (r for r in self._below if raw_path.startswith(r.path)), None
        )

    async def _answer(
        self, request: Request, route: Route | None, frontend: Frontend, receive: Receive
    ) -> Response | None:
        """The response, or None when the client has left before there was one."""
        try:
            if route and route.methods and request.method not in route.methods:
                return _not_allowed(request, route)
            request.body = await _read_body(request.headers, receive, self._limits)
            return await _while_client_waits(frontend.handle(request), receive)
        except _ClientLeftError:
            return None
        except PrivySealError as error:
            if error.code is ErrorCode.INTERNAL:
                log.exception("request_failed", error, request_id=request.request_id)
            return frontend.refuse(request, error)
        except Exception as error:  # noqa: BLE001 - the last line: logged with its trace, silent on the wire
            log.exception("request_failed", error, request_id=request.request_id, frontend=frontend.name)
            message = f"An internal error occurred; the log has it under request id {request.request_id}."
            return frontend.refuse(request, PrivySealError(ErrorCode.INTERNAL, message))

    def _account(
        self, request: Request, frontend: Frontend, response: Response | None, seconds: float
    ) -> None:
        outcome = response.outcome if response else "client-left"
        labels = {"frontend": frontend.name, "operation": request.operation}
        self._meter.count("http_requests", outcome=outcome, **labels)
        self._meter.observe("http_request_seconds", seconds, **labels)
        if self._access_log:
            log.info(
                "request",
                request_id=request.request_id,
                client=request.client,
                method=request.method,
                path=request.path[:500],
                status=response.status if response else 0,
                outcome=outcome,
                milliseconds=round(seconds * 1000, 1),
                **labels,
            )

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan protocol: start, wait, stop."""
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:  # noqa: BLE001 - the server is told and ends
            log.exception("lifespan_failed", error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})


class NothingHere:
    """The front-end of paths that nobody serves."""

    name = "none"

    async def handle(self, request: Request) -> Response:
        raise PrivySealError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path[:200]}")

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return problem(request, _STATUS.get(error.code, 400), error)


_STATUS = {
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.INTERNAL: 500,
}


class _ClientLeftError(Exception):
    pass


def _not_allowed(request: Request, route: Route) -> Response:
    allowed = ", ".join(route.methods)
    error = PrivySealError(ErrorCode.METHOD_NOT_ALLOWED, f"The methods here are: {allowed}")
    response = route.frontend.refuse(request, error)
    response.headers.append((b"allow", allowed.encode()))
    return response


async def _read_body(headers: Headers, receive: Receive, limits: Limits) -> bytes:
    if headers.all(b"content-encoding"):
        message = "A Content-Encoding is not accepted: send the body as it is."
        raise PrivySealError(ErrorCode.UNSUPPORTED_MEDIA, message)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _ClientLeftError
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= limits.body:
                    chunks.append(chunk)
                if not message.get("more_body") or size > limits.discard:
                    break
    except TimeoutError:
        text = f"The body did not arrive within {limits.body_seconds:.0f} seconds."
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text) from None
    if size > limits.body:
        text = f"The body is larger than {limits.body} bytes."
        raise PrivySealError(ErrorCode.TOO_LARGE, text)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _while_client_waits(work: Any, receive: Receive) -> Response:
    """Run `work`; when its client leaves, cancel it and raise _ClientLeftError."""
    task = asyncio.current_task()
    assert task is not None
    left = False

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        left = True
        task.cancel()

    watching: list[asyncio.Task[None]] = []
    timer = asyncio.get_running_loop().call_later(
        _PATIENCE, lambda: watching.append(asyncio.ensure_future(watch()))
    )
    try:
        response: Response = await work
    except asyncio.CancelledError:
        if left:
            task.uncancel()
            raise _ClientLeftError from None
        raise
    finally:
        timer.cancel()
        for watcher in watching:
            watcher.cancel()
    return response


async def _send(response: Response, send: Send) -> None:
    headers: Sequence[tuple[bytes, bytes]] = [
        *response.headers,
        (b"content-length", str(len(response.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
