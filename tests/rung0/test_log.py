"""Log lines: one JSON object each, whatever is in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privyseal import log

HOSTILE = 'x\n{"level": "info", "event": "forged"}\r\x1b[31m\u2028\ud800'


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the product's lines go meanwhile; afterwards all loggers are as they were."""
    loggers = [logging.getLogger(name) for name in ("privyseal", "uvicorn", "asyncio", "opentelemetry")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    written = io.StringIO()
    log.configure("info", written)
    yield written
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_carries_its_time_level_event_and_fields(stream: io.StringIO) -> None:
    log.info("started", port=8700)
    log.warning("slow")
    first, second = lines(stream)
    assert (first["level"], first["event"], first["port"]) == ("info", "started", 8700)
    assert (second["level"], second["event"]) == ("warning", "slow")
    assert first["at"].endswith("+00:00")


def test_an_exception_is_one_line_with_its_traceback(stream: io.StringIO) -> None:
    with pytest.raises(ValueError, match="forged") as caught:
        int(HOSTILE)
    log.exception("failed", caught.value, request_id="r-1")
    (line,) = lines(stream)
    assert (line["level"], line["request_id"]) == ("error", "r-1")
    assert "ValueError" in line["traceback"]
    assert "forged" in line["traceback"]  # there, but as data


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text())
def test_no_value_breaks_the_line(stream: io.StringIO, value: str) -> None:
    stream.seek(0)
    stream.truncate()
    log.info("seen", value=value)
    log.info("seen", value=HOSTILE)
    assert [line["value"] for line in lines(stream)] == [value, HOSTILE]
    assert stream.getvalue().isascii()


def test_what_json_does_not_know_is_written_as_text(stream: io.StringIO) -> None:
    log.info("seen", value=b"\x00\xff", path={1, 2})
    (line,) = lines(stream)
    assert line["value"] == repr(b"\x00\xff")


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    log.configure("WARNING", stream)
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_configuring_twice_does_not_double_the_lines(stream: io.StringIO) -> None:
    log.configure("info", stream)
    log.info("once")
    assert len(lines(stream)) == 1


def test_without_a_stream_lines_go_to_standard_error(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("info")
    log.info("hello")
    captured = capsys.readouterr()
    assert json.loads(captured.err)["event"] == "hello"
    assert captured.out == ""
    assert stream.getvalue() == ""
