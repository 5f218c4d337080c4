"""The ASGI application: routes a request to its front-end, and answers whatever happens."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends.http.exchange import (
    CANCELLABLE,
    LEFT,
    PEER,
    Bodies,
    ClientLeftError,
    Limits,
    Message,
    Receive,
    Send,
    check_size,
    read_body,
    send_response,
    while_client_waits,
)
from privyseal.frontends.http.message import Headers, Pairs, Request, Response, problem
from privyseal.meter import Meter
from privyseal.tracing import Tracer


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


class Refusals(Protocol):
    """Keeps what was refused; `events.refusals.Refusals`."""

    async def record(self, attempt: Attempt, error: PrivySealError) -> None:
        """Return when it is on record. Raises THROTTLED or UNAVAILABLE when it cannot be."""
        ...


class Ready(Protocol):
    """Answers that are ready: they need nothing to be waited for, not so much as a `Request`."""

    def ready(self, method: str, raw_path: bytes, headers: Pairs, body: bytes) -> Response | None:
        """None for what has to go through `handle`. Must not raise."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """Requests for exactly `path`; with `below`, for everything under it (it then ends with a slash);
    with `ending`, for every path that ends with it and is no other route's. Paths are compared byte for
    byte with the request line: an escaped path is another path. Without `methods` the front-end decides
    about them.
    """

    path: bytes
    frontend: Frontend
    methods: tuple[str, ...] = ()
    below: bool = False
    ending: bool = False
    body: int | None = None  # bytes of a body at most; the application's limit where it is not given
    ready: Ready | None = None  # asked first, unless requests are logged or traced


class App:
    def __init__(
        self,
        routes: Iterable[Route],
        meter: Meter,
        *,
        otherwise: Frontend | None = None,
        limits: Limits | None = None,
        access_log: bool = False,
        refusals: Refusals | None = None,
        tracer: Tracer | None = None,
        lifespan: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
    ) -> None:
        """`otherwise` gets what no route matches; without it that is a 404 problem document.
        `lifespan` is entered before the first request and left after the last. Without `refusals`
        nothing is served that changes anything.
        """
        routes = tuple(routes)
        self._exact = {route.path: route for route in routes if not (route.below or route.ending)}
        self._ending = tuple(route for route in routes if route.ending)
        self._below = sorted((r for r in routes if r.below), key=lambda r: len(r.path), reverse=True)
        self._everywhere = next((r for r in self._below if r.path == b"/"), None)
        for route in self._below:
            if not route.path.endswith(b"/"):
                message = f"the route {route.path!r} is for what is below it: it must end with a slash"
                raise ValueError(message)
        self._otherwise = otherwise or NothingHere()
        self._meter = meter
        self._limits = limits or Limits()
        self._bodies = Bodies(self._limits.all_bodies)
        self._access_log = access_log
        self._refusals = refusals
        self._tracer = tracer
        self._whole = access_log or tracer is not None  # what is told of each request needs a `Request`
        self._lifespan = lifespan

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def at_once(self, scope: Message, body: bytes) -> Response | None:
        """The answer to a request that has arrived whole, where it is ready."""
        if self._whole:
            return None
        started = time.perf_counter()
        route = self._match(scope["raw_path"])
        if route is None or route.ready is None:
            return None
        method = scope["method"]
        if method not in route.methods or (route.body is not None and len(body) > route.body):
            return None
        response = route.ready.ready(method, scope["raw_path"], scope["headers"], body)
        if response:
            seconds = time.perf_counter() - started
            self._meter.answered(route.frontend.name, method, response.outcome, seconds)
        return response

    def respond(self, scope: Message, body: bytes) -> Coroutine[Any, Any, Response | None]:
        """The answer to a request that has arrived whole, its body as it is. Its task may be cancelled
        when its client leaves, with LEFT in the scope, while CANCELLABLE is there: then None.
        """
        return self._respond(scope, body, None)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """A request that comes in parts."""
        response = await self._respond(scope, None, receive)
        if response:
            await send_response(scope, response, receive, send)

    async def _respond(self, scope: Message, body: bytes | None, receive: Receive | None) -> Response | None:
        """The body is there or is received. Without `receive` others look whether the client leaves."""
        started = time.perf_counter()
        route = self._match(scope["raw_path"])
        frontend = route.frontend if route else self._otherwise
        client = scope.get("client")
        request = Request(
            method=scope["method"],
            raw_path=scope["raw_path"],
            raw_query=scope["query_string"],
            headers=Headers(list(scope["headers"])),  # a copy: a server may add trailers to its list
            client=client[0] if client else "",
            request_id=_request_ids.next(),
            peer=scope.get(PEER),
        )
        log.task_is_about({"request_id": request.request_id})  # each request is a task of its own
        try:
            response = await self._answer(scope, request, route, body, receive)
        except asyncio.CancelledError:  # the server stops and waits no longer; it would log a trace
            response = None if LEFT in scope else _cut_short(request, frontend)
        finally:
            self._bodies.release(len(request.body))
            request.body = b""  # an error's trace may keep the request until the next collection
        seconds = time.perf_counter() - started
        outcome = response.outcome if response else "client-left"
        self._meter.answered(frontend.name, request.operation, outcome, seconds)
        if self._whole:
            self._tell(request, frontend, response, outcome=outcome, seconds=seconds)
        return response

    def _match(self, raw_path: bytes) -> Route | None:
        return (
            self._exact.get(raw_path)
            or next((r for r in self._below if raw_path.startswith(r.path) and r.path != b"/"), None)
            or next((r for r in self._ending if raw_path.endswith(r.path)), None)
            or self._everywhere
        )

    async def _answer(
        self,
        scope: Message,
        request: Request,
        route: Route | None,
        body: bytes | None,
        receive: Receive | None,
    ) -> Response | None:
        """The response, or None when the client has left before there was one."""
        frontend = route.frontend if route else self._otherwise
        try:
            if route and route.methods and request.method not in route.methods:
                return _not_allowed(request, route)
            try:
                most = self._limits.body if route is None or route.body is None else route.body
                if receive is not None:
                    body = await read_body(request.headers, receive, self._limits, most, self._bodies)
                elif body:
                    check_size(len(body), most)
                    self._bodies.hold(len(body))
                request.body = body or b""
            except PrivySealError as error:
                return _closing(frontend.refuse(request, error))
            work = frontend.handle(request)
            if receive is None:
                scope[CANCELLABLE] = True
            else:
                work = while_client_waits(work, receive)
            try:
                return await work
            finally:
                scope.pop(CANCELLABLE, None)
        except ClientLeftError:
            return None
        except PrivySealError as error:
            if error.code is ErrorCode.INTERNAL:
                log.exception("request_failed", error, request_id=request.request_id, frontend=frontend.name)
            return frontend.refuse(request, await self._recorded(request, error))
        except Exception as error:  # noqa: BLE001 - the last line: logged with its trace, silent on the wire
            log.exception("request_failed", error, request_id=request.request_id, frontend=frontend.name)
            message = f"An internal error occurred; the log has it under the request id {request.request_id}."
            return frontend.refuse(request, PrivySealError(ErrorCode.INTERNAL, message))

    async def _recorded(self, request: Request, error: PrivySealError) -> PrivySealError:
        """The error to answer with: the refusal once it is on record, else why it could not be."""
        if request.attempt is None or self._refusals is None:
            return error
        try:
            await self._refusals.record(request.attempt, error)
        except PrivySealError as unrecorded:
            return unrecorded
        return error

    def _tell(
        self,
        request: Request,
        frontend: Frontend,
        response: Response | None,
        *,
        outcome: str,
        seconds: float,
    ) -> None:
        """Log it and trace it, where that is wanted."""
        if self._access_log:
            log.info(
                "request",
                client=request.client,
                method=request.method,
                path=request.path[:500],
                frontend=frontend.name,
                operation=request.operation,
                status=response.status if response else 0,
                outcome=outcome,
                milliseconds=round(seconds * 1000, 1),
            )
        if self._tracer is not None:
            _trace(self._tracer, request, frontend, response, outcome=outcome, seconds=seconds)

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan protocol: start, wait for the order to stop, stop."""
        await receive()
        phase = "startup"
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except Exception as error:  # noqa: BLE001 - the server is told and ends
            log.exception(f"{phase}_failed", error)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})


