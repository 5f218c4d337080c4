"""The process in which a git remote is read: `python -m privyseal.sources.git_reading`.

On standard input: JSON with `url`, `branch`, `folder`, `username`, `password`, the `lists` and `csrs` of a
`Selection`, `place` (an empty folder for this process alone), `whole` (false: only the revision), and limits
in bytes. The file `reply` in `place` gets the answer. Whatever a remote sends is unpacked here: what is
endless, damaged, or a gigabyte of zeros in a kilobyte ends this process and nothing else.
"""

import base64
import errno
import json
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import Any, Final

import urllib3
from dulwich.client import (
    GitClient,
    HTTPProxyUnauthorized,
    HTTPUnauthorized,
    default_urllib3_manager,
    get_transport_and_path,
)
from dulwich.errors import GitProtocolError, NotGitRepository
from dulwich.objects import Blob, Commit, ObjectID, Tree, valid_hexsha
from dulwich.repo import Repo

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import CSRS, LISTS, Gathering, Selection, Snapshot

REPLY: Final = "reply"
# ssh asks nobody here, and does not wait for ever.
_SSH: Final = "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10"
_SILENT: Final = 60  # seconds in which an HTTP server may say nothing
_SHOWN: Final = 5  # branches that are named where the right one is missing
_CONNECTION: Final = (GitProtocolError, OSError, HTTPProxyUnauthorized, urllib3.exceptions.HTTPError)
_LINKS: Final = "it is not a regular file (links are not followed)"


class Remote:
    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._url: str = asked["url"]
        self._branch: str = asked["branch"]
        self._folder = PurePosixPath(asked["folder"])
        self._username: str | None = asked["username"]
        self._password: str | None = asked["password"]
        self._selection = Selection(asked["lists"], asked["csrs"])

    def revision(self) -> dict[str, Any]:
        with self._client() as (client, path):
            return {"revision": self._tip(client.get_refs(path.encode()).refs).decode()}

    def whole(self, folder: Path) -> dict[str, Any]:
        """The files, and the commit that vouches for them."""
        folder.mkdir()
        repository = Repo.init_bare(str(folder))
        tip = self._fetched(repository)
        commit = repository[ObjectID(tip)]
        if not isinstance(commit, Commit):
            raise self._error(ErrorCode.NOT_FOUND, f"its branch {self._branch} leads to no commit")
        snapshot = self._files(repository, commit)
        return {
            "revision": snapshot.revision,
            "signed": _coded(commit.raw_without_sig()),
            "signature": _coded(commit.gpgsig or b""),
            "files": {path: _coded(content) for path, content in snapshot.files.items()},
            "problems": list(snapshot.problems),
        }

    def _fetched(self, repository: Repo) -> bytes:
        found: list[bytes] = []

        def wanted(refs: dict[bytes, bytes], _depth: int | None = None, **_: object) -> list[bytes]:
            found.append(self._tip(refs))
            return found

        with self._client() as (client, path):
            client.fetch(path.encode(), repository, determine_wants=wanted, depth=1)  # type: ignore[arg-type]
        return found[0]

    def _tip(self, refs: object) -> bytes:
        known: dict[bytes, bytes] = dict(refs)  # type: ignore[call-overload]
        tip = known.get(f"refs/heads/{self._branch}".encode())
        if tip is None:
            names = [each.removeprefix(b"refs/heads/") for each in known if each.startswith(b"refs/heads/")]
            shown = ", ".join(each.decode(errors="replace") for each in sorted(names)[:_SHOWN])
            there = f"it has {shown}" if shown else "it has no branches yet"
            text = f"it has no branch {self._branch}, {there}: push that, or set serverless.gitops.branch"
            raise self._error(ErrorCode.NOT_FOUND, text)
        if not valid_hexsha(tip):
            raise ValueError(f"{tip!r} is no commit")
        return tip

    @contextmanager
    def _client(self) -> Iterator[tuple[GitClient, str]]:
        connections = default_urllib3_manager(None, timeout=_SILENT)
        assert isinstance(connections, urllib3.PoolManager)  # without a callback for credentials
        try:
            yield get_transport_and_path(
                self._url,
                username=self._username,
                password=self._password,
                ssh_command=_SSH,
                pool_manager=connections,
                quiet=True,
            )
        finally:
            connections.clear()

    def _files(self, repository: Repo, commit: Commit) -> Snapshot:
        gathering = Gathering(self._selection)
        tree = _tree(repository, commit.tree)
        for part in self._folder.parts:
            mode, sha = _entry(tree, part)
            if sha is None or not S_ISDIR(mode):
                why = " (links are not followed)" if S_ISLNK(mode) else ""
                raise self._error(
                    ErrorCode.NOT_FOUND, f"its branch {self._branch} has no folder {self._folder}{why}"
                )
            tree = _tree(repository, sha)
        for name in LISTS.values():
            _add(gathering, repository, name, *_entry(tree, name))
        mode, csrs = _entry(tree, CSRS.rstrip("/"))
        if csrs is not None and not S_ISDIR(mode):
            text = f"{self._folder}/{CSRS} is no folder (links are not followed)"
            raise self._error(ErrorCode.NOT_FOUND, text)
        if csrs is not None:
            for each in _tree(repository, csrs).items():
                name = each.path.decode(errors="replace")
                _add(gathering, repository, CSRS + name, each.mode, each.sha)
        return gathering.snapshot(commit.id.decode())

    def _error(self, code: ErrorCode, text: str) -> PrivySealError:
        return refusal(code, self._url, text)


