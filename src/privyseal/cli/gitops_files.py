"""The files of a checkout that the service needs to make a plan of them."""

import json
import os
import stat
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError

LISTS = ("tls.json", "revoked.json", "revoked-root-ca.json")
MAX_FILE = 8 * 1024 * 1024
MAX_SENT = 1_000_000  # bytes: one call of the service's API takes a little more


def checkout(directory: Path, env: str) -> dict[str, str]:
    """Path below certs/ENV → content. Files that no entry names stay here, and links are not followed."""
    folder = directory / "certs" / env
    if not env or env != Path(env).name or not folder.is_dir():
        raise PrivySealError(ErrorCode.NOT_FOUND, f"{folder} is not a folder: --env names one below certs/")
    files = {name: text for name in LISTS if (text := _text(folder / name)) is not None}
    for name in _csrs(files.get("tls.json", "")):
        if (text := _text(folder / "csrs" / name)) is not None:
            files[f"csrs/{name}"] = text
    if len(json.dumps(files)) > MAX_SENT:
        raise PrivySealError(
            ErrorCode.TOO_LARGE,
            f"{folder} is too large for one call: let the service read it itself "
            "(privyseal gitops plan without --directory)",
        )
    return files


def _csrs(text: str) -> list[str]:
    """Names that entries have. A list that cannot be read is the service's to refuse."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = (
        [each.get("csr_file") for each in entries if isinstance(each, dict)]
        if isinstance(entries, list)
        else []
    )
    return sorted({name for name in found if isinstance(name, str) and name == Path(name).name})


def _text(path: Path) -> str | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"{path} is not a regular file")
        content = opened.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise PrivySealError(ErrorCode.TOO_LARGE, f"{path} has more than {MAX_FILE} bytes")
    return content.decode(errors="replace")
