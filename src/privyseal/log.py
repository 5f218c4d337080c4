"""One JSON object per line on standard error; values are data and can never break the line."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TextIO

_LOGGER = "privyseal"
# Whose own lines go the same way.
_LIBRARIES = ("uvicorn", "asyncio", "opentelemetry")
# What every line says that is written meanwhile: the request that is served.
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_ABOUT: ContextVar[Mapping[str, Any]] = ContextVar("about", default=_NOTHING)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Lines that are written inside also have these fields, libraries' lines too."""
    token = _ABOUT.set({**_ABOUT.get(), **fields})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def task_is_about(fields: Mapping[str, Any]) -> None:
    """The same for all that this task of an event loop has still to do, and what runs in copies of its
    context. For each request: it costs a fifth of `about`.
    """
    _ABOUT.set(fields)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(_ABOUT.get())
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send the product's log lines to `stream` (standard error), one JSON object each."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines())
    for name in (_LOGGER, *_LIBRARIES):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level.upper())
        logger.propagate = False


def info(event: str, **fields: Any) -> None:
    logging.getLogger(_LOGGER).info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    logging.getLogger(_LOGGER).warning(event, extra={"fields": fields})


def exception(event: str, error: BaseException, **fields: Any) -> None:
    """Log `error` with its traceback."""
    logging.getLogger(_LOGGER).error(event, exc_info=error, extra={"fields": fields})
