"""What the row of a job says, and what becomes of it: no I/O.

All of it is safe although clocks jump: a lease that ends later than a whole term from now is none, and a
rest that lies further ahead than this job ever rests is over.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from privyseal.jobs.table import Job

# A process that dies with a lease is replaced after this.
TERM = timedelta(seconds=10)
# Rests after failures are longer by up to this part, so that what failed together does not return together.
JITTER = 0.2
MAX_ERROR = 500  # characters


@dataclass(frozen=True, slots=True)
class Standing:
    """One row. `holder` is who runs it now, or has run it last."""

    name: str
    next_at: datetime
    until: datetime
    holder: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    succeeded_at: datetime | None = None
    runs: int = 0
    failures: int = 0
    attempts: int = 0
    error: str | None = None

    @property
    def took(self) -> timedelta | None:
        """How long the last run was, once it has ended."""
        if self.started_at is None or self.ended_at is None or self.ended_at < self.started_at:
            return None
        return self.ended_at - self.started_at

    def leased(self, now: datetime) -> bool:
        return now < self.until <= now + TERM

    def is_good(self, who: str, now: datetime) -> bool:
        """Whether `who` has the lease, and for some time."""
        return self.holder == who and now + TERM / 2 < self.until <= now + TERM

    def held_by_other(self, who: str, now: datetime) -> bool:
        return self.holder != who and self.leased(now)

    def resting(self, job: Job, now: datetime) -> bool:
        longest = max(job.every, job.retry_last * (1 + JITTER))
        return now < self.next_at <= now + longest


@dataclass(frozen=True, slots=True)
class Run:
    """One run that has ended, and how many have since the row was last written."""

    holder: str
    started_at: datetime
    ended_at: datetime
    error: str | None
    runs: int = 1


def new(name: str, now: datetime) -> Standing:
    """A job that has never run is due."""
    return Standing(name, next_at=now, until=now)


def taken(row: Standing, holder: str, now: datetime) -> Standing:
    return replace(row, holder=holder, until=now + TERM, started_at=now)


def renewed(row: Standing, now: datetime) -> Standing:
    return replace(row, until=now + TERM)


def released(row: Standing, now: datetime) -> Standing:
    return replace(row, until=now)


def after(row: Standing, job: Job, run: Run) -> Standing:
    """The row after a run. Who rests gives the lease back: others may be first next time."""
    told = replace(
        row,
        holder=run.holder,
        started_at=run.started_at,
        ended_at=run.ended_at,
        runs=row.runs + run.runs,
        error=run.error,
    )
    if run.error is None:
        rested = told if job.every == timedelta(0) else released(told, run.ended_at)
        return replace(rested, attempts=0, succeeded_at=run.ended_at, next_at=run.ended_at + job.every)
    attempts = row.attempts + 1
    return replace(
        released(told, run.ended_at),
        attempts=attempts,
        failures=row.failures + 1,
        next_at=run.ended_at + back_off(job, attempts),
    )


def back_off(job: Job, attempts: int) -> timedelta:
    """How long it rests after so many failures in a row."""
    rest = min(job.retry * (1 << min(attempts - 1, 20)), job.retry_last)
    return rest * (1 + JITTER * secrets.randbelow(1000) / 1000)
