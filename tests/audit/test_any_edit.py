"""Whatever is edited in what a checkpoint has: it is found, and no edit makes the verification fail."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.clock import FixedClock
from privyseal.events.findings import Report
from privyseal.events.verification import Verification
from privyseal.signing import VerifyingKey
from privyseal.stores.repositories.audit import SqlJournalReader, SqlTrail
from privyseal.stores.sqlite_reader import SqliteReader
from tests.audit.world import START, World, nothing

ROWS = 12

bytes_or_text = st.one_of(
    st.binary(max_size=40), st.text(max_size=40), st.integers(-(2**63), 2**63 - 1), st.none()
)


@pytest.fixture(scope="module", name="trail")
def trail_fixture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VerifyingKey]:
    """A database with two chains of `ROWS` rows, all in checkpoints."""
    world = World(tmp_path_factory.mktemp("any"))
    for _ in range(3):
        world.write(ROWS // 3, entries=2)
        world.write(ROWS // 3, process=1)
        world.checkpoint()
    key = world.key.public
    world.close()  # folds the log into the one file
    return world.database, key


def verified(trail: tuple[Path, VerifyingKey], folder: Path, statement: str, *values: object) -> Report:
    """The report on a copy in which one statement was run. The database refuses what breaks its schema:
    then nothing was edited.
    """
    database, key = trail
    copy = folder / "copy.db"
    copy.unlink(missing_ok=True)
    shutil.copy(database, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.text_factory = bytes
        before = contents(connection)
        try:
            connection.execute(statement, values)
        except sqlite3.IntegrityError:
            connection.rollback()
        edited = before != contents(connection)
    report = Report()
    with closing(SqliteReader(copy, FixedClock(START))) as reader:
        Verification(reader, SqlTrail(), SqlJournalReader(), key, report).run(nothing)
    assert report.ok != edited, (statement, values, report.findings)
    return report


def contents(connection: sqlite3.Connection) -> list[object]:
    return [
        connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
        for table in ("journal", "audit_checkpoint")
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_in_any_column_of_a_row(
    trail: tuple[Path, VerifyingKey], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(["seq", "at", "previous", "root", "entries", "writer"]))
    row = data.draw(st.integers(1, 2 * ROWS))
    value = data.draw(bytes_or_text)
    folder = tmp_path_factory.getbasetemp()
    verified(trail, folder, f"UPDATE journal SET {column} = ? WHERE rowid = ?", value, row)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_bit_of_an_entry(
    trail: tuple[Path, VerifyingKey], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    row = data.draw(st.integers(1, 2 * ROWS))
    with closing(sqlite3.connect(trail[0])) as connection:
        (text,) = connection.execute("SELECT entries FROM journal WHERE rowid = ?", [row]).fetchone()
    place = data.draw(st.integers(0, 8 * len(text) - 1))
    changed = bytearray(text.encode())
    changed[place // 8] ^= 1 << place % 8
    statement = "UPDATE journal SET entries = CAST(? AS TEXT) WHERE rowid = ?"
    verified(trail, tmp_path_factory.getbasetemp(), statement, bytes(changed), row)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_value_in_any_column_of_a_checkpoint(
    trail: tuple[Path, VerifyingKey], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(["number", "body", "signature", "frontier"]))
    number = data.draw(st.integers(1, 3))
    value = data.draw(bytes_or_text)
    statement = f"UPDATE audit_checkpoint SET {column} = ? WHERE number = ?"
    verified(trail, tmp_path_factory.getbasetemp(), statement, value, number)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 2 * ROWS)))
def test_any_rows_removed(
    trail: tuple[Path, VerifyingKey], tmp_path_factory: pytest.TempPathFactory, rows: set[int]
) -> None:
    marks = ", ".join("?" * len(rows))
    statement = f"DELETE FROM journal WHERE rowid IN ({marks})"
    report = verified(trail, tmp_path_factory.getbasetemp(), statement, *rows)
    missing = sum(finding.last - finding.first + 1 for finding in report.findings)
    assert missing == len(rows)
