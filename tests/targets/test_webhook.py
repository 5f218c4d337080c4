"""Webhooks: who signs, who is believed, and what a hostile receiver can do (nothing)."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.targets.webhook import WebhookTarget
from tests.targets.conftest import SECRET
from tests.targets.http_receiver import receiver
from tests.targets.own_ca import OwnCa
from tests.targets.samples import attempt, event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def webhook(port: int, *, scheme: str = "http", host: str = "127.0.0.1", **more: Any) -> WebhookTarget:
    given: dict[str, Any] = {"secret": SECRET, "clock": FixedClock(NOW), "allow_private": True} | more
    return WebhookTarget("t", url=f"{scheme}://{host}:{port}/hook?a=b", **given)


def refusal(target: WebhookTarget) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        target.send(event(), attempt())
    return refused.value


def test_the_receiver_can_tell_who_sent_it_and_when() -> None:
    """The Standard Webhooks signature, recomputed from what has arrived; two secrets sign side by side."""
    other = base64.b64encode(b"x" * 32)
    with receiver() as http:
        sent = attempt()
        webhook(http.port, secret=SECRET + b"\n" + other).send(event(), sent)
    (got,) = http.posted
    assert got.path == "/hook?a=b"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == sent.delivery
    assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    keys = [base64.b64decode(SECRET.removeprefix(b"whsec_")), b"x" * 32]
    assert got.headers["webhook-signature"].split(" ") == [
        f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}" for key in keys
    ]
    assert json.loads(got.body) == event()


@pytest.mark.parametrize(
    ("status", "code"),
    [(status, None) for status in (200, 201, 202, 204, 299)]
    + [(status, ErrorCode.UNAVAILABLE) for status in (401, 408, 409, 425, 429, 500, 502, 503, 599)]
    + [(status, ErrorCode.INVALID_ARGUMENT) for status in (300, 301, 302, 307, 308, 400, 403, 404, 410, 422)],
)
def test_the_status_says_whether_it_is_tried_again(status: int, code: ErrorCode | None) -> None:
    with receiver() as http:
        http.status = status
        if code is None:
            webhook(http.port).send(event(), attempt())
        else:
            assert refusal(webhook(http.port)).code is code


def test_redirects_are_not_followed() -> None:
    with receiver() as http, receiver() as elsewhere:
        http.status, http.headers = 307, {"Location": f"http://127.0.0.1:{elsewhere.port}/"}
        assert "redirects are not followed" in refusal(webhook(http.port)).message
    assert len(http.posted) == 1
    assert elsewhere.posted == []


def test_private_addresses_need_permission() -> None:
    with receiver() as http:
        assert refusal(webhook(http.port, allow_private=False)).code is ErrorCode.INVALID_ARGUMENT
    assert http.posted == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as http, receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        webhook(http.port).send(event(), attempt())
    assert (len(http.posted), len(proxy.posted)) == (1, 0)


def test_tls_is_believed_when_the_named_root_vouches_for_the_name(own_ca: OwnCa) -> None:
    with receiver(own_ca.server_context("localhost")) as http:
        webhook(http.port, scheme="https", host="localhost", ca_file=str(own_ca.file)).send(
            event(), attempt()
        )
        strange = refusal(webhook(http.port, scheme="https", host="localhost"))
        misnamed = refusal(webhook(http.port, scheme="https", ca_file=str(own_ca.file)))
    assert len(http.posted) == 1
    assert (strange.code, misnamed.code) == (ErrorCode.UNAVAILABLE, ErrorCode.UNAVAILABLE)
    assert "CERTIFICATE_VERIFY_FAILED" in strange.message
    assert "mismatch" in misnamed.message


def drip(handler: BaseHTTPRequestHandler) -> None:
    """An answer that never ends, a byte at a time."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def stall(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 500 No\r\n\r\n")
    for _ in range(2_000):
        handler.wfile.write(b"x" * 65_536)


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")


def many_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n")


@pytest.mark.parametrize("answer", [drip, stall, flood, nonsense, many_headers])
@pytest.mark.parametrize("tls", [False, True])
def test_a_hostile_answer_costs_a_bounded_time(own_ca: OwnCa, answer: Any, tls: bool) -> None:
    with receiver(own_ca.server_context("localhost") if tls else None) as http:
        http.answer = answer
        target = webhook(
            http.port,
            scheme="https" if tls else "http",
            host="localhost",
            ca_file=str(own_ca.file),
            timeout_seconds=1.0,
        )
        began = time.monotonic()
        refused = refusal(target)
        assert time.monotonic() - began < 3
    assert refused.code is ErrorCode.UNAVAILABLE


def test_what_the_receiver_says_is_not_repeated() -> None:
    def tell(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 400 Inside-the-phrase\r\n\r\nInside-the-body")

    with receiver() as http:
        http.answer = tell
        assert "Inside" not in refusal(webhook(http.port)).message


@pytest.mark.parametrize("secret", [b"", b"whsec_", b"short", b"whsec_!!!!", base64.b64encode(b"x" * 23)])
def test_a_secret_that_is_none_is_refused(secret: bytes) -> None:
    with pytest.raises(PrivySealError, match="secret-file") as refused:
        webhook(1, secret=secret)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "url",
    ["http://", "http://u:p@h/", "http://@h/", "http://:@h/", "http://h:0/", "http://h:x/", "http://h/#f"],
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(PrivySealError, match="url of"):
        WebhookTarget("t", url=url, secret=SECRET, clock=FixedClock(NOW))
