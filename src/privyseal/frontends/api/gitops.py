"""Certificates by pull request: plans of a checkout, and runs over the files that are configured.

POST /gitops/plans              what a run would do: with the files in the body, or with those of the source
GET  /gitops/source             the revision of the source now
POST /gitops/runs               start one
GET  /gitops/runs[/ID[/steps]]  how it goes
"""

import base64
from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool
from privyseal.serverless.gitops.model import Progress, StepRow
from privyseal.serverless.gitops.ordering import Ordering
from privyseal.serverless.gitops.plan import Plan, Step
from privyseal.serverless.tls_certificate import Call as FunctionCall

Path = Annotated[str, Meta(min_length=1, max_length=300)]


_Files = Annotated[dict[Path, str], Meta(max_length=10_000)]


class PlanBody(Struct, forbid_unknown_fields=True):
    files: _Files | None = None  # below certs/ENV, as text
    encoded: _Files = {}  # the same in base64: what is no text
    problems: _Files = {}  # files that a run would not read, and why


class StartBody(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=80)] = ""  # one of its own where empty


class StepEntry(Struct):
    file: str
    entry: int  # its place in the file, from 1; 0: the whole file
    action: str  # planned
    common_name: str
    serial_number: str | None  # decimal: of the certificate that is revoked, or has been issued
    reason: str
    outcome: str | None = None  # of a run: what came of it, None until then


class PlanEntry(Struct):
    revision: str
    changes: bool
    refuses: bool
    counts: dict[str, int]
    steps: list[StepEntry]


class SourceEntry(Struct):
    revision: str


class RunEntry(Struct):
    id: str
    name: str
    state: str
    revision: str
    problem: str
    planned: dict[str, int]  # action → steps
    done: dict[str, int]  # outcome → steps
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunPage(Struct):
    runs: list[RunEntry]
    next: str | None


class StepPage(Struct):
    steps: list[StepEntry]
    next: str | None


class _End(NamedTuple):
    created_at: Annotated[datetime, Meta(tz=True)]
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f-]{36}\Z")]


class _StepEnd(NamedTuple):
    position: Annotated[int, Meta(ge=0)]


def endpoints(ordering: Ordering, pool: Pool) -> list[Endpoint]:
    resource = GitOpsResource(ordering, pool)
    runs = ("gitops", "runs")
    return [
        Endpoint("PlanGitOps", "POST", ("gitops", "plans"), resource.plan),
        Endpoint("GetGitOpsSource", "GET", ("gitops", "source"), resource.source),
        Endpoint("StartGitOpsRun", "POST", runs, resource.start),
        Endpoint("ListGitOpsRuns", "GET", runs, resource.page, PAGE_PARAMETERS),
        Endpoint("GetGitOpsRun", "GET", (*runs, None), resource.show),
        Endpoint("ListGitOpsSteps", "GET", (*runs, None, "steps"), resource.steps, PAGE_PARAMETERS),
    ]


class GitOpsResource:
    def __init__(self, ordering: Ordering, pool: Pool) -> None:
        self._ordering = ordering
        self._pool = pool

    async def plan(self, call: Call) -> PlanEntry:
        body = strict_json.decode(call.body or b"{}", PlanBody)
        found = await self._pool.run(self._ordering.plan, _function_call(call), _sent(body), body.problems)
        return _plan(found)

    async def source(self, _: Call) -> SourceEntry:
        return SourceEntry(await self._pool.run(self._ordering.revision))

    async def start(self, call: Call) -> RunEntry:
        body = strict_json.decode(call.body or b"{}", StartBody)
        run = await self._pool.run(self._ordering.start, _function_call(call), body.name)
        return _run(await self._pool.run(self._ordering.show, call.caller, run.id))

    async def show(self, call: Call) -> RunEntry:
        (run_id,) = call.variables
        return _run(await self._pool.run(self._ordering.show, call.caller, run_id))

    async def page(self, call: Call) -> RunPage:
        token = call.query.get("after")
        end = None if token is None else page_token.decode(token, _End)
        before = None if end is None else (end.created_at, end.id)
        limit = page_size(call.query)
        found, last = await self._pool.run(self._ordering.page, call.caller, before, limit)
        return RunPage([_run(each) for each in found], page_token.encode(*last) if last else None)

    async def steps(self, call: Call) -> StepPage:
        (run_id,) = call.variables
        token = call.query.get("after")
        after = -1 if token is None else page_token.decode(token, _StepEnd).position
        limit = page_size(call.query)
        found = await self._pool.run(self._ordering.steps, call.caller, run_id, after, limit)
        more = page_token.encode(found[-1].position) if len(found) == limit else None
        return StepPage([_row(each) for each in found], more)


def _sent(body: PlanBody) -> dict[str, bytes] | None:
    """None where the source's own files are meant."""
    if body.files is None:
        return None
    try:
        encoded = {path: base64.b64decode(text, validate=True) for path, text in body.encoded.items()}
    except ValueError:
        raise PrivySealError(ErrorCode.VALIDATION, "encoded: a value is not base64.") from None
    return {path: text.encode() for path, text in body.files.items()} | encoded


def _function_call(call: Call) -> FunctionCall:
    """Only administrators reach this API, and they may force."""
    return FunctionCall(call.caller, forces=True)


def _plan(plan: Plan) -> PlanEntry:
    return PlanEntry(
        plan.revision,
        plan.changes,
        plan.refuses,
        dict(plan.counts()),
        [_step(each, each.serial, each.reason) for each in plan.steps],
    )


def _row(row: StepRow) -> StepEntry:
    serial = row.step.serial if row.serial is None else row.serial
    outcome = None if row.outcome is None else row.outcome.value
    return _step(row.step, serial, row.step.reason if outcome is None else row.detail, outcome)


def _step(step: Step, serial: int | None, reason: str, outcome: str | None = None) -> StepEntry:
    shown = None if serial is None else str(serial)
    return StepEntry(step.file, step.number, step.action.value, step.common_name, shown, reason, outcome)


def _run(progress: Progress) -> RunEntry:
    run = progress.run
    return RunEntry(
        run.id,
        run.name,
        run.state.value,
        run.revision,
        run.problem,
        dict(progress.planned),
        dict(progress.done),
        run.created_at,
        run.started_at,
        run.finished_at,
    )
