"""Runs the jobs of a process: one thread looks at what is due, each job runs in a thread of its own.

Many processes may do so on one database. The row of an exclusive job says who runs it and for how long
(`model.TERM`); the lease is renewed here while the run lasts. Who dies is replaced when the lease is over,
so every job does its work again from what the database says, and doing it twice is no harm.

Looking costs one snapshot a second and no commit: whether anything waits, the rows of each domain say. A
commit is made when a job runs, and of one that runs all the time every few seconds.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.jobs import model
from privyseal.jobs.model import Standing
from privyseal.jobs.ports import Jobs
from privyseal.jobs.table import JOBS, Job
from privyseal.jobs.worker import LOGGED_S, Context, Waiting, Work, Worker
from privyseal.meter import Meter
from privyseal.sparing import Sparing
from privyseal.store import Store, Tx

# How often a process looks at least, in seconds: others leave work behind, too.
LOOK_S = 1.0
# How long `close` waits: work looks at its event often, but a remote server may be slow to answer.
CLOSE_S = 4.0
# Who has not looked for so long will not: a look is one snapshot, which waits for nobody for so long.
STUCK_S = 30.0


class Runner:
    """`holder` names this process in the rows of jobs, unlike any other."""

    def __init__(
        self, store: Store, rows: Jobs, holder: str, table: Sequence[Job] = JOBS, look_s: float = LOOK_S
    ) -> None:
        self._store = store
        self._rows = rows
        self._holder = holder
        self._look_s = look_s
        self._table = {job.name: job for job in table}
        self._works: dict[str, tuple[Job, Work, Waiting | None]] = {}
        self._workers: Mapping[str, Worker] = {}
        self._woken: dict[str, float] = {}  # and since when
        self._look = threading.Event()
        self._stopping = threading.Event()
        self._logged = Sparing(LOGGED_S)
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._looked = time.monotonic()

    @property
    def jobs(self) -> Sequence[tuple[Job, bool]]:
        """Those that this process has been given, and whether each one runs only when something waits."""
        return [(job, waiting is not None) for job, _, waiting in self._works.values()]

    def add(
        self, name: str, work: Work, waiting: Waiting | None = None, *, every: timedelta | None = None
    ) -> None:
        """Before `start`: who does the job of that name. `every` where a setting says it."""
        job = self._table[name]
        self._works[name] = (replace(job, every=every) if every is not None else job, work, waiting)

    def wake(self, name: str) -> None:
        """There may be something to do: look now. Costs nothing, wherever it is called."""
        self._woken.setdefault(name, time.monotonic())
        self._look.set()

    def start(self, meter: Meter) -> None:
        context = Context(self._store, self._rows, meter, self._holder)
        self._workers = {
            name: Worker(job, work, waiting, context, self._look_again)
            for name, (job, work, waiting) in self._works.items()
        }
        for worker in self._workers.values():
            worker.start()
        rests = [job.every.total_seconds() for job, _ in self.jobs if job.every]
        self._look_s = min([self._look_s, *rests])
        self._thread.start()

    def check(self) -> None:
        """Raises UNAVAILABLE where this process runs no jobs any more. That a job fails is another matter."""
        dead = [name for name, worker in self._workers.items() if not worker.alive]
        if dead:
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"The thread of {', '.join(dead)} has ended.")
        if not self._thread.is_alive() or time.monotonic() > self._looked + STUCK_S:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "Nobody looks at jobs.")

    def close(self, seconds: float = CLOSE_S) -> None:
        """End what runs and give the leases back, so that nobody has to wait for their end."""
        self._stopping.set()
        self._look.set()
        for worker in self._workers.values():
            worker.stop()
        until = time.monotonic() + seconds
        for worker in self._workers.values():
            worker.join(until - time.monotonic())
        if self._thread.is_alive():
            self._thread.join(max(until - time.monotonic(), 0))
        try:
            if self._store.view(self._kept):
                self._store.transact(self._release)
        except Exception as error:  # noqa: BLE001 - they end anyway
            log.exception("leases of jobs were not given back", error)

    def _look_again(self) -> None:
        """A run has ended. Who was woken meanwhile is looked at now; who still waits for something that
        cannot be had yet, at the next look.
        """
        if self._woken:
            self._look.set()

    def _loop(self) -> None:
        next_look = time.monotonic()
        while not self._stopping.is_set():
            self._looked = time.monotonic()
            self._look.clear()
            everything = time.monotonic() >= next_look
            if everything:
                next_look = time.monotonic() + self._look_s
            try:
                self._look_at(self._ready(everything=everything))
                if everything:
                    self._renew()
            except Exception as error:  # noqa: BLE001 - the database may be back at the next look
                if self._logged.allow(repr(error)):
                    log.exception("jobs were not looked at", error)
            self._look.wait(max(next_look - time.monotonic(), 0))

    def _ready(self, *, everything: bool) -> dict[str, float]:
        """Whom to look at, and since when each one may have been due. Who is busy stays woken."""
        ready = [name for name, worker in self._workers.items() if not worker.busy]
        now = time.monotonic()
        return {name: self._woken.pop(name, now) for name in ready if everything or name in self._woken}

    def _look_at(self, ready: Mapping[str, float]) -> None:
        if not ready:
            return

        def read(tx: Tx) -> list[str]:
            rows = self._rows.all(tx)
            return [name for name in ready if self._workers[name].is_due(tx, rows.get(name))]

        for name in self._store.view(read):
            self._workers[name].run(ready[name])

    def _renew(self) -> None:
        """The leases of what runs here. Who was too late for that, while this process was suspended, say,
        has lost it to whoever was first.
        """
        running = [worker for worker in self._workers.values() if worker.holding]
        if not running or self._store.view(lambda tx: all(self._is_good(tx, each) for each in running)):
            return
        for lost in self._store.transact(
            lambda tx: [each for each in running if not self._renewed(tx, each)]
        ):
            lost.lose()

    def _is_good(self, tx: Tx, worker: Worker) -> bool:
        row = self._rows.find(tx, worker.job.name)
        return row is not None and row.is_good(self._holder, tx.now)

    def _renewed(self, tx: Tx, worker: Worker) -> bool:
        row = self._rows.find(tx, worker.job.name)
        if row is None or row.holder != self._holder:
            return False
        if row.leased(tx.now) or row.took is None:  # else the run has just ended, and given it back
            self._rows.put(tx, model.renewed(row, tx.now))
        return True

    def _kept(self, tx: Tx) -> list[Standing]:
        """Leases of this process that nobody needs any more."""
        running = {name for name, worker in self._workers.items() if worker.holding}
        rows = self._rows.all(tx).values()
        return [
            row
            for row in rows
            if row.holder == self._holder and row.leased(tx.now) and row.name not in running
        ]

    def _release(self, tx: Tx) -> None:
        for row in self._kept(tx):
            self._rows.put(tx, model.released(row, tx.now))
