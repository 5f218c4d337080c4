"""SQLite itself: query plans, disks in trouble, processes that share a file or are killed."""

import fcntl
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.sql import expand, queries
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.stores import journals
from tests.stores.processes import RESOURCE, keys, opened, put
from tests.stores.rows import NOW

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60


def start(name: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.stores.processes", name, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(name="file")
def file_fixture(tmp_path: Path) -> Iterator[SqliteStore]:
    store = opened(tmp_path)
    store.migrate()
    yield store
    store.close()


def plans() -> Iterator[tuple[str, list[str]]]:
    store = SqliteStore(MEMORY, FixedClock(NOW))
    store.migrate()
    for name in ("authority", "certificate", "tag", "access_key", "device", "mass_revocation"):
        for label, query in queries(name).items():
            lists = set(re.findall(r":(\w+)\.\.\.", query))
            values = {each: ["a", "b"] if each in lists else 1 for each in re.findall(r":(\w+)", query)}
            steps = store._reader().execute(*_explained(query, values)).fetchall()
            yield f"{name}.{label}", [step["detail"] for step in steps]
    store.close()
    store.close()


def _explained(query: str, values: dict[str, Any]) -> tuple[str, Any]:
    text, parameters = expand(query, values)
    return f"EXPLAIN QUERY PLAN {text}", parameters


@pytest.mark.parametrize("plan", [pytest.param(steps, id=name) for name, steps in plans()])
def test_every_query_finds_its_rows_through_an_index(plan: list[str]) -> None:
    """None reads a whole table, none sorts: a page costs the same at the end of a million rows."""
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step]


def test_the_file_is_in_wal_mode_and_every_commit_is_flushed(file: SqliteStore) -> None:
    put(file, "a")
    assert file._writer is not None
    for connection in (file._reader(), file._writer):
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_processes_and_their_threads_write_one_file_and_lose_nothing(
    file: SqliteStore, tmp_path: Path
) -> None:
    running = [start("write_much", tmp_path) for _ in range(2)]
    written = [key for process in running for line in finish(process) for key in line["keys"]]
    assert sorted(written) == keys(file)
    assert len(written) == 400
    assert sorted(each["resource"] for each in journals.entries(file)) == sorted(written)
    assert len({row.writer for row in journals.rows(file)}) == 2
    assert journals.problems(file) == []
    assert file.check() == "ok"


def test_what_was_acknowledged_survives_a_kill(file: SqliteStore, tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for _ in range(3):
        process = start("write_until_killed", tmp_path)
        assert process.stdout is not None
        acknowledged.add(json.loads(process.stdout.readline())["key"])
        time.sleep(random.uniform(0.05, 0.3))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=SECONDS)
        complete = rest[: rest.rfind("\n") + 1]
        acknowledged |= {json.loads(line)["key"] for line in complete.splitlines()}
    found = set(keys(file))
    assert acknowledged <= found
    assert {each["resource"] for each in journals.entries(file)} == found
    assert journals.problems(file) == []
    assert file.check() == "ok"


def test_a_full_disk_is_unavailable_and_loses_nothing(file: SqliteStore, tmp_path: Path) -> None:
    assert keys(file) == []
    (seen,) = finish(start("fill_the_disk", tmp_path))
    assert seen["refusals"]
    assert set(seen["refusals"]) == {"unavailable"}
    assert seen["readable"] == seen["acknowledged"][:-1]  # reading goes on meanwhile
    assert sorted(seen["acknowledged"]) == seen["afterwards"] == keys(file)
    assert (seen["integrity"], seen["journal"]) == ("ok", [])
    assert seen["chains"] > 1  # whether the last row of the first chain was written, nobody knew


def test_writers_take_turns_by_the_lock_beside_the_file(file: SqliteStore, tmp_path: Path) -> None:
    """Who waits sleeps in the kernel and is woken, where SQLite alone would poll."""
    put(file, "a")
    with (tmp_path / "privyseal.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writer = threading.Thread(target=put, args=(file, "b"))
        writer.start()
        writer.join(0.3)
        assert (writer.is_alive(), keys(file)) == (True, ["a"])
    writer.join(SECONDS)
    assert keys(file) == ["a", "b"]


def test_a_folder_that_cannot_be_written_is_unavailable_until_it_can(tmp_path: Path) -> None:
    """In a folder of its own: where the tests are root, the process must become somebody else."""
    assert tmp_path.exists()
    with tempfile.TemporaryDirectory() as name:
        store = opened(Path(name))
        store.migrate()
        store.close()
        refused, recovered = finish(start("lose_the_right_to_write", Path(name)))
    assert refused == {"open": "unavailable"}
    assert recovered == {"afterwards": ["after", "before"], "integrity": "ok"}


def test_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(PrivySealError) as refusal:
        opened(tmp_path / "missing")
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert str(tmp_path) not in refusal.value.message


@pytest.mark.parametrize("read", [True, False])
def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, read: bool) -> None:
    (tmp_path / "privyseal.db").write_bytes(b"not a database, " * 1000)
    store = opened(tmp_path)
    with pytest.raises(PrivySealError) as refusal:
        store.view(lambda tx: tx.now) if read else store.migrate()
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    store.close()


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.migrate()
    for n in range(100):
        put(store, f"{n:03}", "x" * 200)
    assert store.check() == "ok"
    store.close()
    path = tmp_path / "privyseal.db"
    content = bytearray(path.read_bytes())
    at = content.rfind(b"x" * 200)
    page = at - at % 4096
    content[page : page + 200] = os.urandom(200)
    path.write_bytes(content)
    store = opened(tmp_path)
    try:
        report = store.check()
    except PrivySealError as error:
        report = error.code.value
    store.close()
    assert report != "ok"


def test_a_writer_waits_for_another_instead_of_failing(file: SqliteStore, tmp_path: Path) -> None:
    """A stranger (a backup, the sqlite3 shell) holds the file for a moment."""
    stranger = sqlite3.connect(tmp_path / "privyseal.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    stranger.execute("INSERT INTO tag (resource, key) VALUES (?, 'stranger')", (RESOURCE,))
    process = start("write_much", tmp_path)
    time.sleep(0.5)
    assert keys(file) == []  # readers do not wait
    stranger.execute("COMMIT")
    stranger.close()
    assert len(finish(process)[0]["keys"]) == 200
    assert len(keys(file)) == 201
