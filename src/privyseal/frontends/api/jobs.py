"""Recurring work as administrators see it: what runs, what fails, what is next."""

from datetime import datetime

from msgspec import Struct

from privyseal.frontends.api.model import Call, Endpoint
from privyseal.frontends.http import Pool
from privyseal.jobs.overview import Overview, Seen


class JobEntry(Struct):
    name: str
    condition: str  # NEW, IDLE, RUNNING or FAILING
    shared: bool  # several processes may run it at once
    next_at: datetime | None  # None: as soon as something waits
    started_at: datetime | None  # of the last run, like the next two
    ended_at: datetime | None
    seconds: float | None
    succeeded_at: datetime | None  # when a run last went well
    runs: int
    failures: int
    failures_in_a_row: int
    last_error: str | None  # None: the last run went well
    holder: str | None  # host, process id and name of the process that runs it, or has run it last


class JobList(Struct):
    jobs: list[JobEntry]


def endpoints(overview: Overview, pool: Pool) -> list[Endpoint]:
    return [Endpoint("ListJobs", "GET", ("jobs",), JobsResource(overview, pool).list_jobs)]


class JobsResource:
    def __init__(self, overview: Overview, pool: Pool) -> None:
        self._overview = overview
        self._pool = pool

    async def list_jobs(self, _: Call) -> JobList:
        return JobList([_entry(each) for each in await self._pool.run(self._overview.seen)])


def _entry(seen: Seen) -> JobEntry:
    row, took = seen.row, seen.row.took
    return JobEntry(
        name=seen.job.name,
        condition=seen.condition.value,
        shared=seen.job.shared,
        next_at=seen.next_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds=None if took is None else took.total_seconds(),
        succeeded_at=row.succeeded_at,
        runs=row.runs,
        failures=row.failures,
        failures_in_a_row=row.attempts,
        last_error=row.error,
        holder=row.holder,
    )
