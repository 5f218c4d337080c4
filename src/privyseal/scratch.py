"""Folders for a while: each is locked by the process that made it, so that what a killed one has left
behind can be told from what is in use, and the next start removes it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "privyseal-scratch-"


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder for its owner alone, in `place` or where temporary files are. It is gone afterwards."""
    descriptor, path = _made(place)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def remove_leftovers(place: Path | None = None) -> None:
    """Remove those folders of this user in `place` that no living process holds."""
    for path in Path(place or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            descriptor = _opened(path)
        except OSError:
            continue  # no folder (any more), or nobody may look into it
        try:
            if os.fstat(descriptor).st_uid == os.geteuid() and _lock(descriptor):
                shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(descriptor)


def _made(place: Path | None) -> tuple[int, Path]:
    """Again where `remove_leftovers` was between the making and the lock."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        try:
            descriptor = _opened(path)
        except FileNotFoundError:
            continue
        if _lock(descriptor) and os.fstat(descriptor).st_nlink:
            return descriptor, path
        os.close(descriptor)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
