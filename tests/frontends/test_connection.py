"""Connections that are too large, too slow or not HTTP end without reaching a front-end."""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from privyseal.frontends.http import App, Route
from privyseal.frontends.http.connection import Connection
from privyseal.meter import SilentMeter
from tests.frontends.echo import Echo
from tests.frontends.live import serving
from tests.frontends.raw import exchange

GOOD = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(App([Route(b"/", Echo())], SilentMeter())) as base:
        yield base


REFUSED = {
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a lower case method": b"post / HTTP/1.1\r\nhost: x\r\n\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\nhost: x\r\n\r\n",
    "another version": b"GET / HTTP/3.0\r\nhost: x\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a NUL in the path": b"GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n",
    "bytes over 127 in the path": b"GET /\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n",
    "a proxy request": b"CONNECT ca.example:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    "space before the colon": HEAD + b"x-amz-target : y\r\n\r\n",
    "a folded header": HEAD + b"x-a: y\r\n z\r\n\r\n",
    "a NUL in a header": HEAD + b"x-a: y\0z\r\n\r\n",
    "a bare carriage return": HEAD + b"x-a: y\rz\r\n\r\n",
    "a nameless header": HEAD + b": y\r\n\r\n",
    "two lengths": HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "two equal lengths": HEAD + b"content-length: 1\r\ncontent-length: 1\r\n\r\nx",
    "a length and chunks": HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": HEAD + b"content-length: -1\r\n\r\n",
    "a signed length": HEAD + b"content-length: +1\r\n\r\nx",
    "a huge length": HEAD + b"content-length: 99999999999999999999999\r\n\r\n",
    "a length with words": HEAD + b"content-length: 1 2\r\n\r\n",
    "an unknown transfer coding": HEAD + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk of 2^72 bytes": HEAD + b"transfer-encoding: chunked\r\n\r\n1000000000000000000\r\n",
    "a chunk size that is no number": HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "a trailer": HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\nx-amz-target: y\r\n\r\n",
    "too many headers": HEAD + b"".join(b"x-%d: y\r\n" % n for n in range(200)) + b"\r\n",
    "a long header": HEAD + b"x-a: " + b"y" * 100_000 + b"\r\n\r\n",
    "a long header name": HEAD + b"x" * 100_000 + b": y\r\n\r\n",
    "a long path": b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    "an endless header": HEAD + b"x-a: " + b"y" * 1_000_000,
    "an endless path": b"GET /" + b"y" * 1_000_000,
    "endless headers": HEAD + b"x-a: y\r\n" * 100_000,
}


@pytest.mark.parametrize("sent", [pytest.param(sent, id=name) for name, sent in REFUSED.items()])
def test_what_is_not_one_clear_request_ends_the_connection(url: str, sent: bytes) -> None:
    """With a 4xx where it can still be read; whatever follows is not looked at."""
    answer = exchange(url, sent + GOOD)
    assert answer.closed
    assert 200 not in answer.statuses
    assert all(400 <= status < 500 for status in answer.statuses)
    assert len(answer.statuses) <= 1
    assert b"Traceback" not in answer.raw


def test_a_good_request_is_answered_and_the_connection_kept(url: str) -> None:
    """What the refusals above differ from; also in pieces, and two at once."""
    assert exchange(url, GOOD, silence=0.2).statuses == [200]
    assert exchange(url, *(bytes([byte]) for byte in GOOD), silence=0.2).statuses == [200]
    answer = exchange(url, GOOD + GOOD, silence=0.2)
    assert answer.statuses == [200, 200]
    assert not answer.closed


def test_a_head_just_within_the_limits_is_fine(url: str) -> None:
    """A hundred fields, sixty kilobytes."""
    fields = b"".join(b"x-%02d: %b\r\n" % (n, b"y" * 600) for n in range(99))
    assert exchange(url, b"GET / HTTP/1.1\r\nhost: x\r\n" + fields + b"\r\n", silence=0.2).statuses == [200]


def test_an_upgrade_is_not_followed(url: str) -> None:
    """The request is answered in HTTP/1.1, or refused."""
    head = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert 101 not in exchange(url, head, silence=0.2).statuses


class Impatient(Connection):
    head_seconds = 0.3


@pytest.fixture(scope="module")
def impatient_url() -> Iterator[str]:
    with serving(App([Route(b"/", Echo())], SilentMeter()), Impatient) as base:
        yield base


@pytest.mark.parametrize(
    "parts", [[b""], [b"GET / HT"], [b"\r\n"], [HEAD], [GOOD + b"GET / HT"], [GOOD, b"\r\n"], [GOOD, b"GET"]]
)
def test_a_head_that_does_not_arrive_is_given_up(impatient_url: str, parts: list[bytes]) -> None:
    """The first on a connection and every later one: an idle peer holds nothing for long."""
    address = urlsplit(impatient_url)
    started = time.monotonic()
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.1)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert time.monotonic() - started < 2
    assert received.count(b"200 OK") == b"".join(parts).count(GOOD)
    assert b"408 Request Timeout" in received


def test_an_answer_comes_in_one_piece(url: str) -> None:
    """Head and body are one write: whoever reads once has both."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for _ in range(20):
            connection.sendall(GOOD)
            head, end, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert end
            assert body


class Restless(Connection):
    """Lets a connection rest for 0.4 seconds."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.timeout_keep_alive = 0.4  # type: ignore[assignment]
        super().connection_made(transport)


def test_a_connection_that_rests_is_closed_and_one_that_is_used_is_not() -> None:
    """Its rest begins anew with each answer."""
    with serving(App([Route(b"/", Echo())], SilentMeter()), Restless) as base:
        address = urlsplit(base)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            for _ in range(5):
                connection.sendall(GOOD)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
                time.sleep(0.2)
            started = time.monotonic()
            assert connection.recv(65536) == b""
            assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "parts",
    [
        [GOOD + HEAD + b"content-length: 3\r\n\r\nab", b"c"],
        [GOOD + GOOD + HEAD + b"content-le", b"ngth: 3\r\n\r\nabc"],
        [HEAD + b"content-length: 3\r\n\r\n", b"abc" + GOOD],
        [HEAD + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + GOOD],
        [HEAD + b"content-length: 70000\r\n\r\n" + b"a" * 70_000 + GOOD],
    ],
    ids=["half a body", "half a head", "a body apart", "chunks", "a long body"],
)
def test_requests_that_come_whole_and_such_that_do_not_share_a_connection(
    url: str, parts: list[bytes]
) -> None:
    """Each is answered, in order, however they are cut into pieces."""
    answer = exchange(url, *parts, silence=0.5)
    assert answer.statuses == [200] * (b"".join(parts).count(b"HTTP/1.1"))
    asked = re.findall(rb"(GET|POST) / HTTP", b"".join(parts))
    assert re.findall(rb'"method": "(\w+)"', answer.raw) == asked


def test_an_answer_to_head_has_the_length_and_no_body(url: str) -> None:
    answer = exchange(url, b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n" + GOOD, silence=0.2)
    assert answer.statuses == [200, 200]
    assert answer.raw.count(b'"frontend"') == 1


def test_a_connection_that_is_to_close_is_closed_after_the_answer(url: str) -> None:
    for request in (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"):
        answer = exchange(url, request + GOOD, silence=5)
        assert answer.statuses == [200]
        assert answer.closed
        assert b"connection: close\r\n" in answer.raw
