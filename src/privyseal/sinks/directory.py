"""Checkpoints as lines of one file that only grows: on another disk, or a mount of another machine."""

import fcntl
import os
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError

FILE = "checkpoints.jsonl"


class DirectorySink:
    """Implements `events.ports.Sink`: FOLDER/checkpoints.jsonl, for its owner alone, one line for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = f"directory:{folder}"

    def put(self, number: int, line: str) -> None:  # noqa: ARG002 - the line says its number
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._folder / FILE, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)  # two processes never write into each other's line
                _append(descriptor, f"{line}\n".encode())
            finally:
                os.close(descriptor)
            _flush_folder(self._folder)
        except OSError as error:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, f"{self._folder} takes no checkpoint now: {error.strerror}."
            ) from error


def _append(descriptor: int, line: bytes) -> None:
    """The whole line, on the disk. What an earlier process left of a line when it died goes first."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        size = _end_of_last_line(descriptor, size)
        os.ftruncate(descriptor, size)
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _end_of_last_line(descriptor: int, size: int) -> int:
    while size:
        start = max(0, size - 65536)
        found = os.pread(descriptor, size - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
