"""A branch of a repository that git writes: links, branches, and commits that must be signed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.gitops.snapshot import Selection
from privyseal.sources.commit_signatures import Signers
from privyseal.sources.git import GitSource
from tests.programs import program
from tests.sources.folders import FOLDER, Repository, write
from tests.sources.git_server import PASSWORD, USERNAME, git_server


@pytest.fixture(name="repository")
def repository_fixture(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    write(made.folder, {"tls.json": b"[]", "csrs/a.csr": b"A"})
    return made


def source(repository: Repository, signers: Signers | None = None, branch: str = "main") -> GitSource:
    return GitSource(
        repository.url, branch, FOLDER, Selection(), signers=signers, work=repository.folder.parent
    )


def refused(repository: Repository, signers: Signers) -> str:
    with pytest.raises(PrivySealError) as caught:
        source(repository, signers).snapshot()
    assert caught.value.code is ErrorCode.INVALID_STATE
    return caught.value.message


def test_the_tip_of_the_branch_is_read(repository: Repository) -> None:
    commit = repository.commit()
    repository.git("checkout", "--quiet", "-b", "other")
    write(repository.folder, {"csrs/b.csr": b"B"})
    repository.commit()
    found = source(repository).snapshot()
    assert found.revision == commit == source(repository).revision()
    assert set(found.files) == {"tls.json", "csrs/a.csr"}
    assert "csrs/b.csr" in source(repository, branch="other").snapshot().files
    with pytest.raises(PrivySealError, match="no branch gone"):
        source(repository, branch="gone").snapshot()


def test_a_link_in_the_tree_is_not_followed(repository: Repository) -> None:
    (repository.folder / FOLDER / "csrs" / "b.csr").symlink_to("/etc/hostname")
    repository.commit()
    found = source(repository).snapshot()
    assert "csrs/b.csr" not in found.files
    assert [path for path, _ in found.problems] == ["csrs/b.csr"]


def test_a_folder_that_is_not_there_is_told(repository: Repository) -> None:
    repository.commit()
    with pytest.raises(PrivySealError, match="no folder certs/prd"):
        GitSource(repository.url, "main", "certs/prd", Selection()).snapshot()


def test_nothing_is_left_behind(repository: Repository) -> None:
    repository.commit()
    before = set(repository.folder.parent.iterdir())
    source(repository).snapshot()
    assert set(repository.folder.parent.iterdir()) == before


@pytest.fixture(name="key")
def key_fixture(tmp_path: Path) -> Path:
    return _key(tmp_path / "key")


def _key(path: Path) -> Path:
    command = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def _allowed(path: Path, key: Path, options: str = 'namespaces="git"') -> Signers:
    path.write_text(f"somebody@example.com {options} {key.with_suffix('.pub').read_text()}")
    return Signers(path)


def _sign(repository: Repository, key: Path) -> str:
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(key))):
        repository.git("config", name, value)
    return repository.commit("--gpg-sign")


def test_a_commit_that_an_allowed_key_has_signed_is_used(
    repository: Repository, key: Path, tmp_path: Path
) -> None:
    commit = _sign(repository, key)
    assert source(repository, _allowed(tmp_path / "allowed", key)).snapshot().revision == commit


def test_a_commit_without_a_signature_is_refused(repository: Repository, key: Path, tmp_path: Path) -> None:
    """Also on top of one that has one."""
    signers = _allowed(tmp_path / "allowed", key)
    _sign(repository, key)
    repository.commit("--no-gpg-sign")
    assert "it is not signed" in refused(repository, signers)


def test_a_key_of_nobody_is_refused(repository: Repository, key: Path, tmp_path: Path) -> None:
    _sign(repository, _key(tmp_path / "other"))
    assert "not one of an allowed signer" in refused(repository, _allowed(tmp_path / "allowed", key))


def test_a_key_that_may_sign_other_things_is_refused(
    repository: Repository, key: Path, tmp_path: Path
) -> None:
    _sign(repository, key)
    refused(repository, _allowed(tmp_path / "allowed", key, 'namespaces="file"'))


def test_a_key_that_is_not_valid_any_more_is_refused(
    repository: Repository, key: Path, tmp_path: Path
) -> None:
    """Whatever time the commit says that it was made."""
    _sign(repository, key)
    refused(repository, _allowed(tmp_path / "allowed", key, 'valid-before="20200101"'))


def test_a_commit_that_was_changed_is_refused(repository: Repository, key: Path, tmp_path: Path) -> None:
    """The signature of one commit under another."""
    _sign(repository, key)
    signed = repository.git("cat-file", "commit", "HEAD")
    file = tmp_path / "commit"
    file.write_text(signed.replace("\nchange", "\nchanged") + "\n")
    forged = repository.git("hash-object", "-t", "commit", "-w", str(file))
    repository.git("update-ref", "refs/heads/main", forged)
    assert "does not verify" in refused(repository, _allowed(tmp_path / "allowed", key))


def test_without_the_file_of_signers_nothing_is_used(
    repository: Repository, key: Path, tmp_path: Path
) -> None:
    _sign(repository, key)
    refused(repository, Signers(tmp_path / "gone"))
    assert "nobody is allowed" in refused(repository, Signers(pgp_keys=tmp_path / "gone"))


def test_openpgp_signatures_are_verified(repository: Repository, tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = [
        program("gpg"),
        "--homedir",
        str(home),
        "--batch",
        "--quiet",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    ]
    for name in ("somebody", "other"):
        subprocess.run(
            [*gpg, "--quick-generate-key", f"{name}@example.com", "ed25519", "sign"],
            check=True,
            capture_output=True,
        )
        keys = subprocess.run(
            [*gpg, "--armor", "--export", f"{name}@example.com"], check=True, capture_output=True
        )
        (tmp_path / name).write_bytes(keys.stdout)
    try:
        repository.git("config", "user.signingkey", "somebody@example.com")
        commit = repository.commit("--gpg-sign")
        assert source(repository, Signers(pgp_keys=tmp_path / "somebody")).snapshot().revision == commit
        refused(repository, Signers(pgp_keys=tmp_path / "other"))
        refused(repository, Signers(allowed=tmp_path / "somebody"))
    finally:
        subprocess.run(
            [shutil.which("gpgconf") or "gpgconf", "--homedir", str(home), "--kill", "all"], check=False
        )


def test_a_remote_that_wants_a_password_gets_it_from_its_file(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit()
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    with git_server(repository.folder) as url:
        remote = GitSource(url, "main", FOLDER, Selection(), username=USERNAME, password_file=password)
        found = remote.snapshot()
    assert found.revision == commit
    assert set(found.files) == {"tls.json", "csrs/a.csr"}
