"""Checkpoints are made of what is new, by one process at a time, and over nothing that is broken."""

import json
import re
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.checkpoint import Checkpoint, read_exported
from privyseal.events.checkpointing import Checkpointing, ensure_key
from privyseal.events.journal import JournalRow
from privyseal.meter import SilentMeter
from privyseal.store import Tx
from privyseal.stores.repositories.audit import SqlJournalReader, SqlTrail
from privyseal.stores.sql import queries
from tests.audit.world import WRAPPER, World, found
from tests.programs import program


class CountingMeter(SilentMeter):
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        self.counts[labels["outcome"]] += amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        raise AssertionError


def run(job: Checkpointing) -> None:
    job.run(threading.Event())


def checkpoints(world: World) -> list[Checkpoint]:
    stored = world.process().view(lambda tx: SqlTrail().after(tx, 0, 100))
    return [Checkpoint.parse(each.body) for each in stored]


def test_a_checkpoint_has_everything_that_was_committed_before_it(world: World) -> None:
    world.write(3, entries=2)
    world.write(2, process=1)
    world.checkpoint()
    (made,) = checkpoints(world)
    spans = {span.writer: (span.first, span.last) for span in made.spans}
    assert (made.number, made.size) == (1, 8)
    assert spans == {world.writer(0): (0, 2), world.writer(1): (0, 1)}
    assert world.verify().ok


def test_without_anything_new_there_is_no_new_one(world: World) -> None:
    world.checkpoint()
    assert checkpoints(world) == []
    world.write()
    world.checkpoint()
    world.checkpoint()
    assert len(checkpoints(world)) == 1


def test_what_is_folded_is_never_read_again(world: World) -> None:
    """The second checkpoint reads the rows after the first, and none before."""
    asked = []

    class Watched(SqlJournalReader):
        def rows(self, tx: Tx, writer: str, first: int, last: int, limit: int) -> Sequence[JournalRow]:
            asked.append(first)
            return super().rows(tx, writer, first, last, limit)

    journal = Watched()
    meter = CountingMeter()
    job = Checkpointing(world.process(), SqlTrail(WRAPPER), journal, world.key, meter)
    world.write(5)
    run(job)
    asked.clear()
    world.write(2)
    run(job)
    assert min(asked) == 5
    assert meter.counts == {"signed": 2}


def test_a_large_backlog_becomes_several(world: World) -> None:
    """So that each is made, exported and verified in bounded memory."""
    world.write(8, entries=4)
    world.write(3, process=1, entries=4)
    trail, journal, meter = SqlTrail(WRAPPER), SqlJournalReader(), CountingMeter()
    run(Checkpointing(world.process(), trail, journal, world.key, meter, max_leaves=10))
    sizes = [each.size for each in checkpoints(world)]
    assert sizes == [12, 24, 36, 44]
    assert world.verify().records == 44


def test_it_is_waited_for_while_something_is_in_no_checkpoint(world: World) -> None:
    job = world.checkpointing()
    assert not world.process().view(job.waiting)
    world.write(process=1)
    assert world.process().view(job.waiting)
    run(job)
    assert not world.process().view(job.waiting)


def test_processes_take_turns(world: World) -> None:
    """Whichever of them has the lease of the job goes on where the last one ended."""
    first, second = world.checkpointing(0), world.checkpointing(1)
    for job in (first, second, first):
        world.write()
        run(job)
    assert [each.size for each in checkpoints(world)] == [1, 2, 3]
    assert world.verify().ok


def test_at_an_orderly_end_everything_is_in_a_checkpoint(world: World) -> None:
    """Whoever has the lease of the job."""
    first, second = world.checkpointing(0), world.checkpointing(1)
    world.write()
    run(first)
    world.write(process=1)
    second.finish()
    assert [each.size for each in checkpoints(world)] == [1, 2]


def test_a_clock_that_went_back_holds_nobody_up(world: World) -> None:
    world.clock.advance(timedelta(days=365))
    world.write()
    run(world.checkpointing(0))
    world.clock.advance(timedelta(days=-365))
    world.write()
    run(world.checkpointing(1))
    assert len(checkpoints(world)) == 2
    assert world.verify().ok


