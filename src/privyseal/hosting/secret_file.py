"""Secrets that settings name by their file."""

import os
import stat
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError

MAX_BYTES = 64 * 1024


def read_secret(path: str, where: str) -> bytes:
    """The content of a regular file that no other user can read, without white space around it.

    `where` is the setting, for the message. Raises INVALID_ARGUMENT, never with the content.
    """
    try:
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(MAX_BYTES + 1).strip() if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise _refused(where, path, f"cannot be read: {error.strerror}") from None
    if status.st_mode & 0o077:
        raise _refused(where, path, "can be read by others: chmod 600 it")
    if status.st_uid not in {0, os.geteuid()}:
        raise _refused(where, path, "belongs to another user, who could change it")
    if not content or len(content) > MAX_BYTES:
        raise _refused(where, path, f"is no file with something in it, of {MAX_BYTES} bytes at most")
    return content


def _refused(where: str, path: str, why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, f"The file that {where} names ({path}) {why}.")
