"""Bodies that are sent while they are read: whole, or visibly not."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Iterator
from urllib.parse import urlsplit

import pytest

from privyseal.errors import PrivySealError
from privyseal.frontends.http import App, Request, Response, Route, Stream, problem
from privyseal.frontends.http import exchange as http_exchange
from privyseal.meter import SilentMeter
from privyseal.sparing import Sparing
from tests.frontends.live import serving
from tests.frontends.raw import exchange

CHUNK = bytes(range(256)) * 1024


class Streaming:
    """`/N`: a stream of N chunks; `/cut`: one that ends early; `/crash`: one that fails on its way."""

    name = "streaming"

    def __init__(self) -> None:
        self.sent = 0
        self.closed = 0

    async def handle(self, request: Request) -> Response:
        count = {b"/cut": 3, b"/crash": 3}.get(request.raw_path) or int(request.raw_path[1:])
        return Response(200, stream=Stream(count * len(CHUNK), self._chunks(request.raw_path, count)))

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return problem(request, 400, error)

    async def _chunks(self, path: bytes, count: int) -> AsyncGenerator[bytes, None]:
        try:
            for number in range(count):
                if number == 1 and path == b"/cut":
                    return
                if number == 1 and path == b"/crash":
                    message = "the disk is away"
                    raise RuntimeError(message)
                self.sent += 1
                yield CHUNK
        finally:
            self.closed += 1


STREAMING = Streaming()


@pytest.fixture(scope="module", name="url")
def url_fixture() -> Iterator[str]:
    with serving(App([Route(b"/", STREAMING, below=True)], SilentMeter())) as base:
        yield base


def _ask(url: str, path: str, method: str = "GET") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    return exchange(url, head.encode()).body


def test_a_stream_arrives_whole_and_the_connection_goes_on(url: str) -> None:
    """Two on one connection, of a length that was said before."""
    host = urlsplit(url)
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        file = connection.makefile("rb")
        for _ in range(2):
            connection.sendall(b"GET /20 HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b" 200 " in file.readline()
            length = 0
            while (line := file.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            assert length == 20 * len(CHUNK)
            assert file.read(length) == CHUNK * 20


@pytest.mark.parametrize("path", ["/cut", "/crash"])
def test_a_stream_that_ends_early_closes_the_connection(url: str, path: str) -> None:
    """The client has fewer octets than were promised, and no second answer after them."""
    assert _ask(url, path) == CHUNK


def test_streams_that_end_early_leave_one_line_a_minute(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers can bring about as many as they like."""
    monkeypatch.setattr(http_exchange, "_TOLD", Sparing(60))
    for _ in range(3):
        assert _ask(url, "/cut") == CHUNK
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "a response was cut")
    ]


def test_a_client_that_leaves_ends_the_stream(url: str) -> None:
    """Nothing more is read for it, and what the stream holds is given back."""
    host = urlsplit(url)
    before = STREAMING.sent, STREAMING.closed
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        connection.sendall(b"GET /100000 HTTP/1.1\r\nhost: x\r\n\r\n")
        connection.recv(1000)
    until = time.monotonic() + 5
    while before[1] == STREAMING.closed and time.monotonic() < until:
        time.sleep(0.01)
    assert STREAMING.closed == before[1] + 1
    assert STREAMING.sent - before[0] < 1000


def test_a_client_that_takes_nothing_gets_no_more(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It must not hold what a stream holds for ever, and little is read ahead for it."""
    monkeypatch.setattr(http_exchange, "STALLED", 0.2)
    host = urlsplit(url)
    before = STREAMING.sent, STREAMING.closed
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        connection.sendall(b"GET /100000 HTTP/1.1\r\nhost: x\r\n\r\n")
        until = time.monotonic() + 5
        while before[1] == STREAMING.closed and time.monotonic() < until:
            time.sleep(0.01)
        assert STREAMING.closed == before[1] + 1
        assert (STREAMING.sent - before[0]) * len(CHUNK) < 64 * 1024 * 1024
        while connection.recv(1 << 20):  # until the connection is closed
            pass
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_streams_of_many_clients_take_turns(url: str) -> None:
    """One that is slow does not keep the others."""

    async def one() -> bytes:
        return await asyncio.to_thread(_ask, url, "/8")

    async def several() -> list[bytes]:
        return list(await asyncio.gather(*(one() for _ in range(8))))

    assert asyncio.run(several()) == [CHUNK * 8] * 8
