"""Every request reaches its front-end or is refused, within limits, whatever happens."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from privyseal.errors import ErrorCode
from privyseal.frontends.http import App, Limits, Route
from privyseal.meter import SilentMeter
from tests.frontends.echo import Echo
from tests.frontends.live import serving
from tests.frontends.raw import Answer, exchange

ECHO = Echo()
API = Echo("api")
LIMITS = Limits(body=1000, body_seconds=1.0, discard=20_000)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    routes = [
        Route(b"/", ECHO),
        Route(b"/provision", ECHO, methods=("POST", "PUT")),
        Route(b"/api/", API, below=True),
        Route(b"/api/v1/special/", ECHO, below=True),
        *(Route(b"/" + path, ECHO) for path in (b"refuse", b"internal", b"crash", b"slow")),
    ]
    with serving(App(routes, SilentMeter(), limits=LIMITS)) as base:
        yield base


def _ask(url: str, path: str, method: str = "GET", headers: str = "", body: bytes = b"") -> Answer:
    length = f"content-length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{length}{headers}\r\n"
    return exchange(url, head.encode("latin-1") + body)


@pytest.mark.parametrize(
    ("path", "frontend"),
    [
        ("/", "echo"),
        ("/?x=/provision", "echo"),
        ("/api/v1/certificates", "api"),
        ("/api/", "api"),
        (
            "/api/../provision",
            "api",
        ),  # below /api/ for the router; what it means is the front-end's to refuse
        ("/api/v1/special/x", "echo"),
    ],
)
def test_a_path_reaches_the_front_end_that_it_names(url: str, path: str, frontend: str) -> None:
    """The exact one, or the longest that it is below."""
    assert json.loads(_ask(url, path).body)["frontend"] == frontend


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/apix/v1",
        "/API/v1/certificates",
        "//api/v1/certificates",
        "/./api/v1",
        "/x/../provision",
        "/api%2fv1/certificates",
        "/%61pi/v1/certificates",
        "/provision/",
        "/provision/x",
        "/provision;x=1",
        "/provision%20",
        "/provision%00",
        "/provision%2e",
        "/%70rovision",
        "/Provision",
        "//provision",
        "/%2fprovision",
        "/nothing",
        "*",
    ],
)
def test_a_path_that_only_looks_alike_is_not_found(url: str, path: str) -> None:
    """Compared byte for byte: no case, escape, slash, dot or parameter is folded."""
    answer = _ask(url, path, "POST" if "rovision" in path else "GET")
    assert answer.status == 404
    document = json.loads(answer.body)
    assert (document["code"], document["status"]) == ("not-found", 404)


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_another_method_is_not_allowed(url: str, method: str) -> None:
    """And the answer says which ones are, as RFC 9110 §15.5.6 wants."""
    answer = _ask(url, "/provision", method)
    assert b"allow: POST, PUT\r\n" in answer.raw
    assert json.loads(answer.body)["code"] == ErrorCode.METHOD_NOT_ALLOWED


def test_head_has_no_body(url: str) -> None:
    """Refused like the others, without a document."""
    answer = _ask(url, "/provision", "HEAD")
    assert answer.status == 400
    assert answer.body == b""


def test_an_error_comes_back_in_the_front_ends_form(url: str) -> None:
    """With the id of the request."""
    document = json.loads(_ask(url, "/refuse").body)
    assert document["detail"] == "as the path says"
    assert len(document["request_id"]) == 36


@pytest.mark.parametrize("path", ["/crash", "/internal"])
def test_a_defect_is_logged_and_silent(url: str, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A 500 that says nothing but the id under which the log has it."""
    answer = _ask(url, path)
    assert answer.status == 500
    assert b"secret" not in answer.raw
    assert b"Traceback" not in answer.raw
    [record] = [each for each in caplog.records if each.message == "request_failed"]
    assert record.__dict__["fields"]["request_id"] == json.loads(answer.body)["request_id"]


def test_a_body_up_to_the_limit_is_taken(url: str) -> None:
    """In one piece or in chunks."""
    assert json.loads(_ask(url, "/", "POST", body=b"x" * 1000).body)["length"] == 1000
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = exchange(url, head, b"1f4\r\n", b"x" * 500, b"\r\n1f4\r\n", b"x" * 500, b"\r\n0\r\n\r\n")
    assert json.loads(answer.body)["length"] == 1000


@pytest.mark.parametrize("size", [1001, 5000, 20_000, 2_000_000])
def test_a_larger_body_is_refused_and_the_sender_reads_why(url: str, size: int) -> None:
    """Up to what is discarded at least; the connection then ends."""
    answer = _ask(url, "/", "POST", body=b"x" * size)
    assert answer.closed
    assert size > LIMITS.discard or json.loads(answer.body)["code"] == ErrorCode.TOO_LARGE


