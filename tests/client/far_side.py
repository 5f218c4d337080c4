"""The far side of a conversation: a real HTTP server that records what arrives and answers as told."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda _: Answer()
        self.url = f"{scheme}://127.0.0.1:{server.server_port}"

    def say(self, *answers: Answer) -> None:
        """These answers, one after the other; the last one for ever."""
        rest = list(answers)
        self.answer = lambda _: rest.pop(0) if len(rest) > 1 else rest[0]

    def say_by_operation(self, **answers: Answer) -> None:
        self.answer = lambda request: answers[request.operation]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    far_side: FarSide

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body)
        self.far_side.received.append(received)
        answer = self.far_side.answer(received)
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(content))} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _handle  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def far_side(tls: ssl.SSLContext | None = None) -> Iterator[FarSide]:
    class Handler(_Handler):  # one for each far side, since it carries it
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        side = FarSide(server, "https" if tls else "http")
        Handler.far_side = side
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield side
        finally:
            server.shutdown()
            thread.join()
