"""`/healthz`: this process answers. `/readyz`: so does what it stands on. `/metrics`: its numbers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Request, Response, problem

METRICS_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

STATUS: Mapping[ErrorCode, int] = {ErrorCode.METHOD_NOT_ALLOWED: 405, ErrorCode.UNAVAILABLE: 503}

Run = Callable[..., Awaitable[Any]]


class Health:
    """`ping` raises when the store cannot answer; `render` gives the metrics text."""

    name = "health"

    def __init__(self, run: Run, ping: Callable[[], None], render: Callable[[], bytes]) -> None:
        self._run = run
        self._ping = ping
        self._render = render

    async def handle(self, request: Request) -> Response:
        request.operation = request.path.lstrip("/")
        if request.raw_path == b"/metrics":
            text = await self._run(self._render)
            return Response(200, text, [(b"content-type", METRICS_TYPE)])
        if request.raw_path == b"/readyz":
            await self._run(self._ping)
        return Response(200, b"ok\n", [(b"content-type", b"text/plain")])

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return problem(request, STATUS.get(error.code, 500), error)
