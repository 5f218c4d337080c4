"""Jobs run in this process: when, in turn with other processes, and what is seen of it."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.jobs.model import TERM, Standing
from privyseal.jobs.runner import Runner
from privyseal.store import Tx
from privyseal.stores.repositories.jobs import SqlJobs
from privyseal.stores.sqlite import SqliteStore
from tests.jobs.world import HOUR, LOOK_S, NOW, SECOND, SECONDS, TABLE, Turns, World, some_looks, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_job_runs_at_the_start_and_again_when_its_rest_is_over(world: World) -> None:
    turns = Turns()
    world.process("hourly", turns)
    turns.wait_for(1)
    some_looks()
    assert turns.number == 1
    world.clock.advance(HOUR)
    turns.wait_for(2)


def test_a_setting_may_say_how_long_it_rests(world: World) -> None:
    turns, runner = Turns(), world.silent_process()
    runner.add("hourly", turns, every=LOOK_S * SECOND)
    world.begun(runner)
    turns.wait_for(1)
    until(lambda: world.row("hourly").runs == 1)
    world.clock.advance(SECOND)
    turns.wait_for(2)


def test_a_name_that_is_in_no_table_is_refused(world: World) -> None:
    with pytest.raises(KeyError):
        world.silent_process().add("unknown", Turns())


def test_it_does_not_run_where_nothing_waits_and_that_costs_no_commit(world: World) -> None:
    turns, work_to_do = Turns(), threading.Event()
    looks = Turns()

    def waiting(_: Tx) -> bool:
        looks(work_to_do)
        return work_to_do.is_set()

    world.process("constant", turns, waiting)
    looks.wait_for(1)
    before = world.commits()
    looks.wait_for(20)
    assert (turns.number, world.commits()) == (0, before)
    work_to_do.set()
    turns.wait_for(1)
    until(lambda: world.commits() != before)


def test_a_wake_is_answered_at_once(tmp_path: Path, world: World) -> None:
    """Long before the next look; and one that comes during a run is not forgotten."""
    store = SqliteStore(tmp_path / "privyseal.db", world.clock)
    store.migrate()
    runner = Runner(store, SqlJobs(), "slow to look", TABLE, look_s=3600)
    world.stores.append(store)
    world.runners.append(runner)
    items, begun, go_on = [1], threading.Semaphore(0), threading.Semaphore(0)

    def work(_: threading.Event) -> None:
        begun.release()
        assert go_on.acquire(timeout=SECONDS)
        items.clear()

    runner.add("constant", work, lambda _: bool(items))
    world.begun(runner)
    assert begun.acquire(timeout=SECONDS)
    go_on.release()
    until(lambda: not items)
    items.append(2)
    runner.wake("constant")
    assert begun.acquire(timeout=SECONDS)
    runner.wake("constant")  # during the run
    go_on.release()
    until(lambda: not items)
    items.append(3)
    runner.wake("constant")
    assert begun.acquire(timeout=SECONDS)
    go_on.release()


def test_waking_is_no_error_before_the_start_nor_where_no_such_job_runs(world: World) -> None:
    runner = world.silent_process()
    runner.wake("constant")
    runner.wake("shared")
    turns = Turns()
    runner.add("constant", turns, lambda _: turns.number == 0)
    world.begun(runner)
    turns.wait_for(1)


def test_one_process_at_a_time_runs_an_exclusive_job(world: World) -> None:
    inside, most, turns = [0], [0], Turns()
    lock = threading.Lock()

    def work(stopping: threading.Event) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        with lock:
            inside[0] -= 1
        turns(stopping)

    for _ in range(3):
        world.process("constant", work)
    turns.wait_for(30)
    assert most == [1]


def test_every_process_runs_a_shared_job(world: World) -> None:
    meeting = threading.Barrier(2)
    met = Turns()

    def work(stopping: threading.Event) -> None:
        if met.number < 2:
            meeting.wait(SECONDS)  # both are inside at once
        met(stopping)

    for _ in range(2):
        world.process("shared", work)
    met.wait_for(2)


def test_the_lease_is_renewed_while_the_run_lasts(world: World) -> None:
    """However long that is, nobody else begins."""
    begun, end = threading.Event(), threading.Event()
    second = Turns()

    def work(_: threading.Event) -> None:
        begun.set()
        assert end.wait(SECONDS)

    world.process("hourly", work)
    assert begun.wait(SECONDS)
    world.process("hourly", second)
    for _ in range(10):
        world.clock.advance(TERM / 2)
        until(lambda: world.row("hourly").until == world.clock.now() + TERM)
    assert second.number == 0
    end.set()


def test_who_has_lost_the_lease_is_told_and_writes_nothing(world: World) -> None:
    """As a process that was suspended for longer than its lease."""
    begun, told, end = threading.Event(), threading.Event(), threading.Event()

    def work(stopping: threading.Event) -> None:
        begun.set()
        assert stopping.wait(SECONDS)
        told.set()
        assert end.wait(SECONDS)

    world.process("hourly", work)
    assert begun.wait(SECONDS)
    other = Standing("hourly", NOW + HOUR, NOW + TERM, holder="somebody else", runs=41)
    world.stores[0].transact(lambda tx: SqlJobs().put(tx, other))
    assert told.wait(SECONDS)
    end.set()
    some_looks()
    assert world.row("hourly") == other


def test_a_dead_holder_is_replaced_when_its_lease_is_over(world: World) -> None:
    world.silent_process()
    dead = Standing("hourly", NOW, NOW + TERM, holder="somebody dead", started_at=NOW)
    world.stores[0].transact(lambda tx: SqlJobs().put(tx, dead))
    turns = Turns()
    world.process("hourly", turns)
    some_looks()
    assert turns.number == 0
    world.clock.advance(TERM)
    turns.wait_for(1)


@pytest.mark.parametrize("jump", [timedelta(days=-365), timedelta(days=365)])
def test_a_clock_that_jumps_holds_nobody_up(world: World, jump: timedelta) -> None:
    """Neither a lease nor a rest that was written by a clock that was wrong."""
    turns, other = Turns(), Turns()
    first = world.process("hourly", turns)
    turns.wait_for(1)
    until(lambda: world.row("hourly").runs == 1)
    first.close()
    world.clock.advance(jump)
    world.process("hourly", other)
    other.wait_for(1)


def test_a_failing_job_is_seen_and_backs_off_until_it_goes_well(world: World) -> None:
    failures: list[Exception] = [
        PrivySealError(ErrorCode.UNAVAILABLE, "The bucket is away."),
        ZeroDivisionError("not for everybody's eyes"),
    ]
    turns = Turns()

    def work(stopping: threading.Event) -> None:
        turns(stopping)
        if failures:
            raise failures.pop(0)

    world.process("shared", work)
    until(lambda: turns.number >= 1 and world.row("shared").attempts == 1)
    assert world.row("shared").error == "The bucket is away."
    assert world.row("shared").succeeded_at is None
    some_looks()
    assert turns.number == 1
    world.clock.advance(2 * SECOND)
    until(lambda: world.row("shared").attempts == 2)
    assert world.row("shared").error == "Internal failure (ZeroDivisionError): the log has more."
    world.clock.advance(3 * SECOND)
    until(lambda: world.row("shared").succeeded_at is not None)
    row = world.row("shared")
    assert (row.attempts, row.failures, row.error) == (0, 2, None)
    outcomes = [labels["outcome"] for name, labels in world.meter.counts if name == "job_runs"]
    assert outcomes[:3] == ["failed", "failed", "done"]
    assert world.meter.observed == {"job_seconds", "job_lag_seconds"}


def test_a_slow_job_does_not_delay_another(world: World) -> None:
    begun, end, turns = threading.Event(), threading.Event(), Turns()

    def slow(_: threading.Event) -> None:
        begun.set()
        assert end.wait(SECONDS)

    runner = world.silent_process()
    runner.add("hourly", slow)
    runner.add("constant", turns)
    world.begun(runner)
    assert begun.wait(SECONDS)
    turns.wait_for(turns.number + 5)
    end.set()


def test_a_defect_in_looking_is_one_of_that_job_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Tx) -> bool:
        raise ZeroDivisionError

    blind, other = Turns(), Turns()
    runner = world.silent_process()
    runner.add("hourly", blind, broken)
    runner.add("other", other)
    world.begun(runner)
    blind.wait_for(1)
    other.wait_for(1)
    assert {"a job failed"} == {record.message for record in caplog.records}


def test_an_orderly_end_tells_the_work_and_gives_the_lease_back(world: World) -> None:
    begun = threading.Event()

    def work(stopping: threading.Event) -> None:
        begun.set()
        assert stopping.wait(SECONDS)

    first = world.process("constant", work)
    assert begun.wait(SECONDS)
    first.close()
    assert not world.row("constant").leased(world.clock.now())
    turns = Turns()
    world.process("constant", turns)
    turns.wait_for(1)


def test_an_end_does_not_wait_for_work_that_hangs(world: World) -> None:
    """Its lease is left to run out: it may still be at work."""
    begun, end = threading.Event(), threading.Event()

    def hang(_: threading.Event) -> None:
        begun.set()
        assert end.wait(SECONDS)

    first = world.process("hourly", hang)
    assert begun.wait(SECONDS)
    first.close(0.1)
    assert world.row("hourly").leased(world.clock.now())
    end.set()
    until(lambda: not world.row("hourly").leased(world.clock.now()))


def test_a_busy_job_is_written_down_now_and_then(world: World) -> None:
    """Not each time; and no run is forgotten in the end."""
    turns = Turns()
    runner = world.process("constant", turns)
    turns.wait_for(50)
    assert world.row("constant").runs < 10
    runner.close()


def test_what_was_never_started_can_be_closed(world: World) -> None:
    world.silent_process().close()
