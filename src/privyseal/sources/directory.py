"""Files of GitOps in a directory of this machine: somebody else checks them out, or copies them here.

No symbolic link is followed below the directory, so that nothing outside of it is read.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import CSRS, LISTS, Gathering, Selection, Snapshot

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe would wait for its writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DirectorySource:
    """Implements `serverless.gitops.ports.Source`. `folder` is below `directory`: certs/<env>."""

    def __init__(self, directory: Path, folder: str, selection: Selection) -> None:
        self._directory = directory
        self._folder = PurePosixPath(folder)
        self._selection = selection

    def revision(self) -> str:
        return self.snapshot().revision

    def snapshot(self) -> Snapshot:
        gathering = Gathering(self._selection)
        try:
            with _opened(str(self._directory), *self._folder.parts) as folder:
                for name in LISTS.values():
                    _add(gathering, folder, name, name)
                _add_csrs(gathering, folder)
        except OSError as error:
            raise _unreadable(self._directory / self._folder, error) from error
        return gathering.snapshot()


def _add_csrs(gathering: Gathering, folder: int) -> None:
    try:
        csrs = os.open(CSRS.rstrip("/"), _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        return
    try:
        for name in sorted(os.listdir(csrs)):  # noqa: PTH208 - by its descriptor, not by its path
            _add(gathering, csrs, name, CSRS + name)
    finally:
        os.close(csrs)


def _add(gathering: Gathering, folder: int, name: str, path: str) -> None:
    if not gathering.selection.wants(path):
        return
    try:
        file = os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError as error:
        gathering.skip(path, f"the file is not read: {error.strerror} (links are not followed)")
        return
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        gathering.skip(path, "it is not a regular file")
        return
    with os.fdopen(file, "rb") as opened:
        gathering.add(path, opened.read)


@contextmanager
def _opened(root: str, *parts: str) -> Iterator[int]:
    """The folder, each part opened in the one before. The root itself may be a link."""
    folder = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            below = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _unreadable(path: Path, error: OSError) -> PrivySealError:
    code = ErrorCode.NOT_FOUND if isinstance(error, FileNotFoundError) else ErrorCode.UNAVAILABLE
    link = " (links are not followed)" if error.errno in {errno.ELOOP, errno.ENOTDIR} else ""
    return PrivySealError(code, f"The folder {path} cannot be read: {error.strerror}{link}")
