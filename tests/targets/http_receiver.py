"""An HTTP server that keeps what is posted to it, and answers as a test wants it."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from tests.http_server import serving


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Receiver:
    """`answer` writes what follows a request; None: 204."""

    def __init__(self) -> None:
        self.port = 0
        self.posted: list[Posted] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.answer: Callable[[BaseHTTPRequestHandler], None] | None = None


class _Handler(BaseHTTPRequestHandler):
    state: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.state.answer:
            self.state.answer(self)
            return
        self.state.posted.append(Posted(self.path, headers, body))
        self.send_response(self.state.status)
        for name, value in self.state.headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    state = Receiver()
    with serving(_Handler, state, tls) as state.port:
        yield state