def test_a_body_that_does_not_arrive_is_given_up(url: str) -> None:
    """After the time limit, with an answer and an end of the connection."""
    started = time.monotonic()
    answer = exchange(url, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nx", silence=3)
    assert 0.9 < time.monotonic() - started < 2.5
    assert answer.closed
    assert "did not arrive within 1 seconds" in json.loads(answer.body)["detail"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity", "aws-chunked", ""])
def test_encoded_bodies_are_refused(url: str, coding: str) -> None:
    """Nothing is decompressed."""
    answer = _ask(url, "/", "POST", f"content-encoding: {coding}\r\n", b"x")
    assert json.loads(answer.body)["code"] == ErrorCode.UNSUPPORTED_MEDIA


def test_a_client_that_waits_for_100_is_told_to_go_on(url: str) -> None:
    """Curl and the SDKs send large bodies like that."""
    head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    assert exchange(url, head, b"{}").statuses == [100, 200]


def test_the_work_of_a_client_that_has_left_is_cancelled(url: str) -> None:
    """It would only be in the way of the others."""
    ECHO.cancelled.clear()
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.1)
    deadline = time.monotonic() + 3
    while not ECHO.cancelled and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(ECHO.cancelled) == 1


def test_what_a_stopping_server_waits_for_no_longer_is_refused_without_a_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    routes = [Route(b"/slow", ECHO)]
    with ThreadPoolExecutor(1) as threads:
        with serving(App(routes, SilentMeter()), grace_seconds=1) as url:
            ECHO.begun.clear()
            asked = threads.submit(exchange, url, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n", silence=10)
            assert ECHO.begun.wait(10)
        answer = asked.result(10)
    assert json.loads(answer.body)["code"] == ErrorCode.UNAVAILABLE.value
    assert [each.message for each in caplog.records if each.message == "request_cut_short"] != []
    assert not [each for each in caplog.records if each.exc_info]


def test_headers_sent_after_the_body_are_no_headers(url: str) -> None:
    """A trailer never becomes part of what was signed or decided on."""
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = exchange(url, head, b"1\r\nx\r\n0\r\nx-amz-target: Evil\r\n\r\n")
    assert b"x-amz-target" not in answer.raw


def test_a_route_for_what_is_below_ends_with_a_slash() -> None:
    """Otherwise /apix would be below /api."""
    with pytest.raises(ValueError, match="must end with a slash"):
        App([Route(b"/api", ECHO, below=True)], SilentMeter())


def test_the_lifespan_surrounds_all_requests() -> None:
    """Entered before the first, left after the last."""
    events: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        events.append("started")
        yield
        events.append("stopped")

    with serving(App([Route(b"/", ECHO)], SilentMeter(), lifespan=lifespan)) as url:
        assert events == ["started"]
        assert _ask(url, "/").status == 200
    assert events == ["started", "stopped"]


def test_a_start_that_fails_is_reported_to_the_server() -> None:
    """Which then ends, instead of serving half a service."""

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        message = "no database"
        raise OSError(message)
        yield

    app = App([], SilentMeter(), lifespan=lifespan)
    assert _live(app) == [{"type": "lifespan.startup.failed", "message": "no database"}]


def test_a_stop_that_fails_is_reported_to_the_server() -> None:
    """After a start that did not."""

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        message = "a thread hangs"
        raise OSError(message)

    app = App([], SilentMeter(), lifespan=lifespan)
    assert [message["type"] for message in _live(app)] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.failed",
    ]


def _live(app: App) -> list[dict[str, str]]:
    sent: list[dict[str, str]] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan"}

    async def send(message: dict[str, str]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]
    return sent


def test_bodies_beyond_what_a_process_may_hold_are_refused_and_then_there_is_room_again() -> None:
    """Many large requests at once cost refusals, not memory."""
    limits = Limits(body=1000, body_seconds=5.0, all_bodies=1500)
    with serving(App([Route(b"/", ECHO)], SilentMeter(), limits=limits)) as base:
        address = urlsplit(base)
        head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"
        with socket.create_connection((address.hostname, address.port), timeout=5) as waiting:
            waiting.sendall(head + b"x" * 990)  # held, and not complete
            time.sleep(0.2)
            assert b'"throttled"' in _ask(base, "/", "POST", body=b"y" * 900).raw
            waiting.sendall(b"x" * 10)
            assert waiting.recv(100).startswith(b"HTTP/1.1 200")
        assert _ask(base, "/", "POST", body=b"y" * 900).status == 200


def test_a_route_may_take_less_than_the_application() -> None:
    route = Route(b"/small", ECHO, body=10)
    with serving(App([route], SilentMeter(), limits=LIMITS)) as base:
        assert _ask(base, "/small", "POST", body=b"y" * 10).status == 200
        assert b'"too-large"' in _ask(base, "/small", "POST", body=b"y" * 11).raw
