"""Files with keys and certificates: 0600, whole or not at all, and never over an existing one."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError

MAX_INPUT = 1024 * 1024  # a CSR or certificate with its chain is a few kilobytes


def stem_for(name: str) -> str:
    """A file name for a common name: `*.app.internal` becomes `_.app.internal`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".-")[:100] or "certificate"


def require_absent(*paths: Path, force: bool) -> None:
    """Before any work is done: none of these files may exist, unless overwriting is wanted."""
    for path in paths:
        if not force and os.path.lexists(path):
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT, f"{path} exists: name another file, or overwrite it with --force"
            )
        if not path.parent.is_dir():
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"the directory {path.parent} does not exist")


def write_files(contents: Mapping[Path, str | bytes], *, force: bool) -> None:
    for path, content in contents.items():
        write_file(path, [content.encode() if isinstance(content, str) else content], over=force)


def read_input(name: str) -> bytes:
    """A file, or standard input for `-`; nothing larger than `MAX_INPUT`."""
    with os.fdopen(0, "rb", closefd=False) if name == "-" else Path(name).open("rb") as file:
        content = file.read(MAX_INPUT + 1)
    if len(content) > MAX_INPUT:
        raise PrivySealError(ErrorCode.TOO_LARGE, f"{name} is larger than {MAX_INPUT} bytes")
    return content
