"""`privyseal device simulate` as people and programs see it."""

import json
import os
import pty
import stat
import subprocess
from pathlib import Path

import pytest

from privyseal.agent.folder import DeviceFolder
from tests.e2e.shell import PrivySeal
from tests.service import COMMAND, Service, clean_environment
from tests.simulation import fleet


@pytest.fixture
def privyseal(service: Service, tmp_path: Path) -> PrivySeal:
    return PrivySeal(service, tmp_path)


def test_a_fleet_is_told_of_in_one_document(privyseal: PrivySeal) -> None:
    """Every device has its own key, its certificate, and nobody else's."""
    told = privyseal.json(
        "device", "simulate", "--fleet", "30", "--prefix", "lot-a", "--register", "--rotate"
    )
    assert (told["devices"], told["failed"], told["failures"]) == (30, 0, [])
    for step in ("enrolled", "rotated"):
        figures = told["steps"][step]
        assert figures["done"] == 30
        assert figures["per_second"] > 0
        assert 0 < figures["p50_ms"] <= figures["p99_ms"]
    folders = [DeviceFolder(path, path.name) for path in sorted((privyseal.folder / "devices").iterdir())]
    assert [each.device_id for each in folders] == [f"lot-a-{n:06}" for n in range(1, 31)]
    serials = {fleet.certificate(each).serial_number for each in folders}
    assert len(serials) == len({each.public_key_pem for each in folders}) == 30
    assert {stat.S_IMODE(path.stat().st_mode) for each in folders for path in each.path.iterdir()} == {0o600}


def test_a_device_that_nobody_has_registered_fails_and_says_why(privyseal: PrivySeal) -> None:
    """The exit status counts it, and so does the document."""
    said = privyseal.fails("device", "simulate", "--id", "never-registered")
    assert "never-registered was not enrolled: not-found" in said
    words = (*COMMAND, "device", "simulate", "--id", "never-registered", "--output", "json")
    done = subprocess.run(
        [*words, "--url", privyseal.service.url],
        env=clean_environment(HOME=str(privyseal.folder)),
        cwd=privyseal.folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["failures"][0]["step"] == "enrolled"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "either --id or --fleet"),
        (("--id", "a", "--fleet", "2"), "either --id or --fleet"),
        (("--id", "../escape"), "cannot be the name of a folder"),
        (("--id", ".."), "cannot be the name of a folder"),
        (("--id", "a", "--broker", "localhost"), "is not HOST:PORT"),
        (("--id", "a", "--broker", "localhost:0"), "is not HOST:PORT"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    privyseal: PrivySeal, options: tuple[str, ...], complaint: str
) -> None:
    assert complaint in privyseal.fails("device", "simulate", *options)
    assert list(privyseal.folder.iterdir()) == []


def test_a_terminal_shows_how_far_the_fleet_is(privyseal: PrivySeal) -> None:
    """A line that is written over and gone at the end; where there is no terminal, nothing."""
    words = [
        *COMMAND,
        "device",
        "simulate",
        "--fleet",
        "150",
        "--prefix",
        "lot-b",
        "--register",
        "--at-once",
        "2",
    ]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*words, "--data-dir", str(privyseal.service.data_dir)],
        env=clean_environment(),
        cwd=privyseal.folder,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = _all_of(ours)
        assert process.stdout
        told = process.stdout.read().decode()
    assert process.returncode == 0
    assert told.startswith("enrolled         150 of 150")
    lines = [line for line in shown.split("\r\x1b[2K") if line]
    assert len(lines) >= 2
    assert all(line.startswith("enrolled ") and "/150 (" in line for line in lines)
    assert shown.endswith("\r\x1b[2K")


def _all_of(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # EIO: the other side is closed, as Linux says it
            break
        parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()
