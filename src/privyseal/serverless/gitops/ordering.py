"""GitOps as front-ends see it: plans, runs that are started, looked at and listed."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.serverless.gitops.model import Progress, Run, State, StepRow
from privyseal.serverless.gitops.plan import Plan, counted
from privyseal.serverless.gitops.planning import Planning
from privyseal.serverless.gitops.ports import Runs, Source
from privyseal.serverless.gitops.snapshot import Gathering, Selection
from privyseal.serverless.tls_certificate import Call
from privyseal.store import Store, Tx, UniqueError

# Where a page ends: the (created_at, id) of its last run.
Position = tuple[datetime, str]
# ExecutionName of AWS Step Functions, in ASCII.
_NAME = re.compile(r"\A[A-Za-z0-9._+!@=(),~-]{1,80}\Z")
MAX_INPUT = 262_144  # bytes: SensitiveData of the states service model


class Ordering:
    def __init__(
        self,
        store: Store,
        runs: Runs,
        source: Source,
        *,
        planning: Planning,
        selection: Selection,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._runs = runs
        self._source = source
        self._planning = planning
        self._selection = selection
        self._wake = wake

    def plan(
        self,
        call: Call,
        files: Mapping[str, bytes] | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Plan:
        """What a run would do now: with the files of the source, or with those of a checkout; `problems`
        has files of it that are not read, and why.
        """
        if files is None:
            return self._planning.plan(call, self._source.snapshot()).plan
        gathering = Gathering(self._selection)
        for path, content in files.items():
            gathering.add(path, lambda _, content=content: content)  # type: ignore[misc]
        for path, why in (problems or {}).items():
            gathering.skip(path, why)
        return self._planning.plan(call, gathering.snapshot()).plan

    def revision(self) -> str:
        """That of the source now."""
        return self._source.revision()

    def start(self, call: Call, name: str = "", given: str = "{}") -> Run:
        """The run of that name: the same one again for the same input while it is not finished.

        Raises VALIDATION for a name that is none, ALREADY_EXISTS for one that is taken.
        """
        name = name or new_id()
        if not _NAME.match(name):
            raise PrivySealError(
                ErrorCode.VALIDATION, "A run's name has 1 to 80 letters, digits and characters of ._+!@=(),~-"
            )

        def write(tx: Tx) -> Run:
            before = self._runs.named(tx, call.caller.account, name)
            if before is not None:
                return _again(before, given)
            run = Run(
                new_id(),
                name,
                call.caller,
                call.forces,
                given,
                State.QUEUED,
                created_at=tx.now,
                due_at=tx.now,
            )
            self._runs.insert(tx, run)
            tx.record(entry("serverless:StartRun", call.caller, run.id, name=name))
            return run

        try:
            run = self._store.transact(write)
        except UniqueError:  # somebody was first with the same name
            run = self._store.transact(write)
        self._wake()
        return run

    def show(self, caller: Caller, run_id: str) -> Progress:
        """Raises NOT_FOUND."""
        return self._progress(lambda tx: self._runs.find(tx, caller.account, run_id))

    def named(self, caller: Caller, name: str) -> Progress:
        """Raises NOT_FOUND."""
        return self._progress(lambda tx: self._runs.named(tx, caller.account, name))

    def page(
        self, caller: Caller, before: Position | None, limit: int
    ) -> tuple[Sequence[Progress], Position | None]:
        """The newest first, and the position after the page; None at the end."""

        def read(tx: Tx) -> tuple[Sequence[Progress], Position | None]:
            found = self._runs.page(tx, caller.account, before, limit + 1)
            last = found[limit - 1] if len(found) > limit else None
            shown = [self._counted(tx, each) for each in found[:limit]]
            return shown, (last.created_at, last.id) if last else None

        return self._store.view(read)

    def steps(self, caller: Caller, run_id: str, after: int, limit: int) -> Sequence[StepRow]:
        """Those after a position; of old runs there are none any more. Raises NOT_FOUND."""

        def read(tx: Tx) -> Sequence[StepRow]:
            if self._runs.find(tx, caller.account, run_id) is None:
                raise _no_run()
            return self._runs.steps(tx, run_id, after, limit)

        return self._store.view(read)

    def _progress(self, find: Callable[[Tx], Run | None]) -> Progress:
        def read(tx: Tx) -> Progress:
            run = find(tx)
            if run is None:
                raise _no_run()
            return self._counted(tx, run)

        return self._store.view(read)

    def _counted(self, tx: Tx, run: Run) -> Progress:
        planned, done = self._runs.counts(tx, run.id)
        return Progress(run, counted(planned), counted(done))


def _again(run: Run, given: str) -> Run:
    """AWS Step Functions, StartExecution: idempotent while the execution runs, with the same input."""
    if run.finished_at is None and run.input == given:
        return run
    raise PrivySealError(ErrorCode.ALREADY_EXISTS, f"There is a run with the name {run.name} already.")


def _no_run() -> PrivySealError:
    return PrivySealError(ErrorCode.NOT_FOUND, "There is no run of that name or id.")
