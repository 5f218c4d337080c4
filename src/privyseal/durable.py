"""Files that are whole, and on the disk when a call returns: whoever else writes, or dies."""

import fcntl
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

PRIVATE = 0o600


def write_file(path: Path, content: Iterable[bytes], *, mode: int = PRIVATE, over: bool = True) -> None:
    """A reader sees the old file or the new one. A link is replaced, not followed. Its folder is made for
    its owner alone. Raises OSError; FileExistsError where there is a file and it is not to be written `over`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:32]}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.writelines(content)
            file.flush()
            os.fsync(descriptor)
        if over:
            draft.replace(path)
        else:
            path.hardlink_to(draft)  # unlike a rename, this fails when somebody else was first
    finally:
        draft.unlink(missing_ok=True)
    _flush_folder(path.parent)


def append_line(path: Path, text: str) -> None:
    """Durable when this returns. The file and its folder are made for their owner alone. Raises OSError.

    Who moves the file away (a rotation) has all of a line in the old file or in a new one.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = _locked(path)
    try:
        _append(descriptor, f"{text}\n".encode())
    finally:
        os.close(descriptor)
    _flush_folder(path.parent)


def _locked(path: Path) -> int:
    """The file that has this name now: two processes never write into each other's line."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was moved away between opening and locking


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


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
