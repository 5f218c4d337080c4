"""`privyseal audit` on data directories, served or not."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from privyseal.signing import SigningKey, new_secret
from tests.audit.world import World
from tests.cli.conftest import Outcome, Shell
from tests.programs import program
from tests.service import COMMAND, Service, clean_environment


@pytest.fixture(name="shell")
def shell_fixture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    directory = tmp_path / "shell"
    directory.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("PRIVYSEAL_DATA_DIR", raising=False)
    return Shell(capsys, directory)


@pytest.fixture(name="world")
def world_fixture(tmp_path: Path) -> Iterator[World]:
    """A data directory that nobody serves, with a checkpoint, an export and a tail."""
    folder = tmp_path / "data"
    folder.mkdir()
    world = World(folder)
    world.write(4, entries=2)
    world.checkpoint()
    world.export()
    world.write(2)
    (folder / "audit-key.pem").write_bytes(world.key.public.pem())
    yield world
    world.close()


def verify(shell: Shell, world: World, *options: str) -> Outcome:
    return shell("audit", "verify", "--data-dir", str(world.folder), *options)


def test_a_whole_trail_is_said_to_be_whole(shell: Shell, world: World) -> None:
    done = verify(shell, world)
    assert (done.code, done.err) == (0, "")
    checkpoints, exported, unprotected, last = done.out.splitlines()
    assert checkpoints == "checkpoints  1 over 8 records in 4 rows"
    assert exported == "exported     1 are the same"
    assert unprotected.startswith("unprotected  2 records, the oldest ")
    assert last == "The audit trail is whole."


def test_a_finding_is_located_and_the_exit_code_says_so(shell: Shell, world: World) -> None:
    world.edit("DELETE FROM journal WHERE seq = 2")
    done = verify(shell, world)
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith(f"removed: row 2 of writer {world.writer()}: there is no such row\n")
    assert done.out.endswith("The audit trail is NOT whole.\n")


def test_programs_get_a_document(shell: Shell, world: World) -> None:
    world.edit("DELETE FROM journal WHERE seq = 2")
    done = verify(shell, world, "--output", "json")
    told = json.loads(done.out)
    (finding,) = told.pop("findings")
    assert done.code == 1
    assert finding == {
        "kind": "removed",
        "text": "there is no such row",
        "writer": world.writer(),
        "first": 2,
        "last": 2,
    }
    assert isinstance(told.pop("tail_seconds"), float)
    assert told == {
        "ok": False,
        "more": 0,
        "checkpoints": 1,
        "rows": 3,
        "records": 6,
        "exported": 1,
        "last_exported": 1,
        "tail_rows": 2,
        "tail_records": 2,
    }


def test_exported_checkpoints_are_taken_from_where_they_are(shell: Shell, world: World) -> None:
    """A file or a folder of files; the default is the data directory's own."""
    elsewhere = shell.directory / "elsewhere.jsonl"
    shutil.move(world.exported, elsewhere)
    world.edit("DELETE FROM audit_checkpoint", "DELETE FROM audit_chain")
    for place in (elsewhere, elsewhere.parent):
        done = verify(shell, world, "--checkpoints", str(place))
        assert (done.code, done.out.splitlines()[0]) == (
            1,
            "missing-checkpoint: checkpoint 1: it was exported and is not in the database",
        )


@pytest.mark.parametrize("how", ["emptied", "removed", "removed with its folder"])
def test_exported_checkpoints_that_are_gone_are_a_finding(shell: Shell, world: World, how: str) -> None:
    """The database knows how far the service has exported."""
    world.write()
    world.checkpoint()
    world.export()
    if how == "emptied":
        world.exported.write_text("")
    else:
        world.exported.unlink()
    if how == "removed with its folder":
        world.exported.parent.rmdir()
    done = verify(shell, world)
    said = "missing-checkpoint: checkpoint 1 to 2: it was exported and is no longer there"
    assert (done.code, done.out.splitlines()[0]) == (1, said)
    assert "exported     none to compare" in done.out


def test_the_last_exported_checkpoint_is_missed_where_the_service_put_it(shell: Shell, world: World) -> None:
    """A copy from elsewhere may be older: how many it has is said."""
    elsewhere = shell.directory / "copy.jsonl"
    shutil.copy(world.exported, elsewhere)
    world.checkpoint()
    world.export()
    shutil.copy(elsewhere, world.exported)
    done = verify(shell, world)
    said = "missing-checkpoint: checkpoint 2: it was exported and is no longer there"
    assert (done.code, done.out.splitlines()[0]) == (1, said)
    done = verify(shell, world, "--checkpoints", str(elsewhere))
    assert (done.code, "exported     1 are the same" in done.out) == (0, True)


