"""Files that are whole whoever else reads, writes or fails; for their owner alone."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from privyseal.durable import append_line, write_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("wanted", [0o600, 0o644])
def test_it_has_its_mode_whatever_the_umask(tmp_path: Path, mask: int, wanted: int) -> None:
    """A folder that was missing is for its owner alone."""
    path = tmp_path / "new" / "file"
    old = os.umask(mask)
    try:
        write_file(path, [b"one, ", b"two"], mode=wanted)
    finally:
        os.umask(old)
    assert (mode(path), mode(path.parent)) == (wanted, 0o700)
    assert path.read_bytes() == b"one, two"


def test_it_replaces_whole_files_and_their_modes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and long")
    path.chmod(0o644)
    write_file(path, [b"new"])
    assert (path.read_bytes(), mode(path), names(tmp_path)) == (b"new", 0o600, ["file"])


def test_what_is_not_to_be_written_over_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_file(path, [b"precious"], over=False)
    with pytest.raises(FileExistsError):
        write_file(path, [b"new"], over=False)
    assert (path.read_bytes(), names(tmp_path)) == (b"precious", ["key.pem"])


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"mine")
    link.symlink_to(target)
    with pytest.raises(FileExistsError):
        write_file(link, [b"new"], over=False)
    write_file(link, [b"new"])
    assert (target.read_bytes(), link.read_bytes(), link.is_symlink()) == (b"mine", b"new", False)


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_file(tmp_path / "file", [b"new"])
    assert names(tmp_path) == ["file"]


def test_content_that_ends_half_way_is_never_seen(tmp_path: Path) -> None:
    """Whatever it is that its maker raises."""
    path = tmp_path / "file"
    write_file(path, [b"old"])

    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise LookupError

    with pytest.raises(LookupError):
        write_file(path, breaking())
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    write_file(tmp_path / ("n" * 255), [b"new"])
    assert names(tmp_path) == ["n" * 255]


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    """A reader that opens the file again and again meets whole contents only."""
    path = tmp_path / "file"
    write_file(path, [json.dumps(["x"] * 1000).encode()])
    program = "import sys, json\nwhile True: json.load(open(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stderr=subprocess.PIPE) as reader:
        try:
            for n in range(200):
                write_file(path, [json.dumps([str(n)] * (n * 20)).encode()])
            assert reader.poll() is None, reader.communicate()
        finally:
            reader.kill()
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("rest", [b"", b"half of a li", b"x" * 200_000])
def test_a_line_follows_whole_lines_alone(tmp_path: Path, rest: bytes) -> None:
    """What a process that died has left of its line goes first."""
    path = tmp_path / "new" / "lines"
    append_line(path, "first")
    with path.open("ab") as file:
        file.write(rest)
    append_line(path, "second")
    assert path.read_text() == "first\nsecond\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_lines_of_many_processes_are_whole_while_the_file_is_moved_away(tmp_path: Path) -> None:
    """As a rotation of logs does it: every line is in one of the files."""
    program = (
        "import sys; from pathlib import Path; from privyseal.durable import append_line\n"
        "for n in range(50): append_line(Path(sys.argv[1]), f'{sys.argv[2]}-{n}-' + 'x' * 5000)"
    )
    path = tmp_path / "lines"
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), str(n)]) for n in range(3)]
    moved = 0
    while any(writer.poll() is None for writer in writers):
        with suppress(subprocess.TimeoutExpired):
            writers[-1].wait(0.01)
        if path.exists():
            path.rename(tmp_path / f"moved-{moved}")
            moved += 1
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{w}-{n}-" + "x" * 5000 for w in range(3) for n in range(50))
