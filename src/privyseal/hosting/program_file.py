"""Code that settings name by its file, and that runs with the rights of the service."""

import os
import stat
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError


def check_program(path: str, where: str, *, executable: bool) -> None:
    """`where` is the setting, for the message.

    Raises INVALID_ARGUMENT for what is no file, cannot be read (or run), or can be changed by everybody.
    """
    try:
        status = Path(path).stat()
    except OSError as error:
        raise _refused(where, path, f"cannot be used: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        raise _refused(where, path, "is no file")
    if status.st_mode & stat.S_IWOTH:
        raise _refused(where, path, "can be changed by everybody: chmod o-w it")
    if not os.access(path, os.X_OK if executable else os.R_OK):
        raise _refused(where, path, f"cannot be {'run' if executable else 'read'} by the service's user")


def _refused(where: str, path: str, why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, f"The file that {where} names ({path}) {why}.")