def _trace(
    tracer: Tracer,
    request: Request,
    frontend: Frontend,
    response: Response | None,
    *,
    outcome: str,
    seconds: float,
) -> None:
    """Names of attributes: OpenTelemetry's semantic conventions for HTTP, and our own."""
    status = response.status if response else 0
    tracer.ended(
        f"{frontend.name} {request.operation}".strip(),
        time.time_ns() - int(seconds * 1e9),
        {
            "http.request.method": request.method,
            "http.response.status_code": status,
            "privyseal.frontend": frontend.name,
            "privyseal.operation": request.operation,
            "privyseal.outcome": outcome,
            "privyseal.request_id": request.request_id,
        },
        failed=status >= 500,
        parent=next(iter(request.headers.all(b"traceparent")), None),
    )


class _RequestIds:
    """UUIDs that tell requests apart and protect nothing: random ones for each process, of which the last
    twelve digits count. Making one costs a tenth of what a random one does.
    """

    def __init__(self) -> None:
        digits = f"{random.getrandbits(128):032x}"
        self._head = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-"
        self._numbers = count(random.getrandbits(44))  # far from where twelve digits end

    def next(self) -> str:
        return f"{self._head}{next(self._numbers):012x}"


_request_ids = _RequestIds()


_NOTHING_HERE_STATUS = {
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.THROTTLED: 503,
    ErrorCode.INTERNAL: 500,
}


class NothingHere:
    """The front-end of paths that nobody serves."""

    name = "none"

    async def handle(self, request: Request) -> Response:
        raise PrivySealError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path[:200]}")

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return problem(request, _NOTHING_HERE_STATUS.get(error.code, 400), error)


def _not_allowed(request: Request, route: Route) -> Response:
    allowed = ", ".join(route.methods)
    error = PrivySealError(ErrorCode.METHOD_NOT_ALLOWED, f"The methods here are: {allowed}")
    response = route.frontend.refuse(request, error)
    response.headers.append((b"allow", allowed.encode()))
    return response


def _cut_short(request: Request, frontend: Frontend) -> Response:
    log.warning("request_cut_short", request_id=request.request_id, frontend=frontend.name)
    text = "The service is stopping and has not come to an end with this request: try again."
    return _closing(frontend.refuse(request, PrivySealError(ErrorCode.UNAVAILABLE, text)))


def _closing(response: Response) -> Response:
    """The same, ending a connection on which unread bytes of a body may still arrive."""
    response.headers.append((b"connection", b"close"))
    return response
