"""Files with keys and certificates: private, whole, and never over an existing one."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.cli.files import MAX_INPUT, read_input, require_absent, stem_for
from privyseal.client.private_files import write_private
from privyseal.errors import ErrorCode, PrivySealError


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_it_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        write_private(tmp_path / "key.pem", b"secret", force=False)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert (tmp_path / "key.pem").read_bytes() == b"secret"
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_an_existing_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        write_private(path, b"new", force=False)
    assert path.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_force_replaces_file_and_mode_together(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new", force=True)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "key.pem").symlink_to(target)
    with pytest.raises(PrivySealError, match="exists"):
        require_absent(tmp_path / "key.pem", force=False)
    write_private(tmp_path / "key.pem", b"secret", force=True)
    assert not target.exists()


def test_a_missing_directory_is_named_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(PrivySealError, match="missing does not exist"):
        require_absent(tmp_path / "missing" / "key.pem", force=True)


def test_input_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * MAX_INPUT)
    assert len(read_input(str(path))) == MAX_INPUT
    path.write_bytes(b"x" * (MAX_INPUT + 1))
    with pytest.raises(PrivySealError) as caught:
        read_input(str(path))
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("app.internal", "app.internal"),
        ("*.app", "_.app"),
        ("../../etc/x", "_.._etc_x"),
        ("..", "certificate"),
    ],
)
def test_a_name_becomes_a_file_name(name: str, stem: str) -> None:
    assert stem_for(name) == stem


@given(name=st.text())
def test_no_name_leads_out_of_the_directory(name: str) -> None:
    stem = stem_for(name)
    assert Path(stem).name == stem
    assert stem[0] not in ".-"