def test_two_that_both_believe_to_have_the_lease_do_not_both_sign(world: World) -> None:
    """While one reads, slowly, the other one signs and commits: the number is taken."""

    class Slow(SqlJournalReader):
        def rows(self, tx: Tx, writer: str, first: int, last: int, limit: int) -> Sequence[JournalRow]:
            run(other)
            return super().rows(tx, writer, first, last, limit)

    world.write()
    meter, other = CountingMeter(), world.checkpointing(1)
    run(Checkpointing(world.process(), SqlTrail(WRAPPER), Slow(), world.key, meter))
    assert (len(checkpoints(world)), meter.counts) == (1, {})
    assert world.verify().ok


def test_a_broken_chain_does_not_stop_the_others(world: World) -> None:
    """It gets no further itself: nothing is signed over what does not add up."""
    world.write(5)
    world.write(2, process=1)
    world.edit(
        "UPDATE journal SET entries = replace(entries, 'admin', 'edmin') WHERE writer = :writer AND seq = 3",
        writer=world.writer(),
    )
    meter = CountingMeter()
    run(Checkpointing(world.process(), SqlTrail(WRAPPER), SqlJournalReader(), world.key, meter))
    world.write(2, process=1)
    world.checkpoint()
    spans = [(span.writer, span.first, span.last) for each in checkpoints(world) for span in each.spans]
    assert sorted(spans) == sorted(
        [(world.writer(0), 0, 2), (world.writer(1), 0, 1), (world.writer(1), 2, 3)]
    )
    assert meter.counts["broken-row"] >= 1
    assert found(world.verify()) == [("changed", 3, 3)]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit_checkpoint SET signature = zeroblob(64)",
        "UPDATE audit_checkpoint SET frontier = zeroblob(32)",
        "UPDATE audit_checkpoint SET frontier = 'x'",
        "UPDATE audit_checkpoint SET body = replace(body, '\"size\":1', '\"size\":2')",
        "UPDATE audit_checkpoint SET body = '[]'",
        "UPDATE audit_checkpoint SET number = 2",
    ],
)
def test_nothing_is_signed_on_top_of_a_forged_one(world: World, edit: str) -> None:
    world.write()
    world.checkpoint()
    world.edit(edit)
    world.write()
    with pytest.raises(PrivySealError, match="privyseal audit verify") as refusal:
        world.checkpoint()
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert not world.verify().ok


def test_a_process_notices_that_its_last_one_is_gone(world: World) -> None:
    """Although what is left agrees with itself."""
    job = world.checkpointing()
    for _ in range(2):
        world.write()
        run(job)
    world.edit("DELETE FROM audit_checkpoint WHERE number = 2", "UPDATE audit_chain SET seq = 0")
    world.write()
    with pytest.raises(PrivySealError, match="checkpoint 2, which this process signed, is gone"):
        run(job)


def test_the_key_is_made_once_and_stays(world: World) -> None:
    store = world.process()
    made = ensure_key(store, SqlTrail(WRAPPER))
    assert ensure_key(store, SqlTrail(WRAPPER)).public == made.public
    world.edit("UPDATE audit_key SET public_key = :der", der=b"another")
    with pytest.raises(PrivySealError, match="not the one"):
        ensure_key(store, SqlTrail(WRAPPER))


def test_openssl_verifies_an_exported_checkpoint(world: World, tmp_path: Path) -> None:
    """With the public key and the line alone."""
    world.write()
    world.checkpoint()
    world.export()
    line = world.exported.read_text()
    told, body, signature = read_exported(line)
    assert json.loads(line)["checkpoint"] == body
    (tmp_path / "key.pem").write_bytes(world.key.public.pem())
    (tmp_path / "body").write_text(body)
    (tmp_path / "signature").write_bytes(signature)
    command = [
        program("openssl"),
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "body",
    ]
    check = [*command, "-sigfile", "signature"]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "body").write_text(body.replace('"size":1', '"size":2'))
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode != 0
    assert told.size == 1


def test_no_query_of_the_trail_reads_the_whole_journal(world: World) -> None:
    """But for the one that looks for a row that has been moved, when a chain is known to be broken."""
    world.process()
    with closing(sqlite3.connect(world.database)) as connection:
        for name, query in queries("audit").items():
            values = dict.fromkeys(re.findall(r":(\w+)", query), 1)
            steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
            assert not [step for step in steps if step.startswith("SCAN journal")], name
            by_seq = [
                step for step in steps if "journal" in step and "writer=?" in step and "seq" not in step
            ]
            assert not by_seq or name in {"follower", "moved", "ends"}, (name, steps)
