"""How the jobs of this installation are, for people and for monitoring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from privyseal.jobs.model import Standing, new
from privyseal.jobs.ports import Jobs
from privyseal.jobs.table import Job
from privyseal.store import Store, Tx


class Condition(StrEnum):
    NEW = "NEW"  # it has not run yet
    IDLE = "IDLE"  # the last run went well
    RUNNING = "RUNNING"  # an exclusive one; of a shared one only the ends of runs are written down
    FAILING = "FAILING"  # the last run did not


@dataclass(frozen=True, slots=True)
class Seen:
    """`next_at` is None where it runs as soon as something waits."""

    job: Job
    condition: Condition
    next_at: datetime | None
    row: Standing


class Overview:
    """`jobs` are those of this process, with whether each one runs only when something waits."""

    def __init__(self, store: Store, rows: Jobs, jobs: Callable[[], Sequence[tuple[Job, bool]]]) -> None:
        self._store = store
        self._rows = rows
        self._jobs = jobs

    def seen(self) -> Sequence[Seen]:
        """In the order of their names."""

        def read(tx: Tx) -> list[Seen]:
            rows = self._rows.all(tx)
            return [
                _seen(job, waits, rows.get(job.name) or new(job.name, tx.now), tx.now)
                for job, waits in self._jobs()
            ]

        return sorted(self._store.view(read), key=lambda each: each.job.name)


def _seen(job: Job, waits: bool, row: Standing, now: datetime) -> Seen:
    next_at = row.next_at if row.resting(job, now) or not waits else None
    return Seen(job, _condition(row, now), next_at, row)


def _condition(row: Standing, now: datetime) -> Condition:
    if row.leased(now) and row.started_at and row.took is None:
        return Condition.RUNNING
    if row.attempts:
        return Condition.FAILING
    return Condition.IDLE if row.ended_at else Condition.NEW
