"""Events as lines of a file: JSON, one each, for a log shipper or for those who want to look."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privyseal.durable import append_line
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.ports import Attempt


class FileTarget:
    """Implements `events.ports.Target`. The file may be moved away at any time: a new one begins."""

    def __init__(self, name: str, *, path: str) -> None:
        self.name = name
        self._path = Path(path)

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:  # noqa: ARG002 - the event has its id
        try:
            append_line(self._path, json.dumps(event))
        except OSError as error:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"{self._path} takes no event now: {error.strerror}."
            ) from error

    def close(self) -> None:
        """Nothing stays open."""
