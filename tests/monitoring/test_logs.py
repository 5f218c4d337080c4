"""Log lines: whichever part of the service writes one for a request, the line has the request's id."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator, Sequence
from urllib.request import urlopen

import pytest

from privyseal import log
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.watching import Watch
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import App, Pool, Request, Response, Route
from privyseal.meter import SILENT
from tests.ca.world import issue_request
from tests.frontends.live import serving


@pytest.fixture(name="written")
def written_fixture() -> Iterator[io.StringIO]:
    loggers = [logging.getLogger(each) for each in ("privyseal", "uvicorn", "asyncio", "opentelemetry")]
    before = [(each.handlers[:], each.level, each.propagate) for each in loggers]
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class Chatty:
    """Writes lines in the event loop and in a thread, and says which request it was."""

    name = "chatty"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def handle(self, request: Request) -> Response:
        log.info("in the loop")
        await asyncio.sleep(0.05)  # meanwhile others are served
        await self._pool.run(log.info, "in a thread")
        if request.raw_path == b"/crash":
            raise RuntimeError
        return Response(200, request.request_id.encode())

    def refuse(self, request: Request, error: PrivySealError) -> Response:
        return Response(500, request.request_id.encode())


def test_lines_of_requests_at_the_same_time_have_each_its_own_id(written: io.StringIO) -> None:
    pool = Pool(2, 10)
    app = App([Route(b"/", Chatty(pool), below=True)], SILENT, access_log=True)
    with serving(app) as url:

        def ask(_: int) -> str:
            with urlopen(f"{url}/x") as reply:
                return str(reply.read().decode())

        async def ask_all() -> Sequence[str]:
            return await asyncio.gather(*(asyncio.to_thread(ask, n) for n in range(4)))

        ids = asyncio.run(ask_all())
    pool.close()
    mine = [line for line in lines(written) if line["event"] in {"in the loop", "in a thread", "request"}]
    assert len(set(ids)) == 4
    assert sorted((line["event"], line["request_id"]) for line in mine) == sorted(
        (event, each) for event in ("in the loop", "in a thread", "request") for each in ids
    )


def test_a_failure_has_the_id_that_its_client_is_told(written: io.StringIO) -> None:
    pool = Pool(1, 1)
    with (
        serving(App([Route(b"/", Chatty(pool), below=True)], SILENT)) as url,
        pytest.raises(OSError) as refusal,
    ):
        urlopen(f"{url}/crash")
    pool.close()
    with refusal.value as answer:  # type: ignore[attr-defined]
        told = answer.read().decode()
    (failed,) = (line for line in lines(written) if line["event"] == "request_failed")
    assert failed["request_id"] == told


def test_what_is_written_after_a_request_has_no_id(written: io.StringIO) -> None:
    with log.about(request_id="r-1"), log.about(part="x"):
        log.info("inside")
    log.info("after")
    inside, after = lines(written)
    assert (inside["request_id"], inside["part"]) == ("r-1", "x")
    assert "request_id" not in after


def test_a_library_writes_them_too(written: io.StringIO) -> None:
    logging.getLogger("uvicorn").handlers[:] = logging.getLogger("privyseal").handlers
    with log.about(request_id="r-1"):
        logging.getLogger("uvicorn.error").error("theirs")
    assert lines(written)[0]["request_id"] == "r-1"


def test_a_batch_has_the_ids_of_all_its_requests(written: io.StringIO) -> None:
    """One commit of many requests is one line where it fails."""

    def fail(requests: Sequence[IssueRequest]) -> Sequence[Issued | PrivySealError]:
        log.warning("the database failed")
        return [PrivySealError(ErrorCode.UNAVAILABLE, "away") for _ in requests]

    one, other = issue_request("arn:1"), issue_request("arn:2")
    Watch(SILENT, None).over(fail, [one, other])
    (line,) = lines(written)
    assert line["request_ids"] == f"{one.caller.request_id} {other.caller.request_id}"
