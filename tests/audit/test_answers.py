"""The answer to a refusal comes after its record, and waits for nothing else."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.refusals import Attempt
from privyseal.frontends.http import App, Request, Response, Route, problem
from privyseal.meter import SilentMeter
from tests.audit.world import CALLER
from tests.frontends.live import serving

STATUS = {ErrorCode.ACCESS_DENIED: 403, ErrorCode.THROTTLED: 503, ErrorCode.UNAVAILABLE: 503}


class Refusing:
    """Refuses a change to everybody at /change, and a look at /look."""

    name = "refusing"

    async def handle(self, request: Request) -> Response:
        if request.raw_path == b"/change":
            request.attempt = Attempt("test:Change", CALLER, request.method)
        if request.raw_path == b"/done":
            return Response(200)
        raise PrivySealError(ErrorCode.ACCESS_DENIED, "no")

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return problem(request, STATUS[error.code], error)


@dataclass
class Book:
    """Records when it is let, or fails."""

    error: PrivySealError | None = None
    open: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    kept: list[Attempt] = field(default_factory=list)

    async def record(self, attempt: Attempt, error: PrivySealError) -> None:
        self.asked.set()
        await asyncio.to_thread(self.open.wait, 10)
        if self.error:
            raise self.error
        self.kept.append(attempt)


@pytest.fixture(name="book")
def book_fixture() -> Book:
    return Book()


@pytest.fixture(name="url")
def url_fixture(book: Book) -> Iterator[str]:
    routes = [Route(path, Refusing()) for path in (b"/change", b"/look", b"/done")]
    with serving(App(routes, SilentMeter(), refusals=book)) as url:
        yield url
        book.open.set()


def ask(url: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    with closing(connection):
        connection.request("POST", path)
        response = connection.getresponse()
        body = response.read()
        return response.status, str(json.loads(body)["code"]) if body else ""


def test_a_refusal_is_answered_when_it_is_on_record(url: str, book: Book) -> None:
    """And meanwhile everybody else is."""
    answers: list[tuple[int, str]] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(url, "/change")))
    waiting.start()
    assert book.asked.wait(10)
    assert ask(url, "/look") == (403, "access-denied")
    assert ask(url, "/done") == (200, "")
    assert (answers, book.kept) == ([], [])
    book.open.set()
    waiting.join(10)
    assert answers == [(403, "access-denied")]
    assert book.kept == [Attempt("test:Change", CALLER, "POST")]


@pytest.mark.parametrize("code", [ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE])
def test_what_cannot_be_recorded_is_answered_with_try_again(url: str, book: Book, code: ErrorCode) -> None:
    book.error = PrivySealError(code, "try again")
    book.open.set()
    assert ask(url, "/change") == (503, code.value)


def test_who_leaves_before_the_answer_is_on_record_all_the_same(url: str, book: Book) -> None:
    address = urlsplit(url)
    assert address.hostname
    with socket.create_connection((address.hostname, address.port or 80), timeout=10) as connection:
        connection.sendall(b"POST /change HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert book.asked.wait(10)
    time.sleep(0.5)  # longer than the server is patient with a client that it does not watch
    book.open.set()
    until = time.monotonic() + 10
    while not book.kept and time.monotonic() < until:
        time.sleep(0.01)
    assert len(book.kept) == 1
