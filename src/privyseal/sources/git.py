"""Files of GitOps at the tip of a branch of a git remote.

A run fetches that one commit into a folder of its own, reads the files out of its tree, and removes the
folder. A process with limits of time and memory does it (`git_reading.py`): what a remote sends may be
endless or damaged. Links and submodules in the tree are not followed. Where signers are named, the commit
must be signed by one of them: it is the commit that vouches for all the files below it.
"""

import base64
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.processes import Ended, Processes
from privyseal.scratch import scratch_folder
from privyseal.serverless.gitops.snapshot import Selection, Snapshot
from privyseal.sources.commit_signatures import Signers

PROGRAM: Final = "privyseal.sources.git_reading"
REPLY: Final = "reply"  # as the program has it, which loads dulwich
SECONDS: Final = 300
MEMORY: Final = 1024 * 1024 * 1024  # bytes of address space
MAX_PACK: Final = 256 * 1024 * 1024  # bytes of a file, and so of what is fetched


class GitSource:
    """Implements `serverless.gitops.ports.Source`. `folder` is below the root of the repository."""

    def __init__(
        self,
        url: str,
        branch: str,
        folder: str,
        selection: Selection,
        *,
        signers: Signers | None = None,
        username: str | None = None,
        password_file: Path | None = None,
        work: Path | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """`work` is where the folder of a run is made."""
        self._url = url
        self._branch = branch
        self._folder = folder
        self._selection = selection
        self._signers = signers
        self._username = username
        self._password_file = password_file
        self._work = work
        self._seconds = seconds
        self._processes = Processes()

    def revision(self) -> str:
        return str(self._ask(whole=False)["revision"])

    def snapshot(self) -> Snapshot:
        found = self._ask(whole=True)
        revision = str(found["revision"])
        if self._signers is not None:
            self._signers.check(revision, _bytes(found["signed"]), _bytes(found["signature"]))
        files = {path: _bytes(content) for path, content in found["files"].items()}
        return Snapshot(revision, files, [(path, why) for path, why in found["problems"]])

    def _ask(self, *, whole: bool) -> Mapping[str, Any]:
        with scratch_folder(self._work) as place:
            asked = {
                "url": self._url,
                "branch": self._branch,
                "folder": self._folder,
                "username": self._username,
                "password": self._password(),
                "lists": list(self._selection.lists),
                "csrs": list(self._selection.csrs),
                "place": str(place),
                "whole": whole,
                "memory": MEMORY,
                "file": MAX_PACK,
            }
            ended = self._processes.run(
                # Nothing is imported from the folder, where a stranger's files come to be.
                (sys.executable, "-P", "-m", PROGRAM),
                json.dumps(asked).encode(),
                environment=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                folder=str(place),
                seconds=self._seconds,
            )
            if ended.status or not ended.in_time:
                raise self._stopped(ended)
            found: dict[str, Any] = json.loads((place / REPLY).read_bytes())
        if "code" in found:
            raise PrivySealError(ErrorCode(found["code"]), found["message"])
        return found

    def _password(self) -> str | None:
        if self._password_file is None:
            return None
        try:
            return self._password_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            text = f"The password of {self._url} cannot be read from serverless.gitops.password-file: {why}."
            raise PrivySealError(ErrorCode.UNAVAILABLE, text) from error

    def _stopped(self, ended: Ended) -> PrivySealError:
        if ended.in_time:
            last = (ended.output.strip().splitlines() or [""])[-1]
            why = f"the process that reads it ended with {ended.status}: {last[:200]}"
        else:
            why = f"that took more than {self._seconds:g} seconds"
        text = f"The repository {self._url} cannot be read: {why}."
        return PrivySealError(ErrorCode.UNAVAILABLE, text)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
