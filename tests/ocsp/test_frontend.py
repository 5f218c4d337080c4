"""The answers that the front-end keeps: one for each request, however it is spelled, within a fixed size."""

import asyncio
import base64
from urllib.parse import quote

from privyseal.frontends.http import Request, Response
from privyseal.frontends.http.message import Headers
from privyseal.frontends.ocsp import OcspFrontend
from tests.ca.world import World
from tests.ocsp.asking import certificate_of, enable, request


def ask(front: OcspFrontend, method: str, path: bytes, body: bytes = b"") -> Response:
    asked = Request(method, path, b"", Headers([]), "127.0.0.1", "id", body)
    return asyncio.run(front.handle(asked))


def test_all_spellings_of_a_request_share_one_answer(world: World) -> None:
    """A stranger cannot fill the memory with escapes and slashes, and who posts finds what another got."""
    arn = world.root()
    enable(world, arn)
    front = OcspFrontend(world.ca.ocsp, world.clock)
    asked = request(certificate_of(world, arn), world.issue(arn).arn.serial)
    text = base64.b64encode(asked).decode()
    spellings = [
        text,
        quote(text, safe=""),
        f"/{text}",
        *(f"{text[:n]}%{ord(text[n]):02x}{text[n + 1 :]}" for n in range(9)),
    ]
    first = ask(front, "GET", f"/ocsp/{text}".encode())
    for each in spellings:
        found = front.ready("GET", f"/ocsp/{each}".encode(), [], b"")
        assert found
        assert found.body is first.body
    posted = front.ready("POST", b"/ocsp", [], asked)
    assert posted
    assert posted.body is first.body
    for each in spellings:
        ask(front, "GET", f"/ocsp/{each}".encode())
    assert len(front._kept) == 1
    for path in (b"/ocsp/!", b"/ocsp/%", b"/ocsp", b"/" + b"M" * 100_000):
        assert front.ready("GET", path, [], b"") is None


def test_answers_are_kept_within_so_many_octets(world: World) -> None:
    """The oldest go first; what is kept anew is counted once."""
    arn = world.root()
    enable(world, arn)
    front = OcspFrontend(world.ca.ocsp, world.clock, octets=16_000)
    asked = [request(certificate_of(world, arn), world.issue(arn).arn.serial) for _ in range(20)]
    for each in asked:
        for _ in range(3):
            ask(front, "POST", b"/ocsp", each)
    kept = [each for each in asked if front.ready("POST", b"/ocsp", [], each)]
    assert 2 <= len(kept) <= 10
    assert kept == asked[-len(kept) :]
