"""Files of GitOps at the tip of a branch of a git remote.

A run fetches that one commit into a folder of its own, reads the files out of its tree, and removes the
folder. Links and submodules in the tree are not followed. Where signers are named, the commit must be
signed by one of them: it is the commit that vouches for all the files below it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISREG

import urllib3
from dulwich.client import (
    GitClient,
    HTTPUnauthorized,
    default_urllib3_manager,
    get_transport_and_path,
)
from dulwich.errors import GitProtocolError, NotGitRepository
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.repo import Repo

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import CSRS, LISTS, Gathering, Selection, Snapshot
from privyseal.sources.commit_signatures import Signers

# ssh asks nobody here, and does not wait for ever.
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10"
# How long an HTTP server may be silent.
_SECONDS = 60


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
    ) -> None:
        """`work` is where the folder of a run is made."""
        self._url = url
        self._branch = branch
        self._folder = PurePosixPath(folder)
        self._selection = selection
        self._signers = signers
        self._username = username
        self._password_file = password_file
        self._work = work

    def revision(self) -> str:
        with self._client() as (client, path):
            return self._tip(client.get_refs(path.encode()).refs).decode()

    def snapshot(self) -> Snapshot:
        with tempfile.TemporaryDirectory(prefix="gitops-", dir=self._work) as folder:
            repository = Repo.init_bare(folder)
            try:
                return self._read(repository)
            finally:
                repository.close()

    def _read(self, repository: Repo) -> Snapshot:
        with self._client() as (client, path):
            found: list[bytes] = []

            def wanted(refs: dict[bytes, bytes], _depth: int | None = None, **_: object) -> list[bytes]:
                found.append(self._tip(refs))
                return found

            client.fetch(path.encode(), repository, determine_wants=wanted, depth=1)  # type: ignore[arg-type]
        commit = repository[ObjectID(found[0])]
        if not isinstance(commit, Commit):
            raise PrivySealError(ErrorCode.NOT_FOUND, f"The branch {self._branch} does not lead to a commit.")
        if self._signers is not None:
            self._signers.check(found[0].decode(), commit.raw_without_sig(), commit.gpgsig)
        return _files(repository, commit, self._folder, Gathering(self._selection))

    def _tip(self, refs: object) -> bytes:
        tip = dict(refs).get(f"refs/heads/{self._branch}".encode())  # type: ignore[call-overload]
        if tip is None:
            raise PrivySealError(ErrorCode.NOT_FOUND, f"The repository has no branch {self._branch}.")
        return bytes(tip)

    @contextmanager
    def _client(self) -> Iterator[tuple[GitClient, str]]:
        """The remote, with its errors in our words."""
        connections = default_urllib3_manager(None, timeout=_SECONDS)
        assert isinstance(connections, urllib3.PoolManager)  # without a callback for credentials
        try:
            password = self._password_file.read_text().strip() if self._password_file else None
            yield get_transport_and_path(
                self._url,
                username=self._username,
                password=password,
                ssh_command=_SSH,
                pool_manager=connections,
                quiet=True,
            )
        except PrivySealError:
            raise
        except (NotGitRepository, HTTPUnauthorized) as error:
            text = f"{self._url} is no repository that can be read here: {error}"
            raise PrivySealError(ErrorCode.NOT_FOUND, text[:400]) from error
        except (GitProtocolError, OSError, urllib3.exceptions.HTTPError) as error:
            text = f"The repository {self._url} cannot be reached now: {error}"
            raise PrivySealError(ErrorCode.UNAVAILABLE, text[:400]) from error
        finally:
            connections.clear()


def _files(repository: Repo, commit: Commit, folder: PurePosixPath, gathering: Gathering) -> Snapshot:
    tree = _tree(repository, commit.tree)
    for part in folder.parts:
        mode, sha = _entry(tree, part)
        if sha is None or not S_ISDIR(mode):
            raise PrivySealError(ErrorCode.NOT_FOUND, f"The repository has no folder {folder}.")
        tree = _tree(repository, sha)
    for name in LISTS.values():
        _add(gathering, repository, name, *_entry(tree, name))
    mode, csrs = _entry(tree, CSRS.rstrip("/"))
    if csrs is not None and S_ISDIR(mode):
        for each in _tree(repository, csrs).items():
            name = each.path.decode(errors="replace")
            _add(gathering, repository, CSRS + name, each.mode, each.sha)
    return gathering.snapshot(commit.id.decode())


def _add(gathering: Gathering, repository: Repo, path: str, mode: int, sha: ObjectID | None) -> None:
    if sha is None:
        return
    if not S_ISREG(mode):
        gathering.skip(path, "it is not a regular file (links are not followed)")
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
        raise _broken()
    return found


def _blob(repository: Repo, sha: ObjectID) -> bytes:
    found = repository[sha]
    if not isinstance(found, Blob):
        raise _broken()
    return found.data


def _broken() -> PrivySealError:
    return PrivySealError(ErrorCode.NOT_FOUND, "The repository has something else in the place of a file.")
