"""The far side of a conversation: a real HTTP server that records what arrives and answers as told."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.http_server import serving


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def operation(self) -> str:
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    body: Any = field(default_factory=dict)  # bytes go out as they are, everything else as JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def aws_error(name: str, message: str = "no", status: int = 400) -> Answer:
    body = {"__type": f"com.amazonaws.acmpca#{name}", "message": message}
    return Answer(body, status, {"x-amzn-RequestId": "request-1"})


class FarSide:
    """`answer` decides; `received` is everything that came."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda _: Answer()
        self.url = ""

    def say(self, *answers: Answer) -> None:
        """These answers, one after the other; the last one for ever."""
        rest = list(answers)
        self.answer = lambda _: rest.pop(0) if len(rest) > 1 else rest[0]

    def say_by_operation(self, **answers: Answer) -> None:
        self.answer = lambda request: answers[request.operation]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: FarSide

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body)
        self.state.received.append(received)
        answer = self.state.answer(received)
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(content))} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _handle  # noqa: N815 - the names that http.server looks for


@contextmanager
def far_side(tls: ssl.SSLContext | None = None) -> Iterator[FarSide]:
    side = FarSide()
    with serving(_Handler, side, tls) as port:
        side.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield side
