"""Checkpoints as lines of one file that only grows: on another disk, or a mount of another machine."""

from pathlib import Path

from privyseal.durable import append_line
from privyseal.errors import ErrorCode, PrivySealError

FILE = "checkpoints.jsonl"


class DirectorySink:
    """Implements `events.ports.Sink`: FOLDER/checkpoints.jsonl, for its owner alone, one line for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = f"directory:{folder}"

    def put(self, number: int, line: str) -> None:  # noqa: ARG002 - the line says its number
        try:
            append_line(self._folder / FILE, line)
        except OSError as error:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"{self._folder} takes no checkpoint now: {error.strerror}."
            ) from error
