"""Links in place of replies: when, what they lead to, and whom they serve."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.ports import IssuedDeviceCertificate, Issuer
from privyseal.devices.states import Event
from privyseal.devices.throttle import Throttle
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import App, Pool
from privyseal.meter import SilentMeter
from tests.devices.deployment import OPERATOR, Deployment, deployment
from tests.devices.requests import csr
from tests.frontends.live import serving
from tests.provisioning.desk import PATIENT, Desk
from tests.provisioning.test_provisioning import JSON, Reply, asked, send

KEY = ec.generate_private_key(ec.SECP256R1())
ASYNC = JSON | {"Prefer": "respond-async"}


class Slow:
    """An issuer that waits to be let go, or fails as it is told to."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self.go = threading.Event()
        self.go.set()
        self.error: Exception | None = None
        self.calls = 0

    def issue(self, csr_pem: bytes, *, token: str, caller: Caller) -> IssuedDeviceCertificate:
        self.calls += 1
        assert self.go.wait(30)
        if self.error:
            raise self.error
        return self._issuer.issue(csr_pem, token=token, caller=caller)


@dataclass
class World:
    product: Deployment
    issuer: Slow
    desk: Desk
    url: str

    def ask(self, request: bytes, path: str = "/provision", headers: dict[str, str] = ASYNC) -> Reply:
        return send(self.url, asked(request), path=path, headers=headers)

    def get(self, link: str) -> Reply:
        return send(self.url, b"", method="GET", path=link, headers={})


@contextmanager
def world(limit: float = PATIENT, throttle: Throttle | None = None) -> Iterator[World]:
    with deployment() as product:
        product.register("sensor", KEY.public_key())
        issuer = Slow(product.issuer(product.hierarchy()))
        pool = Pool(2, 8)
        desk = Desk(
            product,
            product.enrolment(issuer),
            pool=pool,
            limit=limit,
            throttle=throttle or Throttle(0, 1),
        )
        with serving(App(desk.routes(), SilentMeter())) as url:
            try:
                yield World(product, issuer, desk, url)
            finally:
                issuer.go.set()
                pool.close()


@pytest.mark.parametrize("path", ["/provision", "/new", "/proto"])
def test_who_prefers_not_to_wait_gets_a_link_to_what_the_call_would_have_answered(path: str) -> None:
    """To the letter, headers too: the same request without the preference gets the same."""
    with world() as here:
        request = csr(KEY, "sensor")
        placed = here.ask(request, path)
        assert placed.status == 202
        assert placed.headers["preference-applied"] == "respond-async"
        assert int(placed.headers["retry-after"]) >= 1
        assert placed.json["location"] == placed.headers["location"]
        waiting = here.get(placed.headers["location"])
        assert (waiting.status, waiting.body) == (202, placed.body)
        assert "retry-after" in waiting.headers
        here.desk.work()
        fetched = here.get(placed.headers["location"])
        called = here.ask(request, path, JSON)
        assert fetched.status == called.status == 200
        assert fetched.body == called.body
        assert fetched.headers["content-type"] == called.headers["content-type"]
        assert here.issuer.calls == 1


def test_a_reply_that_takes_too_long_becomes_a_link_and_the_work_goes_on() -> None:
    """The thread that was at it finishes: nothing is asked of the issuer twice."""
    with world(limit=0.05) as here:
        here.issuer.go.clear()
        placed = here.ask(csr(KEY, "sensor"), headers=JSON)
        assert placed.status == 202
        assert "preference-applied" not in placed.headers
        here.desk.work()  # somebody else is at it
        assert here.get(placed.headers["location"]).status == 202
        assert here.issuer.calls == 1
        here.issuer.go.set()
        until = time.monotonic() + 30
        while not here.desk.woken:
            assert time.monotonic() < until
            time.sleep(0.01)
        here.desk.work()
        assert here.get(placed.headers["location"]).status == 200
        assert here.issuer.calls == 1


