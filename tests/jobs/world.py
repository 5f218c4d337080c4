"""Processes that run jobs: with one database and one clock, seen from outside."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from privyseal.clock import FixedClock
from privyseal.jobs import model
from privyseal.jobs.model import Standing
from privyseal.jobs.runner import Runner
from privyseal.jobs.table import Job
from privyseal.jobs.worker import Waiting, Work
from privyseal.meter import SilentMeter
from privyseal.store import Tx
from privyseal.stores.repositories.jobs import SqlJobs
from privyseal.stores.sql import sql
from privyseal.stores.sqlite import SqliteStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = 20  # a test fails after this; none waits so long
LOOK_S = 0.01
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NO_TIME = timedelta(0)
TABLE = (
    Job("hourly", HOUR, retry=SECOND),
    Job("other", HOUR, retry=SECOND),
    Job("constant", NO_TIME),
    Job("shared", NO_TIME, retry=SECOND, shared=True),
)


class World:
    """Processes with one database and one clock: each has a store and a runner of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock(NOW)
        self.folder = folder
        self.stores: list[SqliteStore] = []
        self.runners: list[Runner] = []
        self.meter = CountingMeter()

    def process(self, name: str, work: Work, waiting: Waiting | None = None) -> Runner:
        runner = self.silent_process()
        runner.add(name, work, waiting)
        return self.begun(runner)

    def silent_process(self) -> Runner:
        store = SqliteStore(self.folder / "privyseal.db", self.clock)
        store.migrate()
        self.stores.append(store)
        self.runners.append(Runner(store, SqlJobs(), f"process {len(self.runners)}", TABLE, LOOK_S))
        return self.runners[-1]

    def begun(self, runner: Runner) -> Runner:
        runner.start(self.meter)
        return runner

    def row(self, name: str) -> Standing:
        """As of a job that has never run, where there is none yet."""
        found = self.stores[0].view(lambda tx: SqlJobs().find(tx, name))
        return found or model.new(name, NOW)

    def commits(self) -> int:
        """A number that changes with every commit."""
        return self.stores[0].view(_data_version)

    def close(self) -> None:
        for runner in self.runners:
            runner.close()
        for store in self.stores:
            store.close()


def _data_version(tx: Tx) -> int:
    (row,) = sql(tx).rows("PRAGMA data_version")
    return int(row["data_version"])


class CountingMeter(SilentMeter):
    def __init__(self) -> None:
        self.counts: list[tuple[str, dict[str, str]]] = []
        self.observed: set[str] = set()

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        self.counts.append((name, labels))

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self.observed.add(name)


class Turns:
    """Work that notes each of its runs."""

    def __init__(self) -> None:
        self.number = 0
        self._ran = threading.Condition()

    def __call__(self, _: threading.Event) -> None:
        with self._ran:
            self.number += 1
            self._ran.notify_all()

    def wait_for(self, number: int) -> None:
        with self._ran:
            assert self._ran.wait_for(lambda: self.number >= number, SECONDS), self.number


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def some_looks() -> None:
    """Long enough for a look to have happened, where nothing is to come of it."""
    time.sleep(20 * LOOK_S)
