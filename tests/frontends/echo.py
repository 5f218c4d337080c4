"""A front-end that answers with what it was asked, or does what its path says."""

import asyncio
import json
from dataclasses import dataclass, field
from threading import Event

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Request, Response, problem


@dataclass
class Echo:
    name: str = "echo"
    cancelled: list[str] = field(default_factory=list)
    begun: Event = field(default_factory=Event)  # a slow request

    async def handle(self, request: Request) -> Response:
        if request.raw_path == b"/refuse":
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "as the path says")
        if request.raw_path == b"/internal":
            raise PrivySealError(ErrorCode.INTERNAL, "as the path says")
        if request.raw_path == b"/crash":
            message = "a secret detail"
            raise RuntimeError(message)
        if request.raw_path == b"/slow":
            self.begun.set()
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                self.cancelled.append(request.request_id)
                raise
        asked = {
            "frontend": self.name,
            "method": request.method,
            "path": request.path,
            "length": len(request.body),
            "headers": [name.decode() for name, _ in request.headers.pairs],
        }
        return Response(200, json.dumps(asked).encode(), [(b"content-type", b"application/json")])

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        status = 500 if error.code is ErrorCode.INTERNAL else 400
        return problem(request, status, error)
