"""A directory whose writer must not lead out of it."""

import os
from pathlib import Path

import pytest

from privyseal.errors import PrivySealError
from privyseal.serverless.gitops.snapshot import Selection
from privyseal.sources.directory import DirectorySource
from tests.sources.folders import FOLDER, write


@pytest.fixture(name="root")
def root_fixture(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"secret")
    write(tmp_path / "root", {"tls.json": b"[]", "csrs/a.csr": b"A"})
    return tmp_path / "root"


def source(root: Path) -> DirectorySource:
    return DirectorySource(root, FOLDER, Selection())


@pytest.mark.parametrize("name", ["csrs/b.csr", "revoked.json"])
def test_a_link_is_not_followed(root: Path, name: str) -> None:
    (root / FOLDER / name).symlink_to(root.parent / "secret")
    found = source(root).snapshot()
    assert name not in found.files
    assert [path for path, _ in found.problems] == [name]


def test_folders_that_are_links_are_not_followed(root: Path) -> None:
    (root / FOLDER / "csrs" / "a.csr").unlink()
    (root / FOLDER / "csrs").rmdir()
    (root / FOLDER / "csrs").symlink_to(root.parent)
    with pytest.raises(PrivySealError):
        source(root).snapshot()


@pytest.mark.parametrize("name", ["csrs/b.csr", "revoked.json"])
def test_a_folder_in_the_place_of_a_file_is_passed_over(root: Path, name: str) -> None:
    (root / FOLDER / name).unlink(missing_ok=True)
    (root / FOLDER / name).mkdir()
    assert [path for path, _ in source(root).snapshot().problems] == [name]


def test_a_pipe_does_not_make_it_wait(root: Path) -> None:
    os.mkfifo(root / FOLDER / "csrs" / "b.csr")
    assert [path for path, _ in source(root).snapshot().problems] == ["csrs/b.csr"]
