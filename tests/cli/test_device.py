"""`privyseal device`: importing lists of devices, and looking at them."""

import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from privyseal.cli.device_file import Device, read_devices
from privyseal.cli.device_import import CHUNK, CHUNK_SIZE, SHOWN
from tests.cli.conftest import Shell
from tests.client.far_side import Answer, FarSide, Received

ENTRY = {
    "device_id": "one",
    "public_key": "AAAA",
    "public_key_sha256": "ab",
    "state": "registered",
    "batch": None,
    "created_at": "2026-01-01T00:00:00Z",
    "certificate_arn": None,
}


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
        ENTRY,
        ENTRY | {"device_id": "two", "state": "active", "batch": "lot 7", "certificate_arn": "arn"},
    ]
    far.say(Answer({"devices": entries, "next": None}))
    assert [line.split() for line in shell("device", "list").out.splitlines()[1:]] == [
        ["one", "registered", "-", "2026-01-01T00:00:00Z", "-"],
        ["two", "active", "lot", "7", "2026-01-01T00:00:00Z", "arn"],
    ]
    assert json.loads(shell("device", "list", "--output", "json").out) == {"devices": entries}


def test_show_asks_for_one_device_whatever_its_id_contains(shell: Shell, far: FarSide) -> None:
    none: dict[str, Any] = {"certificates": []}
    far.say(Answer(ENTRY), Answer(none), Answer(ENTRY), Answer(none))
    outcome = shell("device", "show", "a/b?c d")
    assert [each.target for each in far.received] == [
        "/api/v1/devices/a%2Fb%3Fc%20d",
        "/api/v1/devices/a%2Fb%3Fc%20d/certificates",
    ]
    assert "2026-01-01T00:00:00Z" in outcome.out
    assert json.loads(shell("device", "show", "one", "--output", "json").out) == {**ENTRY, **none}


def test_the_optional_columns_are_sent_where_they_say_something(shell: Shell, far: FarSide) -> None:
    lines = ["batch,device_id,status,public_key", "lot 7,one,suspended,A", ",two,,A"]
    (shell.directory / "d.csv").write_text("\n".join(lines))
    assert shell("device", "import", "d.csv").code == 0
    assert far.received[0].json["devices"] == [
        {"device_id": "one", "public_key": "A", "status": "suspended", "batch": "lot 7"},
        {"device_id": "two", "public_key": "A"},
    ]


def test_a_thousand_refusals_do_not_flood_the_terminal(shell: Shell, far: FarSide) -> None:
    assert far
    write(shell, *(f"bad-{n},A" for n in range(SHOWN + 900)))
    outcome = shell("device", "import", "d.csv")
    lines = outcome.err.splitlines()
    assert lines[SHOWN - 1] == f"line {SHOWN + 1}: bad-{SHOWN - 1}: weak key"
    assert lines[SHOWN:] == ["and 900 more, which `--output json` lists"]
    assert outcome.out == f"0 imported, 0 unchanged, {SHOWN + 900} refused\n"
    assert (
        len(json.loads(shell("device", "import", "d.csv", "--output", "json").out)["errors"]) == SHOWN + 900
    )


@pytest.mark.parametrize(
    "words", [(), ("d.csv", "--dynamodb", "t"), ("d.csv", "--region", "x"), ("d.csv", "--profile", "x")]
)
def test_an_import_is_from_one_place(shell: Shell, far: FarSide, words: tuple[str, ...]) -> None:
    write(shell, "one,A")
    assert shell("device", "import", *words).code == 2
    assert far.received == []


def test_list_asks_for_what_is_selected(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"devices": [], "next": None}))
    assert shell("device", "list", "--batch", "lot 7", "--status", "suspended", "--search", "se-").code == 0
    assert far.received[0].target == "/api/v1/devices?batch=lot%207&limit=1000&prefix=se-&state=suspended"


def test_export_writes_lists_that_import_reads(shell: Shell, far: FarSide) -> None:
    entries = [ENTRY, ENTRY | {"device_id": 'two ,"x', "state": "retired", "batch": "lot 7"}]
    far.say(Answer({"devices": entries, "next": None}))
    expected = [("one", "AAAA", "active", None), ('two ,"x', "AAAA", "retired", "lot 7")]
    for form in ("csv", "jsonl"):
        exported = shell("device", "export", "--output", form).out
        found = list(read_devices(io.BytesIO(exported.encode())))
        assert [
            (each.device_id, each.public_key, each.status, each.batch)
            for each in found
            if isinstance(each, Device)
        ] == expected


@pytest.mark.parametrize("word", ["suspend", "resume", "retire"])
def test_devices_are_changed_by_name(shell: Shell, far: FarSide, word: str) -> None:
    refused = {"index": 1, "device_id": "two", "code": "not-found", "message": "nobody"}
    far.say(Answer({"changed": 1, "unchanged": 0, "errors": [refused]}))
    outcome = shell("device", word, "one", "two")
    assert outcome.code == 1
    assert (outcome.out, outcome.err) == ("1 changed, 0 unchanged, 1 refused\n", "two: nobody\n")
    (request,) = far.received
    assert (request.method, request.target) == ("POST", f"/api/v1/devices/{word}")
    assert request.json == {"device_ids": ["one", "two"]}


def test_a_batch_is_changed_in_as_few_calls_as_there_may_be(shell: Shell, far: FarSide) -> None:
    entries = [ENTRY | {"device_id": f"d-{n}"} for n in range(CHUNK + 1)]

    def answer(request: Received) -> Answer:
        if request.method == "GET":
            page, end = (entries[1000:], None) if "after=" in request.target else (entries[:1000], "t")
            return Answer({"devices": page, "next": end})
        return Answer({"changed": len(request.json["device_ids"]), "unchanged": 0, "errors": []})

    far.answer = answer
    outcome = shell("device", "suspend", "--batch", "lot 7", "--output", "json")
    assert json.loads(outcome.out) == {"changed": CHUNK + 1, "unchanged": 0, "errors": []}
    sent = [request.json["device_ids"] for request in far.received if request.method == "POST"]
    assert [len(ids) for ids in sent] == [CHUNK, 1]


@pytest.mark.parametrize("words", [(), ("one", "--batch", "x")])
def test_a_change_says_of_what(shell: Shell, far: FarSide, words: tuple[str, ...]) -> None:
    assert shell("device", "retire", *words).code == 2
    assert far.received == []


def test_rekey_sends_the_key_of_a_file(shell: Shell, far: FarSide) -> None:
    far.say(Answer(ENTRY))
    (shell.directory / "k.pub").write_text("-----BEGIN")
    assert "registered" in shell("device", "rekey", "a/b", "k.pub").out
    (request,) = far.received
    assert (request.method, request.target) == ("PUT", "/api/v1/devices/a%2Fb/key")
    assert request.json["public_key"].startswith("-----BEGIN")