@pytest.mark.parametrize("headers", [JSON, ASYNC | {"Prefer": "respond-async, wait=10"}])
def test_who_waits_long_enough_gets_the_answer_itself(headers: dict[str, str]) -> None:
    with world() as here:
        assert here.ask(csr(KEY, "sensor"), headers=headers).status == 200


def test_the_same_request_has_one_link_and_another_one_another() -> None:
    with world() as here:
        request = csr(KEY, "sensor")
        first = here.ask(request)
        assert here.ask(request).body == first.body
        here.desk.work()
        assert here.ask(request).body == first.body
        assert here.ask(csr(KEY, "sensor")).json["location"] != first.json["location"]
        assert here.ask(request, "/new").json["location"] != first.json["location"]


def test_what_proves_nothing_gets_no_link() -> None:
    """The status is that of the call without a preference, and nothing is owed."""
    with world() as here:
        stranger = ec.generate_private_key(ec.SECP256R1())
        assert here.ask(csr(stranger, "sensor")).status == 403
        assert send(here.url, asked(csr(KEY, "nobody"), "nobody"), headers=ASYNC).status == 404
        assert send(here.url, asked(b"junk"), headers=ASYNC).status == 400
        assert here.desk.woken == 0


def test_an_issuer_that_is_away_is_asked_again_and_then_the_error_is_the_answer() -> None:
    with world() as here:
        here.issuer.error = PrivySealError(ErrorCode.UNAVAILABLE, "down")
        link = here.ask(csr(KEY, "sensor")).json["location"]
        for _ in range(limits.ORDER_ATTEMPTS - 1):
            here.desk.work()
            assert here.get(link).status == 202
            here.product.clock.advance(limits.ORDER_LAST_PAUSE)
        here.desk.work()
        failed = here.get(link)
        assert (failed.status, failed.headers["content-type"]) == (503, "application/problem+json")
        assert failed.json["code"] == "unavailable"
        here.issuer.error = None
        again = here.ask(csr(KEY, "sensor")).json["location"]
        here.desk.work()
        assert (here.get(again).status, here.get(link).status) == (200, 503)


def test_firmware_gets_its_empty_500_by_the_link_too() -> None:
    with world() as here:
        here.issuer.error = ZeroDivisionError("the secret reason")
        link = here.ask(csr(KEY, "sensor"), "/new").json["location"]
        here.desk.work()
        assert (here.get(link).status, here.get(link).body) == (500, b"")


def test_a_device_that_is_suspended_meanwhile_gets_nothing() -> None:
    with world() as here:
        link = here.ask(csr(KEY, "sensor")).json["location"]
        here.product.lifecycle.change(OPERATOR, Event.SUSPENDED, ["sensor"])
        here.desk.work()
        assert here.get(link).status == 403
        assert here.issuer.calls == 0


def test_a_link_expires_and_nobody_can_make_one() -> None:
    with world() as here:
        link = here.ask(csr(KEY, "sensor")).json["location"]
        head, _, mac = link.rpartition(".")
        forged = f"{head}.{'A' * len(mac)}"
        later = f"{head[:-1]}{(int(head[-1]) + 1) % 10}.{mac}"
        for wrong in (forged, later, f"{link}x", "/links/", "/links/x", f"{link}/", "/links/a/b"):
            assert here.get(wrong).status == 404, wrong
        here.product.clock.advance(limits.LINK_LIFETIME + timedelta(seconds=1))
        expired = here.get(link)
        assert (expired.status, expired.json["code"]) == (410, "not-found")
        assert send(here.url, b"", path=link).status == 405


def test_links_count_for_the_limit_of_an_address() -> None:
    with world(throttle=Throttle(0.1, 2)) as here:
        link = here.ask(csr(KEY, "sensor")).json["location"]
        assert [here.get(link).status for _ in range(3)] == [202, 429, 429]
        assert 1 <= int(here.get(link).headers["retry-after"]) <= 20
