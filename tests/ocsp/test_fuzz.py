"""Hostile requests: no internal error, no hang, and no `good` for what was not issued."""

import asyncio
import random
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal.frontends.http import App
from privyseal.frontends.ocsp import OcspFrontend
from privyseal.meter import SilentMeter
from privyseal.names import format_serial
from tests.ca.world import CALLER, World
from tests.frontends import raw
from tests.ocsp import hostile, wire
from tests.ocsp.asking import certificate_of, enable
from tests.ocsp.deployment import Deployment

REQUESTS = 50_000
SLOWEST = 5.0  # seconds for one request, on a machine that is busy
SUCCESSFUL = ocsp.OCSPResponseStatus.SUCCESSFUL
ANSWERS = {SUCCESSFUL, ocsp.OCSPResponseStatus.MALFORMED_REQUEST, ocsp.OCSPResponseStatus.UNAUTHORIZED}


class Target:
    """The application, and what was issued behind it."""

    def __init__(self, world: World) -> None:
        arn = world.root()
        enable(world, arn)
        self.issuer = certificate_of(world, arn)
        self.issued = {world.issue(arn).arn.serial for _ in range(12)}
        self.revoked = set(sorted(self.issued)[:4])
        for each in self.revoked:
            world.ca.revocation.revoke(CALLER, arn, format_serial(each), "SUPERSEDED")
        self.cert_ids = [wire.cert_id(each, self.issuer, oid) for each in self.issued for oid in wire.HASHES]
        self.known = {
            (found.issuer_name_hash, found.issuer_key_hash)
            for found in (ocsp.load_der_ocsp_request(wire.as_request([each])) for each in self.cert_ids)
        }
        self.app = App(OcspFrontend(world.ca.ocsp, world.clock).routes(), SilentMeter())
        self.slowest = 0.0
        self.said: dict[str, int] = {}

    async def give(self, method: str, path: bytes, body: bytes) -> None:
        """Send one request and judge its answer."""
        headers = [(b"host", b"x"), (b"content-length", str(len(body)).encode())]
        scope = {"method": method, "raw_path": path, "query_string": b"", "headers": headers}
        started = time.perf_counter()
        answer = self.app.at_once(scope, body) or await self.app.respond(scope, body)
        self.slowest = max(self.slowest, time.perf_counter() - started)
        assert answer, (method, path, body)
        assert answer.status == 200, (method, path, body)
        assert (b"content-type", b"application/ocsp-response") in answer.headers
        self.judge(answer.body, (method, path, body))

    def judge(self, response: bytes, asked: object) -> None:
        found = ocsp.load_der_ocsp_response(response)
        assert found.response_status in ANSWERS, asked
        if found.response_status is not SUCCESSFUL:
            self.said[found.response_status.name] = self.said.get(found.response_status.name, 0) + 1
            return
        for each in found.responses:
            name = each.certificate_status.name
            self.said[name] = self.said.get(name, 0) + 1
            assert (each.issuer_name_hash, each.issuer_key_hash) in self.known, asked
            expected = "UNKNOWN" if each.serial_number not in self.issued else "GOOD"
            assert name == ("REVOKED" if each.serial_number in self.revoked else expected), asked


@pytest.fixture(name="target")
def target_fixture(world: World) -> Iterator[Target]:
    made = Target(world)
    yield made
    assert made.slowest < SLOWEST


def test_fifty_thousand_hostile_requests(target: Target) -> None:
    """Mutations of real requests and such made to measure, by POST and GET, the same ones each time."""
    chance = random.Random(6960)

    async def run() -> None:
        for _ in range(REQUESTS):
            data = wire.as_request([chance.choice(target.cert_ids)])
            if chance.random() < 0.2:
                data = hostile.made_to_measure(chance, target.cert_ids)
            for _ in range(chance.choice((0, 1, 1, 1, 2))):
                if data:
                    data = chance.choice(hostile.MUTATIONS)(chance, data)
            if chance.random() < 0.25:
                await target.give("GET", hostile.as_path(chance, data), b"")
            else:
                await target.give("POST", b"/ocsp", data)

    asyncio.run(run())
    # It was no monologue: each kind of answer came often.
    assert min(target.said[each] for each in ("GOOD", "REVOKED", "UNKNOWN", "UNAUTHORIZED")) > 500, (
        target.said
    )
    assert target.said["MALFORMED_REQUEST"] > 10_000


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.booleans(), st.integers(0, 2**32))
def test_whatever_octets_come(target: Target, data: bytes, spliced: bool, seed: int) -> None:
    """By hypothesis, alone or put into a real request."""
    if spliced:
        chance = random.Random(seed)
        real = wire.as_request([chance.choice(target.cert_ids)])
        at = chance.randrange(len(real))
        data = real[:at] + data + real[at:]
    asyncio.run(target.give("POST", b"/ocsp", data))


def test_hostile_requests_on_the_wire(deployment: Deployment) -> None:
    """Some hundreds over raw sockets, HTTP itself mutated too: an answer or a closed connection."""
    chance = random.Random(5019)
    leaf = deployment.leaf("hostile")
    host = urlsplit(deployment.base).netloc
    for _ in range(300):
        data = wire.request(leaf.certificate, deployment.issuer)
        if chance.random() < 0.7:
            data = chance.choice(hostile.MUTATIONS)(chance, data)
        head = (
            f"POST /ocsp HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        message = head.encode() + data
        if chance.random() < 0.5:
            message = chance.choice(hostile.MUTATIONS)(chance, message)
        answer = raw.exchange(deployment.base, message, silence=0.05)
        assert all(status < 500 for status in answer.statuses), (message, answer.raw)
    assert deployment.status_of(leaf) is ocsp.OCSPCertStatus.GOOD
