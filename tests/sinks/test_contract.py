"""What every sink does: it keeps what it is given, and says so when it cannot."""

import threading

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.checkpoint import read_exported
from privyseal.events.exported import Comparison
from privyseal.events.exporting import Exporting
from privyseal.events.findings import Report
from privyseal.meter import SilentMeter
from privyseal.stores.repositories.audit import SqlTrail
from tests.audit.world import World, found
from tests.sinks.conftest import Bench


def test_it_keeps_every_line_in_order(bench: Bench) -> None:
    sink = bench.open()
    for number in range(1, 13):
        sink.put(number, f'{{"number": {number}}}')
    assert bench.kept() == [f'{{"number": {number}}}' for number in range(1, 13)]


def test_what_it_was_given_stays_after_a_restart(bench: Bench) -> None:
    bench.open().put(1, "one")
    bench.open().put(2, "two")
    assert bench.kept() == ["one", "two"]
    assert bench.open().name == bench.open().name


def test_another_checkpoint_of_the_same_number_does_not_replace_it(bench: Bench) -> None:
    """That would be the trace of a rewritten history, which is what it is there to show."""
    sink = bench.open()
    sink.put(1, "one")
    sink.put(1, "another one")
    assert sorted(bench.kept()) == ["another one", "one"]


def test_it_says_when_it_cannot(bench: Bench) -> None:
    sink = bench.open()
    bench.break_it()
    with pytest.raises(PrivySealError) as refusal:
        sink.put(1, "one")
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    bench.mend()
    sink.put(1, "one")
    assert bench.kept() == ["one"]


def test_a_trail_is_exported_whole_although_the_sink_fails_at_first(bench: Bench, world: World) -> None:
    """Nothing is lost, and after it works again it goes on where it was."""
    bench.break_it()
    for number in range(6):
        world.write(2)
        world.checkpoint()
        if number == 1:
            with pytest.raises(PrivySealError):
                world.export(bench.open())
            bench.mend()
        if number == 2:
            world.export(bench.open())
    assert [read_exported(line)[0].number for line in bench.kept()] == [1, 2, 3]
    world.export(bench.open())
    world.export(bench.open())
    assert [read_exported(line)[0].number for line in bench.kept()] == [1, 2, 3, 4, 5, 6]
    report = Report()
    with world.reading() as reader:
        lines = [(str(place), line) for place, line in enumerate(bench.kept())]
        Comparison(reader, SqlTrail(), world.key.public, report).run(lines)
    assert (found(report), report.exported, report.last_exported) == ([], 6, 6)


class Failing:
    """A sink that keeps two and then fails once."""

    name = "failing"

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.failed = False

    def put(self, number: int, line: str) -> None:
        if len(self.kept) == 2 and not self.failed:
            self.failed = True
            raise PrivySealError(ErrorCode.UNAVAILABLE, "not now")
        self.kept.append(number)


def test_after_a_failure_it_may_get_some_again_and_misses_none(world: World) -> None:
    """At least once: the cursor moves when a whole page has been kept."""
    for _ in range(4):
        world.write()
        world.checkpoint()
    sink = Failing()
    with pytest.raises(PrivySealError, match="not now"):
        world.export(sink)
    assert sink.kept == [1, 2]
    world.export(sink)
    assert sink.kept == [1, 2, 1, 2, 3, 4]


def test_a_new_place_gets_everything_from_the_first_on(world: World) -> None:
    world.write()
    world.checkpoint()
    world.export()
    sink = Failing()
    world.export(sink)
    assert sink.kept == [1]


def test_it_ends_early_when_it_is_told_to(world: World) -> None:
    world.write()
    world.checkpoint()
    stopping = threading.Event()
    stopping.set()
    sink = Failing()
    Exporting(world.process(), SqlTrail(), sink, SilentMeter()).run(stopping)
    assert sink.kept == []
