"""The files of a checkout that the service needs to make a plan of them, read as it reads a folder itself."""

import base64
import json
from pathlib import Path
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError

MAX_SENT = 1_000_000  # bytes: one call of the service's API takes a little more


def checkout(directory: Path, env: str) -> dict[str, Any]:
    """The body of a request for a plan. CSRs that no entry names stay here; which of the rest are read is for
    the service to say.
    """
    from privyseal.serverless.gitops.snapshot import CSRS, TLS, Selection  # noqa: PLC0415 - --help needs none
    from privyseal.sources.directory import DirectorySource  # noqa: PLC0415

    folder = directory / "certs" / env
    if not env or env != Path(env).name or not folder.is_dir():
        raise PrivySealError(ErrorCode.NOT_FOUND, f"{folder} is not a folder: --env names one below certs/")
    found = DirectorySource(directory, f"certs/{env}", Selection(csrs=("*",))).snapshot()
    named = {CSRS + name for name in _csrs(found.files.get(TLS, b""))}
    body: dict[str, Any] = {"files": {}, "encoded": {}, "problems": dict(found.problems)}
    for path, content in found.files.items():
        if path in named or not path.startswith(CSRS):
            try:
                body["files"][path] = content.decode()
            except UnicodeDecodeError:
                body["encoded"][path] = base64.b64encode(content).decode()
    if len(json.dumps(body)) > MAX_SENT:
        raise PrivySealError(
            ErrorCode.TOO_LARGE,
            f"{folder} is too large for one call: let the service read it itself "
            "(privyseal gitops plan without --directory)",
        )
    return body


def _csrs(text: bytes) -> list[str]:
    """Names that entries have. A list that cannot be read is the service's to refuse."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return []
    listed = entries if isinstance(entries, list) else []
    found = [each.get("csr_file") for each in listed if isinstance(each, dict)]
    return [name for name in found if isinstance(name, str)]
