"""`privyseal device`: importing lists of devices, and looking at them."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from privyseal.cli.device import CHUNK, CHUNK_SIZE
from tests.cli.conftest import Shell
from tests.client.far_side import Answer, FarSide, Received

ENTRY = {"device_id": "one", "public_key_sha256": "ab", "created_at": "2026-01-01T00:00:00Z"}


def registry(request: Received) -> Answer:
    """Refuses ids that begin with `bad`, knows those that begin with `old`, imports the others."""
    devices: list[dict[str, str]] = request.json["devices"]
    errors = [
        {"index": index, "device_id": entry["device_id"], "code": "invalid-argument", "message": "weak key"}
        for index, entry in enumerate(devices)
        if entry["device_id"].startswith("bad")
    ]
    unchanged = sum(entry["device_id"].startswith("old") for entry in devices)
    imported = len(devices) - unchanged - len(errors)
    return Answer({"imported": imported, "unchanged": unchanged, "errors": errors})


@pytest.fixture(name="far")
def registry_fixture(far: FarSide) -> FarSide:
    far.answer = registry
    return far


def write(shell: Shell, *rows: str) -> None:
    (shell.directory / "d.csv").write_text("\n".join(["device_id,public_key", *rows]) + "\n")


def test_import_sends_id_and_key_as_they_stand_in_the_file(shell: Shell, far: FarSide) -> None:
    write(shell, "one,AAAA", '"two ,x","line\nline"')
    outcome = shell("device", "import", "d.csv")
    assert outcome.code == 0
    assert outcome.out == "2 imported, 0 unchanged, 0 refused\n"
    (request,) = far.received
    assert (request.method, request.target) == ("POST", "/api/v1/devices")
    assert request.json == {
        "devices": [
            {"device_id": "one", "public_key": "AAAA"},
            {"device_id": "two ,x", "public_key": "line\nline"},
        ]
    }


def test_every_refusal_is_reported_with_its_line(shell: Shell, far: FarSide) -> None:
    write(shell, "one,A", 'bad-1,"A\nB"', "broken", "old,A", "bad-2,A")
    outcome = shell("device", "import", "d.csv")
    assert outcome.code == 1
    assert outcome.out == "1 imported, 1 unchanged, 3 refused\n"
    assert outcome.err.splitlines() == [
        "line 3: bad-1: weak key",
        "line 5: the record has 1 fields, not 2",
        "line 7: bad-2: weak key",
    ]
    assert len(far.received) == 1


def test_programs_get_the_same_as_json(shell: Shell, far: FarSide) -> None:
    assert far
    write(shell, "bad-1,A", "one,A")
    outcome = shell("device", "import", "d.csv", "--output", "json")
    assert (outcome.code, outcome.err) == (1, "")
    assert json.loads(outcome.out) == {
        "imported": 1,
        "unchanged": 0,
        "errors": [
            {"line": 2, "device_id": "bad-1", "code": "invalid-argument", "message": "weak key"},
        ],
    }


def test_a_long_list_goes_in_several_calls(shell: Shell, far: FarSide) -> None:
    write(shell, *(f"{'bad' if n == CHUNK else 'd'}-{n},A" for n in range(CHUNK + 2)))
    outcome = shell("device", "import", "d.csv")
    assert [len(request.json["devices"]) for request in far.received] == [CHUNK, 2]
    assert f"line {CHUNK + 2}: bad-{CHUNK}: weak key" in outcome.err
    assert f"{CHUNK + 1} imported" in outcome.out


def test_long_keys_go_in_smaller_calls(shell: Shell, far: FarSide) -> None:
    write(shell, *(f"d-{n},{'A' * 60_000}" for n in range(20)))
    assert shell("device", "import", "d.csv").code == 0
    assert sum(len(request.json["devices"]) for request in far.received) == 20
    assert all(len(request.body) < CHUNK_SIZE + 1000 for request in far.received)


def test_an_import_that_stops_says_how_far_it_came(shell: Shell, far: FarSide) -> None:
    write(shell, *(f"d-{n},A" for n in range(CHUNK + 1)))
    far.answer = lambda request: Answer({}, 503) if len(far.received) == 2 else registry(request)
    outcome = shell("device", "import", "d.csv")
    assert outcome.code == 1
    assert f"stopped after the record of line {CHUNK + 1}" in outcome.err
    assert "error: HTTP 503" in outcome.err


def test_no_progress_bar_is_drawn_into_a_pipe(shell: Shell, far: FarSide) -> None:
    assert far
    write(shell, "one,A")
    assert shell("device", "import", "d.csv").err == ""


def test_a_progress_bar_is_drawn_on_a_terminal(shell: Shell, far: FarSide) -> None:
    assert far
    write(shell, *(f"d-{n},A" for n in range(20)))  # few enough for the terminal's buffer
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "privyseal", "device", "import", "d.csv"]
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(command, cwd=shell.directory, stdout=subprocess.PIPE, stderr=theirs, check=True)
        os.close(theirs)
        drawn = terminal.read(65536)
    assert b"importing" in drawn
    assert b"100%" in drawn
    assert done.stdout == b"20 imported, 0 unchanged, 0 refused\n"


def test_a_file_of_the_wrong_kind_sends_nothing(shell: Shell, far: FarSide) -> None:
    (shell.directory / "d.csv").write_text("id;key\n")
    outcome = shell("device", "import", "d.csv")
    assert outcome.code == 1
    assert "line 1: the header is not device_id,public_key" in outcome.err
    assert far.received == []


def test_list_shows_who_has_a_certificate(shell: Shell, far: FarSide) -> None:
    entries: list[dict[str, Any]] = [
        ENTRY | {"certificate_arn": None},
        ENTRY | {"device_id": "two", "certificate_arn": "arn"},
    ]
    far.say(Answer({"devices": entries, "next": None}))
    assert [line.split() for line in shell("device", "list").out.splitlines()[1:]] == [
        ["one", "2026-01-01T00:00:00Z", "-"],
        ["two", "2026-01-01T00:00:00Z", "arn"],
    ]
    assert json.loads(shell("device", "list", "--output", "json").out) == {"devices": entries}


def test_show_asks_for_one_device_whatever_its_id_contains(shell: Shell, far: FarSide) -> None:
    far.say(Answer(ENTRY))
    outcome = shell("device", "show", "a/b?c d")
    assert far.received[0].target == "/api/v1/devices/a%2Fb%3Fc%20d"
    assert "2026-01-01T00:00:00Z" in outcome.out
    assert json.loads(shell("device", "show", "one", "--output", "json").out) == ENTRY
