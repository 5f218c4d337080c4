"""One job in one process: a thread of its own, so that a slow job delays no other."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from privyseal import log
from privyseal.errors import PrivySealError
from privyseal.jobs import model
from privyseal.jobs.model import MAX_ERROR, Run, Standing
from privyseal.jobs.ports import Jobs
from privyseal.jobs.table import Job
from privyseal.meter import Meter
from privyseal.sparing import Sparing
from privyseal.store import Store, Tx

# Does all that is due and returns; ends early when the event is set.
Work = Callable[[threading.Event], None]
# Whether there is anything to do now: one cheap look, asked every second.
Waiting = Callable[[Tx], bool]

# A job that runs all the time and goes well is written down so often, in seconds.
REPORTED_S = 5.0
# The same failure is logged once in so long: a full disk fails every run, and there are many.
LOGGED_S = 60.0
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Context:
    """What the workers of a process have in common."""

    store: Store
    rows: Jobs
    meter: Meter
    holder: str  # this process, in the rows of jobs


class Worker:
    """`ended` is called after each run. The lease of an exclusive job is taken here, and renewed by
    `Runner` while the run lasts.
    """

    def __init__(
        self, job: Job, work: Work, waiting: Waiting | None, context: Context, ended: Callable[[], None]
    ) -> None:
        self.job = job
        self.busy = False  # told to run and not ready yet
        self.holding = False  # with a lease that is to be renewed
        self._work = work
        self._waiting = waiting
        self._context = context
        self._ended = ended
        self._logged = Sparing(LOGGED_S)
        self._go = threading.Event()
        self._closing = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=job.name, daemon=True)
        self._since = NEVER
        self._unreported = 0
        self._reported = NEVER
        self._rest_until = NEVER

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def is_due(self, tx: Tx, row: Standing | None) -> bool:
        if self.busy or time.monotonic() < self._rest_until:
            return False
        if row is not None:
            elsewhere = not self.job.shared and row.held_by_other(self._context.holder, tx.now)
            if elsewhere or row.resting(self.job, tx.now):
                return False
        return self._waiting is None or self._something_waits(tx, self._waiting)

    def run(self, since: float) -> None:
        """Begin a run, in its thread; `since` is when it was first seen to be due (monotonic)."""
        self._since = since
        self.busy = True
        self._go.set()

    def lose(self) -> None:
        """Somebody else has the lease: what this run does is done there too."""
        self._stopping.set()

    def stop(self) -> None:
        self._closing = True
        self._stopping.set()
        self._go.set()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(max(seconds, 0))

    def _something_waits(self, tx: Tx, waiting: Waiting) -> bool:
        """A defect there is one of this job, which runs blindly then, and of no other."""
        try:
            return waiting(tx)
        except PrivySealError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            self._log(error)
            return True

    def _loop(self) -> None:
        while True:
            self._go.wait()
            self._go.clear()
            if self._closing:
                self.busy = False
                return
            try:
                if self.job.shared or self._take():
                    self.holding = not self.job.shared
                    self._turn()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever happens to its row
                self._log(error)
                self._rest_until = time.monotonic() + self.job.retry.total_seconds()
            self.holding = self.busy = False
            self._ended()

    def _take(self) -> bool:
        """Have the lease, unless somebody was first."""
        store, holder = self._context.store, self._context.holder

        def kept(tx: Tx) -> bool:
            return self._row(tx).is_good(holder, tx.now)

        def write(tx: Tx) -> bool:
            row = self._row(tx)
            if row.held_by_other(holder, tx.now):
                return False
            self._context.rows.put(tx, model.taken(row, holder, tx.now))
            return True

        return store.view(kept) or store.transact(write)

    def _turn(self) -> None:
        self._stopping = threading.Event()
        if self._closing:
            return
        started_at, started = self._now(), time.monotonic()
        error = self._outcome()
        self._measure(started, "failed" if error else "done")
        self._unreported += 1
        if error is None and self._reported_lately():
            return
        self._context.store.transact(lambda tx: self._settle(tx, started_at, error))
        self._unreported = 0
        self._reported = NEVER if error else time.monotonic()

    def _measure(self, started: float, outcome: str) -> None:
        name, meter = self.job.name, self._context.meter
        meter.count("job_runs", job=name, outcome=outcome)
        meter.observe("job_lag_seconds", started - self._since, job=name)
        meter.observe("job_seconds", time.monotonic() - started, job=name)

    def _outcome(self) -> str | None:
        """Do the work; what went wrong, if it did."""
        try:
            self._work(self._stopping)
        except PrivySealError as error:
            self._log(error)
            return (error.message or error.code.value)[:MAX_ERROR]
        except Exception as error:  # noqa: BLE001 - the job is tried again
            self._log(error)
            return f"Internal failure ({type(error).__name__}): the log has more."
        return None

    def _reported_lately(self) -> bool:
        return not self.job.every and time.monotonic() < self._reported + REPORTED_S

    def _settle(self, tx: Tx, started_at: datetime, error: str | None) -> None:
        """Only by who has the lease, where there is one."""
        row = self._row(tx)
        if self.job.shared or row.holder == self._context.holder:
            run = Run(self._context.holder, started_at, tx.now, error, self._unreported)
            self._context.rows.put(tx, model.after(row, self.job, run))

    def _row(self, tx: Tx) -> Standing:
        return self._context.rows.find(tx, self.job.name) or model.new(self.job.name, tx.now)

    def _now(self) -> datetime:
        return self._context.store.view(lambda tx: tx.now)

    def _log(self, error: Exception) -> None:
        if not self._logged.allow(repr(error)):
            return
        if isinstance(error, PrivySealError):
            log.warning("a job failed", job=self.job.name, error=error.message)
        else:
            log.exception("a job failed", error, job=self.job.name)
