"""`/healthz`: this process answers. `/readyz`: so does all that it stands on. `/metrics`: its numbers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Request, Response, problem
from privyseal.sparing import Sparing

METRICS_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
# Probes come every few seconds: the same fault is logged once in so long.
LOGGED_S = 60.0

STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.THROTTLED: 503,
    ErrorCode.UNAVAILABLE: 503,
}

Run = Callable[..., Awaitable[Any]]
# Each raises where what it is named after is not there.
Checks = Mapping[str, Callable[[], None]]


class Health:
    """`checks` are what `/readyz` asks; `render` gives the metrics text."""

    name = "health"

    def __init__(self, run: Run, checks: Checks, render: Callable[[], bytes]) -> None:
        self._run = run
        self._checks = checks
        self._render = render
        self._logged = Sparing(LOGGED_S)

    async def handle(self, request: Request) -> Response:
        request.operation = request.path.lstrip("/")
        if request.raw_path == b"/metrics":
            text = await self._run(self._render)
            return Response(200, text, [(b"content-type", METRICS_TYPE)])
        if request.raw_path == b"/readyz":
            await self._run(self._check)
        return Response(200, b"ok\n", [(b"content-type", b"text/plain")])

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return problem(request, STATUS.get(error.code, 500), error)

    def _check(self) -> None:
        """All of them, so that the answer says all that is wrong; why is for the log alone."""
        failed = [name for name, check in self._checks.items() if not self._is_good(name, check)]
        if failed:
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"Not ready: {', '.join(failed)}.")

    def _is_good(self, name: str, check: Callable[[], None]) -> bool:
        try:
            check()
        except PrivySealError as error:
            if self._logged.allow(name):
                log.warning("not ready", check=name, error=error.message)
            return False
        return True
