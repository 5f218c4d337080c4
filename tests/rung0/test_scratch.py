"""Scratch folders: gone afterwards, and what a killed process has left is gone at the next start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from privyseal.scratch import PREFIX, remove_leftovers, scratch_folder

HOLDING = """
import sys
from pathlib import Path
from privyseal.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as path:
    (path / "deep").mkdir()
    (path / "deep" / "file").write_text("x")
    print(path, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process with a scratch folder."""
    words = [sys.executable, "-c", HOLDING, str(place)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())


def test_it_is_its_owners_alone_and_gone_afterwards(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as path:
        assert path.stat().st_mode & 0o777 == 0o700
        (path / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_left_is_removed(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, path):
        remove_leftovers(tmp_path)
        assert (path / "deep" / "file").exists(), "it is in use"
        process.send_signal(signal.SIGKILL)
    assert path.exists()
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_removed(tmp_path: Path) -> None:
    """Neither what is called so and is no folder, nor what a link of that name points to."""
    elsewhere, place = tmp_path / "elsewhere", tmp_path / "place"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("x")
    place.mkdir()
    (place / f"{PREFIX}file").write_text("x")
    (place / f"{PREFIX}link").symlink_to(elsewhere)
    (place / "privyseal-data").mkdir()
    remove_leftovers(place)
    assert len(list(place.iterdir())) == 3
    assert (elsewhere / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of somebody else")
def test_folders_of_another_user_are_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f"{PREFIX}other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    remove_leftovers(tmp_path)
    assert other.exists()


def test_a_start_takes_nothing_away_from_those_that_are_just_beginning(tmp_path: Path) -> None:
    def use(_: int) -> None:
        with scratch_folder(tmp_path) as path:
            (path / "file").write_text("x")
            assert (path / "file").read_text() == "x"

    def sweep(_: int) -> None:
        for _ in range(300):
            remove_leftovers(tmp_path)

    with ThreadPoolExecutor(4) as pool:
        sweeping, using = pool.map(sweep, range(2)), pool.map(use, range(300))
        assert len([*sweeping, *using]) == 302
    assert list(tmp_path.iterdir()) == []
