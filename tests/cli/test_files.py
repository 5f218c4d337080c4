"""Files with keys and certificates: private, whole, and never over an existing one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.cli.files import MAX_INPUT, read_input, require_absent, stem_for
from privyseal.durable import write_file
from privyseal.errors import ErrorCode, PrivySealError


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "key.pem").symlink_to(target)
    with pytest.raises(PrivySealError, match="exists"):
        require_absent(tmp_path / "key.pem", force=False)
    write_file(tmp_path / "key.pem", [b"secret"])
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
