"""Jobs of real processes on one file: one has the lease, and kill -9 does not end the work."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from privyseal.clock import SystemClock
from privyseal.jobs.model import TERM, Standing
from privyseal.jobs.runner import LOOK_S
from privyseal.stores.repositories.jobs import SqlJobs
from privyseal.stores.sqlite import SqliteStore
from tests.jobs import holder
from tests.service import clean_environment, patience

SECONDS = 30


class Processes:
    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.database = folder / "privyseal.db"
        self.log = folder / "log"
        self.log.touch()
        self._closing = closing

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.jobs.holder", str(self.database), str(self.log)]
        made = subprocess.Popen(command, stdin=subprocess.PIPE, env=clean_environment())
        self._closing.enter_context(made)
        self._closing.callback(made.kill)
        return made

    def beats(self) -> list[int]:
        """Which process has worked, in order of time; whole lines alone."""
        return [int(line) for line in self.log.read_text().split("\n")[:-1]]

    def row(self) -> Standing:
        store = SqliteStore(self.database, SystemClock())
        try:
            found = store.view(lambda tx: SqlJobs().find(tx, holder.NAME))
        finally:
            store.close()
        assert found is not None
        return found


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with ExitStack() as closing:
        yield Processes(tmp_path, closing)


def until(condition: Callable[[], bool]) -> float:
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + patience(SECONDS)
        time.sleep(0.02)
    return time.monotonic() - began


def test_when_the_holder_is_killed_another_goes_on(processes: Processes) -> None:
    """When its lease is over, and not before; the two never work at the same time."""
    first = processes.start()
    until(lambda: len(processes.beats()) > 0)
    second = processes.start()
    lease = processes.row().until
    until(lambda: processes.row().until > lease)  # it has been renewed, with another one waiting
    assert set(processes.beats()) == {first.pid}
    first.send_signal(signal.SIGKILL)
    first.wait()
    took = until(lambda: second.pid in processes.beats())
    assert took < patience(TERM.total_seconds() + 2 * LOOK_S + 1)
    beats = processes.beats()
    assert beats == sorted(beats, key=[first.pid, second.pid].index)
    assert processes.row().holder == f"process {second.pid}"


def test_when_the_holder_ends_in_good_order_another_goes_on_at_once(processes: Processes) -> None:
    first = processes.start()
    until(lambda: len(processes.beats()) > 0)
    second = processes.start()
    assert first.stdin
    first.stdin.close()
    assert first.wait(patience(SECONDS)) == 0
    assert until(lambda: second.pid in processes.beats()) < patience(5)


def test_a_holder_that_sleeps_through_its_lease_stops_when_it_wakes(processes: Processes) -> None:
    """As on a laptop whose lid was closed: by then another one has the work."""
    first = processes.start()
    until(lambda: len(processes.beats()) > 0)
    second = processes.start()
    first.send_signal(signal.SIGSTOP)
    until(lambda: second.pid in processes.beats())
    first.send_signal(signal.SIGCONT)
    time.sleep(2 * LOOK_S)  # it is told at its next look
    mark = len(processes.beats())
    until(lambda: len(processes.beats()) > mark + 20)
    assert set(processes.beats()[mark:]) == {second.pid}
    assert processes.row().holder == f"process {second.pid}"