def refusal(code: ErrorCode, url: str, text: str) -> PrivySealError:
    text = text.rstrip(".")
    return PrivySealError(code, f"The repository {url} cannot be read: {text}."[:600])


def _add(gathering: Gathering, repository: Repo, path: str, mode: int, sha: ObjectID | None) -> None:
    if sha is None:
        return
    if not S_ISREG(mode):
        gathering.skip(path, _LINKS)
        return
    gathering.add(path, lambda most: _blob(repository, sha)[:most])


def _entry(tree: Tree, name: str) -> tuple[int, ObjectID | None]:
    try:
        mode, sha = tree[name.encode()]
    except KeyError:
        return 0, None
    return mode, sha


def _tree(repository: Repo, sha: ObjectID) -> Tree:
    found = repository[sha]
    if not isinstance(found, Tree):
        raise TypeError(f"{sha.decode()} is no folder")
    return found


def _blob(repository: Repo, sha: ObjectID) -> bytes:
    found = repository[sha]
    if not isinstance(found, Blob):
        raise TypeError(f"{sha.decode()} is no file")
    return found.data


def _coded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def limit(memory: int, file: int) -> None:
    """In bytes; ssh and whatever else is started has the same limits."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        remote = Remote(asked)
        return remote.whole(Path(asked["place"]) / "repository") if asked["whole"] else remote.revision()
    except Exception as error:  # noqa: BLE001 - a broken repository makes dulwich raise whatever there is
        told = error if isinstance(error, PrivySealError) else _told(error, asked)
        return {"code": told.code.value, "message": told.message}


def _told(error: Exception, asked: Mapping[str, Any]) -> PrivySealError:
    """In our words: what is wrong, and what to do."""
    if any(isinstance(each, MemoryError) or _errno(each) == errno.EFBIG for each in _causes(error)):
        most = f"more than {asked['file'] >> 20} MB, or files that are too large to be unpacked"
        text = f"the tip of its branch {asked['branch']} has {most}: keep certs/ in a repository of its own"
        return refusal(ErrorCode.LIMIT_EXCEEDED, asked["url"], text)
    if isinstance(error, HTTPUnauthorized):
        text = "it wants another user name or password: see serverless.gitops.username and password-file"
        return refusal(ErrorCode.NOT_FOUND, asked["url"], text)
    if isinstance(error, NotGitRepository):
        text = "there is no git repository, or none that this service may see: see serverless.gitops.url"
        return refusal(ErrorCode.NOT_FOUND, asked["url"], text)
    if isinstance(error, _CONNECTION):
        return refusal(ErrorCode.UNAVAILABLE, asked["url"], f"{getattr(error, 'reason', None) or error}")
    # It may be somebody's half-done push: later, all may be well.
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    text = f"it is damaged, or not all of it is there ({what}): look at it with git fsck, or push again"
    return refusal(ErrorCode.UNAVAILABLE, asked["url"], text)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """It, and what it came of: where memory ends, whatever tidies up meets the next error."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _errno(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def main() -> int:
    asked = json.loads(sys.stdin.buffer.read())
    limit(asked["memory"], asked["file"])
    reply = Path(asked["place"]) / REPLY
    reply.write_text(json.dumps(answer(asked)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
