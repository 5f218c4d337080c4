"""Remotes that are broken, endless or not what they should be: each is an error that says which repository,
what is wrong and what to do, and the next one that is whole is read.
"""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import Selection
from privyseal.sources import git as git_source
from privyseal.sources.git import GitSource
from privyseal.sources.git_reading import REPLY
from tests.sources.folders import FOLDER, Repository, write


@pytest.fixture(name="repository")
def repository_fixture(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    write(made.folder, {"tls.json": b"[]", "csrs/a.csr": b"A"})
    made.commit()
    return made


def source(url: str, branch: str = "main", folder: str = FOLDER, **options: float) -> GitSource:
    return GitSource(url, branch, folder, Selection(), **options)  # type: ignore[arg-type]


def refused(ask: Callable[[], object]) -> PrivySealError:
    with pytest.raises(PrivySealError) as caught:
        ask()
    return caught.value


def loose(repository: Repository, name: str) -> Path:
    sha = repository.git("rev-parse", name)
    return repository.folder / ".git" / "objects" / sha[:2] / sha[2:]


def without(name: str) -> Callable[[Repository], None]:
    return lambda repository: loose(repository, name).unlink()


def overwritten(name: str) -> Callable[[Repository], None]:
    def damage(repository: Repository) -> None:
        file = loose(repository, name)
        file.chmod(0o600)
        file.write_bytes(b"junk")

    return damage


def packed(suffix: str, keep: int) -> Callable[[Repository], None]:
    def damage(repository: Repository) -> None:
        repository.git("gc", "--quiet")
        (file,) = (repository.folder / ".git" / "objects" / "pack").glob(f"*.{suffix}")
        content = file.read_bytes()
        file.chmod(0o600)
        file.write_bytes(content[:keep])

    return damage


def written(path: str, text: str) -> Callable[[Repository], None]:
    def damage(repository: Repository) -> None:
        (repository.folder / ".git" / path).write_text(text)

    return damage


DAMAGES = {
    "no tree": without("main^{tree}"),
    "no list": without(f"main:{FOLDER}/tls.json"),
    "no CSR": without(f"main:{FOLDER}/csrs/a.csr"),
    "a list that is no object": overwritten(f"main:{FOLDER}/tls.json"),
    "a tree that is no object": overwritten(f"main:{FOLDER}"),
    "a pack that is cut": packed("pack", 60),
    "an index that is cut": packed("idx", 5),
    "a reference that is none": written("refs/heads/main", "not a commit\n"),
    "packed references that are none": written("packed-refs", "junk junk junk\n"),
    "a configuration that is none": written("config", "[core\n"),
    "a format of the future": written("config", "[core]\n\trepositoryformatversion = 9\n"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_repository_is_told_and_read_again_when_it_is_whole(
    repository: Repository, tmp_path: Path, damage: Callable[[Repository], None]
) -> None:
    shutil.copytree(repository.folder, tmp_path / "whole")
    damage(repository)
    remote = source(repository.url)
    error = refused(remote.snapshot)
    assert error.code is ErrorCode.UNAVAILABLE  # whoever runs it tries again
    assert error.message.startswith(f"The repository {repository.url} cannot be read: it is damaged")
    assert "git fsck" in error.message
    shutil.rmtree(repository.folder)
    shutil.move(tmp_path / "whole", repository.folder)
    assert set(remote.snapshot().files) == {"tls.json", "csrs/a.csr"}


def test_a_branch_that_is_not_there_is_told_with_those_that_are(repository: Repository) -> None:
    repository.git("branch", "release")
    for ask in (source(repository.url, "prod").snapshot, source(repository.url, "prod").revision):
        error = refused(ask)
        assert error.code is ErrorCode.NOT_FOUND
        assert (
            f"{repository.url} cannot be read: it has no branch prod, it has main, release" in error.message
        )


def test_a_branch_that_is_deleted_and_comes_back_is_read_again(repository: Repository) -> None:
    remote = source(repository.url)
    repository.git("checkout", "--quiet", "--detach")
    repository.git("branch", "-D", "main")
    assert refused(remote.snapshot).code is ErrorCode.NOT_FOUND
    repository.git("branch", "main")
    assert remote.snapshot().files


def test_a_history_that_was_written_anew_is_read_as_it_is_now(repository: Repository) -> None:
    remote = source(repository.url)
    before = remote.snapshot()
    write(repository.folder, {"csrs/a.csr": b"other"})
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--amend", "--message=forced")
    after = remote.snapshot()
    assert after.revision != before.revision
    assert after.files["csrs/a.csr"] == b"other"


def test_a_link_in_the_place_of_the_folder_is_not_followed(repository: Repository) -> None:
    (repository.folder / "certs").rename(repository.folder / "real")
    (repository.folder / "certs").symlink_to("real")
    repository.commit()
    assert "links are not followed" in refused(source(repository.url).snapshot).message


def test_a_link_in_the_place_of_the_csrs_is_not_followed(repository: Repository) -> None:
    (repository.folder / FOLDER / "csrs").rename(repository.folder / "real")
    (repository.folder / FOLDER / "csrs").symlink_to("../../real")
    repository.commit()
    assert "csrs/ is no folder (links are not followed)" in refused(source(repository.url).snapshot).message


def test_a_folder_outside_of_the_repository_is_not_there(repository: Repository) -> None:
    for folder in ("../repository/certs/dev", "certs/../../other"):
        assert refused(source(repository.url, folder=folder).snapshot).code is ErrorCode.NOT_FOUND


def test_what_is_too_large_to_unpack_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros: a gigabyte of them is a megabyte in the repository."""
    monkeypatch.setattr(git_source, "MEMORY", 512 * 1024 * 1024)
    with (repository.folder / "zeros").open("wb") as file:
        file.truncate(600 * 1024 * 1024)
    repository.commit()
    error = refused(source(repository.url).snapshot)
    assert error.code is ErrorCode.LIMIT_EXCEEDED  # nothing that time mends
    assert "a repository of its own" in error.message


def test_a_pack_beyond_the_limit_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_source, "MAX_PACK", 1024 * 1024)
    (repository.folder / "large").write_bytes(bytes(range(256)) * 4096)
    with Path("/dev/urandom").open("rb") as random:
        (repository.folder / "noise").write_bytes(random.read(2 * 1024 * 1024))
    repository.commit()
    error = refused(source(repository.url).snapshot)
    assert error.code is ErrorCode.LIMIT_EXCEEDED
    assert "more than 1 MB" in error.message


@pytest.fixture(name="silent")
def silent_fixture() -> Iterator[str]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    kept.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/pki.git"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in kept:
            each.close()


def test_a_server_that_says_nothing_holds_nobody_up_for_ever(silent: str) -> None:
    error = refused(source(silent, seconds=2).revision)
    assert error.code is ErrorCode.UNAVAILABLE
    assert f"The repository {silent} cannot be read: that took more than 2 seconds" in error.message


def test_a_server_that_is_not_there_can_be_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/pki.git"
    error = refused(source(url).revision)
    assert error.code is ErrorCode.UNAVAILABLE
    assert url in error.message


def test_a_password_that_cannot_be_read_is_told_by_its_setting(tmp_path: Path) -> None:
    remote = GitSource("https://localhost/x", "main", FOLDER, Selection(), password_file=tmp_path / "gone")
    assert "serverless.gitops.password-file: No such file" in refused(remote.revision).message


def test_a_process_that_dies_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it died of; there is no answer then."""
    monkeypatch.setattr(git_source, "PROGRAM", "privyseal.sources.no_such_program")
    error = refused(source(repository.url).snapshot)
    assert error.code is ErrorCode.UNAVAILABLE
    assert repository.url in error.message


def test_the_service_itself_does_not_load_what_unpacks() -> None:
    """`REPLY` is written down twice for that."""
    code = "import sys, privyseal.sources.git; sys.exit('dulwich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert git_source.REPLY == REPLY
