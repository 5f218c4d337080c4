"""Whoever edits the database is found out, and where is said: a table of edits and their findings.

The database: one process with rows 0 to 9 in checkpoint 1 and 10 to 19 in checkpoint 2, another one
with rows 0 to 4 in checkpoint 2, and three rows of the first that no checkpoint has yet.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from privyseal.events.checkpoint import Checkpoint, Signed
from privyseal.events.findings import Finding, Kind, Report
from privyseal.events.journal import JournalRow, canonical, tree_hash
from privyseal.events.tree import Tree, leaf_hash
from privyseal.signing import SigningKey, new_secret
from privyseal.stores.sql import time_of
from tests.audit.world import Tampering, World, found

SEQ = "writer = :writer AND seq"


@pytest.fixture(name="world")
def world_fixture(world: World) -> World:
    world.write(10, entries=3)
    world.checkpoint()
    world.write(10)
    world.write(5, process=1)
    world.checkpoint()
    world.export()
    world.write(3, entries=2)
    return world


def edit(*statements: str, process: int = 0) -> Tampering:
    return lambda world: world.edit(*statements, writer=world.writer(process))


def swap(one: int, other: int) -> Tampering:
    """Two rows change places: the numbers only."""
    return edit(
        f"UPDATE journal SET seq = -1 WHERE {SEQ} = {one}",
        f"UPDATE journal SET seq = {one} WHERE {SEQ} = {other}",
        f"UPDATE journal SET seq = {other} WHERE {SEQ} = -1",
    )


def swap_contents(one: int, other: int) -> Tampering:
    """Two rows change places, but their links stay as they were."""
    columns = "entries, root"
    kept = f"SELECT {columns} FROM kept WHERE seq ="
    return edit(
        f"CREATE TEMP TABLE kept AS SELECT * FROM journal WHERE writer = :writer AND seq IN ({one}, {other})",
        f"UPDATE journal SET ({columns}) = ({kept} {other}) WHERE {SEQ} = {one}",
        f"UPDATE journal SET ({columns}) = ({kept} {one}) WHERE {SEQ} = {other}",
    )


def remove_and_renumber(seq: int, last: int) -> Tampering:
    moves = [f"UPDATE journal SET seq = {n - 1} WHERE {SEQ} = {n}" for n in range(seq + 1, last + 1)]
    return edit(f"DELETE FROM journal WHERE {SEQ} = {seq}", *moves)


def rows_of(world: World, writer: str) -> list[JournalRow]:
    with closing(sqlite3.connect(world.database)) as connection:
        found = connection.execute(
            "SELECT seq, at, previous, root, entries FROM journal WHERE writer = ? ORDER BY seq", [writer]
        ).fetchall()
    return [JournalRow(writer, seq, time_of(at), *rest) for seq, at, *rest in found]


def rewrite(changed: int) -> Tampering:
    """Another principal in one row, and everything after it made to agree."""

    def tamper(world: World) -> None:
        writer, head = world.writer(), None
        for row in rows_of(world, writer):
            entries, previous = row.entries, row.previous
            if row.seq == changed:
                told = json.loads(entries)
                told[0]["principal"] = "somebody else"
                entries = f"[{','.join(canonical(each) for each in told)}]"
            if head is not None:
                previous = head
            leaves = [leaf_hash(canonical(each).encode()) for each in json.loads(entries)]
            made = JournalRow(writer, row.seq, row.at, previous, tree_hash(leaves), entries)
            if row.seq >= changed:
                head = made.digest()
                world.edit(
                    "UPDATE journal SET previous = :previous, root = :root, entries = :entries "
                    f"WHERE {SEQ} = :seq",
                    writer=writer,
                    seq=row.seq,
                    previous=made.previous,
                    root=made.root,
                    entries=made.entries,
                )

    return tamper


def resign(key: SigningKey) -> Tampering:
    """All checkpoints made anew over what is there now, and signed with the given key."""

    def tamper(world: World) -> None:
        tree, previous = Tree(), "0" * 64
        with closing(sqlite3.connect(world.database)) as connection:
            bodies = connection.execute("SELECT body FROM audit_checkpoint ORDER BY number").fetchall()
        for (body,) in bodies:
            told = Checkpoint.parse(body)
            spans = []
            for span in told.spans:
                rows = rows_of(world, span.writer)[span.first : span.last + 1]
                for row in rows:
                    tree.extend(leaf_hash(canonical(each).encode()) for each in json.loads(row.entries))
                spans.append(type(span)(span.writer, span.first, span.last, rows[-1].digest()))
            made = Checkpoint(told.number, told.at, tree.size, tree.root(), previous, key.public.id, spans)
            signed = Signed(told.number, made.body(), key.sign(made.body().encode()), tree.frontier)
            previous = signed.digest
            world.edit(
                "UPDATE audit_checkpoint SET body = :body, signature = :signature, frontier = :frontier "
                "WHERE number = :number",
                number=signed.number,
                body=signed.body,
                signature=signed.signature,
                frontier=signed.frontier,
            )

    return tamper


def first(tampering: Tampering, *more: Tampering) -> Tampering:
    def all_of_them(world: World) -> None:
        for each in (tampering, *more):
            each(world)

    return all_of_them


CHECKPOINT = "UPDATE audit_checkpoint SET"
# What is done, and (kind, first, last) of what is found: rows of a chain, or checkpoints.
EDITS: dict[str, tuple[Tampering, list[tuple[str, int, int]]]] = {
    "a byte of an entry": (
        edit(f"UPDATE journal SET entries = replace(entries, 'admin', 'edmin') WHERE {SEQ} = 4"),
        [("changed", 4, 4)],
    ),
    "a byte of an entry that no checkpoint has": (
        edit(f"UPDATE journal SET entries = replace(entries, 'admin', 'edmin') WHERE {SEQ} = 21"),
        [("changed", 21, 21)],
    ),
    "white space in an entry": (
        edit(f"UPDATE journal SET entries = entries || ' ' WHERE {SEQ} = 4"),
        [("changed", 4, 4)],
    ),
    "one entry of a row": (
        edit(f"UPDATE journal SET entries = json_remove(entries, '$[2]') WHERE {SEQ} = 4"),
        [("changed", 4, 4)],
    ),
    "no entries at all": (edit(f"UPDATE journal SET entries = '[]' WHERE {SEQ} = 4"), [("changed", 4, 4)]),
    "a time": (edit(f"UPDATE journal SET at = at + 1 WHERE {SEQ} = 4"), [("changed", 4, 4)]),
    "the time of the last row of a checkpoint": (
        edit(f"UPDATE journal SET at = at + 1 WHERE {SEQ} = 9"),
        [("changed", 0, 9)],
    ),
    "a root": (
        edit(f"UPDATE journal SET root = zeroblob(32) WHERE {SEQ} = 4"),
        [("changed", 4, 4)],
    ),
    "a link": (edit(f"UPDATE journal SET previous = zeroblob(32) WHERE {SEQ} = 4"), [("changed", 4, 4)]),
    "a column of another type": (
        edit(f"UPDATE journal SET root = 7, at = 'now' WHERE {SEQ} = 4"),
        [("changed", 4, 4)],
    ),
    "text that is none": (
        edit(f"UPDATE journal SET entries = CAST(x'5bff5d' AS TEXT) WHERE {SEQ} = 4"),
        [("changed", 4, 4)],
    ),
    "a row in the middle dropped": (edit(f"DELETE FROM journal WHERE {SEQ} = 4"), [("removed", 4, 4)]),
    "three rows in the middle dropped": (
        edit(f"DELETE FROM journal WHERE {SEQ} BETWEEN 4 AND 6"),
        [("removed", 4, 6)],
    ),
    "rows on both sides of a checkpoint dropped": (
        edit(f"DELETE FROM journal WHERE {SEQ} BETWEEN 8 AND 11"),
        [("removed", 8, 11)],
    ),
    "a row dropped that no checkpoint has": (
        edit(f"DELETE FROM journal WHERE {SEQ} = 21"),
        [("removed", 21, 21)],
    ),
    "the first row dropped": (edit(f"DELETE FROM journal WHERE {SEQ} = 0"), [("removed", 0, 0)]),
    "a row dropped and the later ones renumbered": (remove_and_renumber(4, 22), [("removed", 4, 4)]),
    "two neighbours swapped": (swap(4, 5), [("reordered", 4, 4), ("reordered", 5, 5)]),
    "two rows swapped": (swap(3, 7), [("reordered", 3, 3), ("reordered", 7, 7)]),
    "two rows of different checkpoints swapped": (swap(3, 13), [("reordered", 3, 3), ("reordered", 13, 13)]),
    "two rows swapped that no checkpoint has": (swap(21, 22), [("reordered", 21, 21), ("reordered", 22, 22)]),
    "what two rows say swapped": (swap_contents(4, 6), [("changed", 4, 4), ("changed", 6, 6)]),
    "the end cut off within a checkpoint": (edit(f"DELETE FROM journal WHERE {SEQ} > 14"), [("cut", 15, 19)]),
    "a whole process dropped": (edit("DELETE FROM journal WHERE writer = :writer"), [("cut", 0, 19)]),
    "a whole process dropped, of one checkpoint": (
        edit("DELETE FROM journal WHERE writer = :writer", process=1),
        [("cut", 0, 4)],
    ),
    # The rows of each checkpoint do not lead to its head; the first ones after it do not follow it.
    "everything after a change made to agree": (
        rewrite(4),
        [("changed", 0, 9), ("changed", 10, 10), ("changed", 10, 19), ("changed", 20, 20)],
    ),
    "a row before the first": (
        edit(
            "INSERT INTO journal SELECT writer, -5, at, previous, root, entries FROM journal "
            "WHERE writer = :writer AND seq = 0"
        ),
        [("changed", -5, -5)],
    ),
    "a checkpoint's signature": (
        edit(f"{CHECKPOINT} signature = zeroblob(64) WHERE number = 1"),
        [("forged-checkpoint", 1, 1)],
    ),
    "a checkpoint's body": (
        edit(f"{CHECKPOINT} body = replace(body, '\"size\":30', '\"size\":29') WHERE number = 1"),
        [("forged-checkpoint", 1, 1)],
    ),
    "a checkpoint that is no JSON": (
        edit(f"{CHECKPOINT} body = 'x' WHERE number = 2"),
        [("forged-checkpoint", 2, 2)],
    ),
    "a checkpoint of deep brackets": (
        lambda world: world.edit(f"{CHECKPOINT} body = :body WHERE number = 2", body="[" * 100_000),
        [("forged-checkpoint", 2, 2)],
    ),
    "a checkpoint under another number": (
        edit(f"{CHECKPOINT} number = 7 WHERE number = 2"),
        [("missing-checkpoint", 2, 6), ("forged-checkpoint", 7, 7)],
    ),
    "a frontier": (
        edit(f"{CHECKPOINT} frontier = zeroblob(length(frontier)) WHERE number = 2"),
        [("forged-checkpoint", 2, 2)],
    ),
    "the first checkpoint dropped": (
        edit("DELETE FROM audit_checkpoint WHERE number = 1"),
        [("missing-checkpoint", 1, 1)],
    ),
    "the last checkpoint dropped": (
        edit("DELETE FROM audit_checkpoint WHERE number = 2"),
        [("missing-checkpoint", 2, 2)],
    ),
    "all checkpoints dropped": (edit("DELETE FROM audit_checkpoint"), [("missing-checkpoint", 1, 1)]),
    "all checkpoints signed with another key": (
        resign(SigningKey(new_secret())),
        [("forged-checkpoint", 1, 2)],
    ),
}


@pytest.mark.parametrize(("tampering", "expected"), EDITS.values(), ids=list(EDITS))
def test_it_is_found_and_located(
    world: World, tampering: Tampering, expected: list[tuple[str, int, int]]
) -> None:
    assert found(world.verify()) == []
    tampering(world)
    report = world.verify()
    assert found(report) == expected
    for finding in report.findings:
        assert bool(finding.writer) == (
            finding.kind in {Kind.CHANGED, Kind.REMOVED, Kind.REORDERED, Kind.CUT}
        )


def test_what_is_whole_is_whole(world: World) -> None:
    """And what no checkpoint has yet is counted: three rows of two records, the oldest three seconds old."""
    report = world.verify(exported=True)
    assert (report.ok, report.checkpoints, report.rows, report.records) == (True, 2, 25, 45)
    assert (report.exported, report.last_exported) == (2, 2)
    assert (report.tail_rows, report.tail_records, report.tail_seconds) == (3, 6, 2.0)


@pytest.mark.parametrize("rows", [1, 2, 199, 200, 201, 450])
def test_every_row_of_a_tail_is_counted(tmp_path: Path, rows: int) -> None:
    """Also where there is no checkpoint at all, and over more than a page."""
    world = World(tmp_path)
    world.write(rows)
    report = world.verify()
    assert (report.ok, report.tail_rows, report.tail_seconds) == (True, rows, rows - 1)
    world.close()


def test_a_row_far_beyond_the_others_ends_the_search_too(world: World) -> None:
    """It is not looked for number by number."""
    edit(f"UPDATE journal SET seq = {2**63 - 1} WHERE {SEQ} = 22")(world)
    assert found(world.verify()) == [("removed", 22, 2**63 - 2)]


def test_spans_that_were_signed_twice_are_told(world: World) -> None:
    """Whoever winds back how far a chain is makes the service fold its rows again."""
    (row,) = [row for row in rows_of(world, world.writer()) if row.seq == 14]
    world.edit("UPDATE audit_chain SET seq = 14, head = :head WHERE writer = :writer",
               writer=world.writer(), head=row.digest())  # fmt: skip
    world.checkpoint()
    assert ("forged-checkpoint", 3, 3) in found(world.verify())


def test_a_tail_that_is_cut_cannot_be_told_from_one_that_never_was(world: World) -> None:
    """That is why it is said how long it is; everything that a checkpoint has is safe."""
    edit(f"DELETE FROM journal WHERE {SEQ} > 19")(world)
    report = world.verify(exported=True)
    assert (report.ok, report.tail_rows) == (True, 0)


def consistently(world: World) -> None:
    """By somebody who has the signing key too: only the exported checkpoints can tell."""
    first(rewrite(4), resign(world.key))(world)


def test_what_even_the_key_holder_rewrites_is_told_by_the_exported_checkpoints(world: World) -> None:
    consistently(world)
    assert found(world.verify()) == []
    assert found(world.verify(exported=True)) == [("forged-checkpoint", 1, 2)]


def test_a_history_that_was_taken_back_is_told_by_the_exported_checkpoints(world: World) -> None:
    """An older copy of the database agrees with itself."""
    writer = world.writer()
    world.edit(
        "DELETE FROM journal WHERE seq > 9 OR writer <> :writer",
        "DELETE FROM audit_checkpoint WHERE number > 1",
        "DELETE FROM audit_chain WHERE writer <> :writer",
        "UPDATE audit_chain SET seq = 9",
        writer=writer,
    )
    assert found(world.verify()) == []
    assert found(world.verify(exported=True)) == [("missing-checkpoint", 2, 2)]


def test_another_key_in_the_database_convinces_nobody(world: World) -> None:
    key = SigningKey(new_secret())
    trusted = world.key.public
    resign(key)(world)
    world.edit("UPDATE audit_key SET id = :id, public_key = :der", id=key.public.id, der=key.public.der)
    assert found(world.verify(key=trusted)) == [("forged-checkpoint", 1, 2)]


def test_findings_are_bounded() -> None:
    """A database full of holes does not fill the memory of who looks at it."""
    report = Report()
    for seq in range(0, 10_000, 2):
        report.add(Finding(Kind.REMOVED, "there is no such row", "w", seq, seq))
    assert (len(report.findings), report.more) == (1000, 4000)


def test_the_digest_of_a_body_is_plain_sha256(world: World) -> None:
    """What an auditor without our code computes."""
    with closing(sqlite3.connect(world.database)) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM audit_checkpoint ORDER BY number")]
    assert json.loads(bodies[1])["previous"] == hashlib.sha256(bodies[0].encode()).hexdigest()
