"""The export: every entry once, in the order of time, whoever wrote it."""

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.events.lines import Lines
from privyseal.stores.repositories.audit import SqlJournalReader
from tests.audit.world import START, World
from tests.stores import journals


def exported(world: World, since: datetime | None = None) -> list[dict[str, Any]]:
    with world.reading() as reader:
        return [json.loads(line) for line in Lines(reader, SqlJournalReader(), since)]


def test_each_entry_is_a_line_with_its_place(world: World) -> None:
    world.write(2, entries=2)
    lines = exported(world)
    assert [(line["seq"], line["index"]) for line in lines] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert lines[0] == {
        "at": "2026-11-21T12:00:01.000000+00:00",
        "writer": world.writer(),
        "seq": 0,
        "index": 0,
        **journals.entries(world.process())[0],
    }


def test_what_several_processes_wrote_is_put_in_the_order_of_time(world: World) -> None:
    for process in (0, 1, 1, 2, 0, 2, 1):
        world.write(process=process)
    times = [line["at"] for line in exported(world)]
    assert times == sorted(times)
    assert len(times) == 7


def test_it_begins_where_it_is_told(world: World) -> None:
    """The row of that very moment is in it."""
    world.write(100)
    world.write(100, process=1)
    since = START + timedelta(seconds=150)
    lines = exported(world, since)
    assert lines[0]["at"] == "2026-11-21T12:02:30.000000+00:00"
    assert len(lines) == 51
    assert exported(world, START + timedelta(days=1)) == []


def test_a_damaged_row_is_named_and_passed_over(world: World) -> None:
    world.write(3)
    world.edit("UPDATE journal SET entries = '{' WHERE seq = 1")
    assert [("error" in line, line["seq"]) for line in exported(world)] == [(False, 0), (True, 1), (False, 2)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=4), max_size=120))
def test_nothing_is_lost_and_nothing_comes_twice(tmp_path_factory: Any, order: list[int]) -> None:
    """Whatever the processes do by turns, in chains longer than a page too."""
    world = World(tmp_path_factory.mktemp("lines"))
    try:
        world.process()
        for process in order:
            world.write(process=process)
        places = [(line["writer"], line["seq"]) for line in exported(world)]
        assert places == [
            (row.writer, row.seq) for row in sorted(journals.rows(world.process()), key=lambda row: row.at)
        ]
    finally:
        world.close()
