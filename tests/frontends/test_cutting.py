"""However a stream of requests is cut into what arrives at a time, the answers are the same."""

import asyncio
import json
import re
from typing import Any

import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from privyseal.frontends.http import App, Route
from privyseal.frontends.http.connection import Connection
from privyseal.meter import SilentMeter
from tests.frontends.echo import Echo
from tests.frontends.test_ready import Answers

# A request → what its answer says.
REQUESTS = {
    b"GET / HTTP/1.1\r\nhost: x\r\n\r\n": ("GET", 0),
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabcde": ("POST", 5),
    b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n": (
        "POST",
        7,
    ),
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n": ("POST", 0),
    b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n": "ready:GET:/a:",
    b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nold": "ready:POST:/a:old",
    b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nnew": "handled:new",
}


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.news = asyncio.Event()
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += data
        self.news.set()

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def _answers(pieces: list[bytes], expected: int) -> list[bytes]:
    ready = Answers()
    app = App([Route(b"/", Echo()), Route(b"/a", ready, ("GET", "POST"), ready=ready)], SilentMeter())
    config = uvicorn.Config(
        app, http=Connection, ws="none", lifespan="off", log_config=None, proxy_headers=False
    )
    config.load()
    wire = Wire()
    connection = Connection(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(wire)
    for piece in pieces:
        connection.data_received(piece)
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        while wire.written.count(b"HTTP/1.1 200") < expected:
            wire.news.clear()
            await wire.news.wait()
    assert not wire.closed
    connection.connection_lost(None)
    return re.split(rb"HTTP/1\.1 200 OK\r\n", wire.written)[1:]


def _said(answer: bytes) -> object:
    body = answer.partition(b"\r\n\r\n")[2]
    if not body.startswith(b"{"):
        # What is ready may be asked for in the ordinary way too: both say what was asked.
        return body.decode()
    told = json.loads(body)
    return told["method"], told["length"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=6), st.data())
def test_the_answers_do_not_depend_on_how_requests_arrive(asked: list[bytes], data: st.DataObject) -> None:
    """In order, one for each; a ready answer may come from the handler where its request came in parts."""
    stream = b"".join(asked)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    answers = asyncio.run(_answers(pieces, len(asked)))
    assert len(answers) == len(asked)
    for request, answer in zip(asked, map(_said, answers), strict=True):
        expected = REQUESTS[request]
        handled = "handled:" + request.decode().rpartition("\r\n\r\n")[2]
        assert answer in ({expected, handled} if isinstance(expected, str) else {expected})