@pytest.mark.parametrize("line", ["{}", "[" * 5000, '{"checkpoint": "", "signature": ""}', "\udc80x", "0"])
def test_what_is_no_checkpoint_among_the_exported_is_a_finding(shell: Shell, world: World, line: str) -> None:
    with world.exported.open("a", errors="surrogateescape") as exported:
        exported.write(f"{line}\n")
    done = verify(shell, world)
    assert (done.code, done.out.splitlines()[0]) == (
        1,
        "forged-checkpoint: checkpoints.jsonl:2 is not a checkpoint",
    )


def test_a_line_without_an_end_is_refused(shell: Shell, world: World) -> None:
    with world.exported.open("a") as exported:
        exported.write("x" * 2_000_000)
    done = verify(shell, world)
    assert (done.code, "too long" in done.err) == (1, True)


def test_the_key_that_is_trusted_is_the_one_that_was_kept(shell: Shell, world: World) -> None:
    """In the data directory, or elsewhere."""
    key = shell.directory / "trusted.pem"
    key.write_bytes(SigningKey(new_secret()).public.pem())
    done = verify(shell, world, "--key", str(key))
    kinds = [line.partition(":")[0] for line in done.out.splitlines()]
    assert (done.code, kinds[:2]) == (1, ["another-key", "forged-checkpoint"])
    shutil.copy(key, world.folder / "audit-key.pem")
    assert verify(shell, world).out.startswith("another-key: ")


def test_a_file_that_is_no_key_is_refused(shell: Shell, world: World) -> None:
    (world.folder / "audit-key.pem").write_text("no key")
    done = verify(shell, world)
    assert (done.code, done.out, done.err) == (1, "", "error: This is not an Ed25519 public key.\n")


def test_the_key_is_what_openssl_takes_for_one(shell: Shell, world: World) -> None:
    done = shell("audit", "key", "--data-dir", str(world.folder))
    command = [program("openssl"), "pkey", "-pubin", "-noout", "-text"]
    said = subprocess.run(command, input=done.out, text=True, capture_output=True, check=True)
    assert "ED25519" in said.stdout.upper()


def test_the_export_is_lines_of_json(shell: Shell, world: World) -> None:
    done = shell("audit", "export", "--data-dir", str(world.folder))
    assert [json.loads(line)["seq"] for line in done.out.splitlines()] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]
    later = shell("audit", "export", "--data-dir", str(world.folder), "--since", "2026-11-21T12:00:04Z")
    assert [json.loads(line)["seq"] for line in later.out.splitlines()] == [3, 3, 4, 5]


def test_a_time_that_is_none_is_not_understood(shell: Shell, world: World) -> None:
    done = shell("audit", "export", "--data-dir", str(world.folder), "--since", "yesterday")
    assert (done.code, done.out) == (2, "")


def test_where_nothing_is_nothing_is_made(shell: Shell, tmp_path: Path) -> None:
    done = shell("audit", "verify", "--data-dir", str(tmp_path / "nowhere"))
    assert (done.code, "holds no installation" in done.err) == (1, True)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "privyseal.db").write_bytes(os.urandom(5000))
    done = shell("audit", "verify", "--data-dir", str(tmp_path / "bad"))
    assert (done.code, "cannot be read" in done.err) == (1, True)


def test_an_auditor_needs_no_secret(shell: Shell, world: World) -> None:
    """A copy of the database, the public key and the exported checkpoints: there is no kek in this folder."""
    assert not (world.folder / "kek").exists()
    before = sorted(path.name for path in world.folder.iterdir())
    assert verify(shell, world).code == 0
    assert sorted(path.name for path in world.folder.iterdir()) == before


def test_it_works_beside_a_running_service(service: Service) -> None:
    """In another process, as another user of the machine would run it."""
    command = [*COMMAND, "audit", "verify", "--data-dir", str(service.data_dir)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("The audit trail is whole.\n")


def test_progress_is_for_whom_watches(world: World) -> None:
    """On a terminal a percentage, and it is gone at the end."""
    script = [program("script"), "--quiet", "--return", "--command"]
    command = " ".join([*COMMAND, "audit", "verify", "--data-dir", str(world.folder)])
    done = subprocess.run(
        [*script, command, "/dev/null"],
        env=clean_environment(TERM="dumb"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "100 % of 8 records" in done.stdout
    assert "The audit trail is whole." in done.stdout
