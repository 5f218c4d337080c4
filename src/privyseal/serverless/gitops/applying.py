"""Carries runs out, one at a time and step by step, in the background.

First the files are read and the plan is stored with them, in one commit. Then each step is done and has its
outcome stored. A process that dies leaves steps without an outcome; whichever goes on asks first what
they have led to, so that nothing is issued twice. A bad entry has an outcome like any other.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.serverless.files import SnapshotFiles
from privyseal.serverless.gitops import entries as parsing
from privyseal.serverless.gitops.entries import Entries
from privyseal.serverless.gitops.model import Run, State, StepRow
from privyseal.serverless.gitops.plan import CHANGES, Action, Step, counted, not_as_asked
from privyseal.serverless.gitops.planning import Planning
from privyseal.serverless.gitops.ports import CurrentFiles, Runs, Source
from privyseal.serverless.gitops.revoking import Revocations
from privyseal.serverless.gitops.snapshot import REVOKED, REVOKED_ROOT, TLS, Snapshot
from privyseal.serverless.ports import Issues
from privyseal.serverless.refusals import ALREADY_ISSUED, Refused
from privyseal.serverless.tls_certificate import Call, TlsCertificates
from privyseal.store import Store, Tx

# Steps read at once: a run may have thousands.
PAGE: Final = 200
# Runs whose steps are kept; of those before, their counts stay in the journal.
KEPT: Final = 50
# How often the files are asked for before a run has failed, and how long the first wait is.
ATTEMPTS: Final = 5
WAIT: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(minutes=5)
_TRANSIENT: Final = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.THROTTLED, ErrorCode.CONFLICT})
# Certificates of one name that are looked through for the one that has just been made.
_NEWEST: Final = 20
_INTERNAL: Final = "an internal error; the service's log says more"


@dataclass(frozen=True, slots=True)
class Rows:
    runs: Runs
    files: CurrentFiles
    issues: Issues


class Applying:
    def __init__(
        self,
        store: Store,
        rows: Rows,
        source: Source,
        *,
        planning: Planning,
        function: TlsCertificates,
        revocations: Revocations,
    ) -> None:
        self._store = store
        self._rows = rows
        self._source = source
        self._planning = planning
        self._function = function
        self._revocations = revocations

    def work(self, stopping: threading.Event) -> None:
        """All runs that are due, the oldest first."""
        while not stopping.is_set():
            run = self._store.view(self._rows.runs.unfinished)
            if run is None or not self._store.view(lambda tx, due=run.due_at: due <= tx.now):  # type: ignore[misc]
                return
            try:
                self._advance(run, stopping)
            except PrivySealError as error:
                self._postpone(run, error)
            except Exception as error:  # noqa: BLE001 - a run that meets a defect must not stop the others
                log.exception("a run of GitOps failed", error, run=run.id)
                self._postpone(run, PrivySealError(ErrorCode.INTERNAL, _INTERNAL))

    def waiting(self, tx: Tx) -> bool:
        return self._rows.runs.any_due(tx)

    def _advance(self, run: Run, stopping: threading.Event) -> None:
        resumed = run.state is State.RUNNING
        if not resumed:
            run = self._begin(run)
        entries = self._entries(run)
        while not stopping.is_set():
            rows = self._store.view(lambda tx: self._rows.runs.open_steps(tx, run.id, PAGE))
            if not rows:
                self._finish(run, State.SUCCEEDED, "")
                return
            self._revoke(run, [row for row in rows if row.step.file != TLS], entries)
            for row in rows:
                if row.step.file == TLS and not stopping.is_set():
                    self._request(run, row, entries, resumed=resumed)
                    resumed = False  # only one can have been under way

    def _begin(self, run: Run) -> Run:
        """Read the files and store what is to be done with them."""
        snapshot = self._source.snapshot()
        planned = self._planning.plan(_call(run), snapshot)
        steps = [_row(position, step) for position, step in enumerate(planned.plan.steps)]

        def write(tx: Tx) -> Run:
            began = replace(
                run,
                state=State.RUNNING,
                revision=snapshot.revision,
                started_at=tx.now,
                due_at=tx.now,
                problem="",
            )
            self._rows.files.replace(tx, run.caller.account, snapshot)
            self._rows.files.replace_entries(tx, run.caller.account, planned.subjects)
            self._rows.runs.put_steps(tx, run.id, steps)
            self._rows.runs.update(tx, began)
            counts = planned.plan.counts()
            tx.record(
                entry("serverless:BeginRun", run.caller, run.id, revision=snapshot.revision, planned=counts)
            )
            return began

        return self._store.transact(write)

    def _entries(self, run: Run) -> Entries:
        """Those of the files that the run has stored."""

        def read(tx: Tx) -> Mapping[str, bytes]:
            found = {
                path: self._rows.files.find(tx, run.caller.account, path)
                for path in (TLS, REVOKED, REVOKED_ROOT)
            }
            return {path: content for path, content in found.items() if content is not None}

        return parsing.read(Snapshot(run.revision, self._store.view(read)))

    def _revoke(self, run: Run, rows: list[StepRow], entries: Entries) -> None:
        """Entries of the lists, all that are open together."""
        wanted = {(row.step.file, row.step.number): row for row in rows}
        asked = [each for each in entries.revocations if (each.file, each.number) in wanted]
        try:
            steps = self._revocations.steps(run.caller, asked, dry_run=False)
        except PrivySealError as error:
            if error.code in _TRANSIENT:
                raise
            steps = [
                Step(each.file, each.number, Action.REFUSE, each.common_name, each.serial, error.message)
                for each in asked
            ]
        made = {(step.file, step.number): step for step in steps}
        done = []
        for place, row in wanted.items():
            step = made.get(place, row.step)  # the plan says why one that cannot be read is refused
            outcome = step.action
            if row.step.action is Action.REVOKE and outcome is Action.LEAVE:
                outcome = Action.REVOKE  # by this run, before it was interrupted
            done.append(replace(row, outcome=outcome, detail=step.reason, serial=step.serial))

        def write(tx: Tx) -> None:
            for each in done:
                self._rows.runs.finish_step(tx, run.id, each)

        self._store.transact(write)

    def _request(self, run: Run, row: StepRow, entries: Entries, *, resumed: bool) -> None:
        """One entry of tls.json. Raises only what may be over soon. `resumed`: it may have been begun."""
        event = next((each.event for each in entries.requests if each.number == row.step.number), None)
        if event is None:  # the plan says why it cannot be read
            self._done(run, row, row.step.action, row.step.reason, None)
            return
        call = replace(_call(run), id=f"{run.id} {row.position}")
        try:
            self._settle(run, row, call, event, resumed=resumed)
        except PrivySealError as error:
            if error.code in _TRANSIENT:
                raise
            self._done(run, row, Action.REFUSE, error.message, None)
        except Exception as error:  # noqa: BLE001 - a defect that one entry meets stops no other
            log.exception("an entry of GitOps failed", error, run=run.id, entry=row.step.number)
            self._done(run, row, Action.REFUSE, _INTERNAL, None)

    def _settle(self, run: Run, row: StepRow, call: Call, event: Mapping[str, Any], *, resumed: bool) -> None:
        action = row.step.action
        if action in CHANGES and resumed:
            serial = self._made(run, call, event)
            if serial is not None:
                self._done(run, row, action, row.step.reason, serial)
                return
        answer = self._function.request(call, event)
        refused = answer.get("error")
        if refused is None:
            made = action if action in CHANGES else Action.ISSUE
            self._done(run, row, made, _told(answer), int(answer["CertificateInfo"]["SerialNumber"]))
        else:
            outcome = Action.LEAVE if refused == ALREADY_ISSUED else Action.REFUSE
            self._done(run, row, outcome, str(refused), None)

    def _made(self, run: Run, call: Call, event: Mapping[str, Any]) -> int | None:
        """The certificate that this run has issued for an entry before it was interrupted."""
        account = run.caller.account
        files = SnapshotFiles(self._store, self._rows.files, account, "")
        (preview,) = self._function.preview(replace(call, id=f"{call.id} again"), [event], files)
        if isinstance(preview, Refused):
            return None
        name, digest = preview.common_name, preview.key_digest
        newest = self._store.view(lambda tx: self._rows.issues.named(tx, account, name, None, _NEWEST))
        return next((each.serial for each in newest if each.key_digest == digest), None)

    def _done(self, run: Run, row: StepRow, outcome: Action, detail: str, serial: int | None) -> None:
        finished = replace(row, outcome=outcome, detail=detail, serial=serial)
        self._store.transact(lambda tx: self._rows.runs.finish_step(tx, run.id, finished))

    def _finish(self, run: Run, state: State, problem: str) -> None:
        def write(tx: Tx) -> None:
            self._rows.runs.update(tx, replace(run, state=state, problem=problem, finished_at=tx.now))
            _, done = self._rows.runs.counts(tx, run.id)
            detail = {"revision": run.revision, "done": counted(done), "problem": problem}
            action = "serverless:FinishRun" if state is State.SUCCEEDED else "serverless:FailRun"
            tx.record(entry(action, run.caller, run.id, **detail))
            self._rows.runs.forget_steps(tx, run.caller.account, KEPT)

        self._store.transact(write)

    def _postpone(self, run: Run, error: PrivySealError) -> None:
        """Later, if that may help; the steps that are done stay done."""
        now = self._store.view(lambda tx: self._rows.runs.find(tx, run.caller.account, run.id)) or run
        attempts = now.attempts + 1
        if now.state is State.QUEUED and (error.code not in _TRANSIENT or attempts >= ATTEMPTS):
            self._finish(replace(now, attempts=attempts), State.FAILED, error.message)
            return
        wait = min(WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
        self._store.transact(
            lambda tx: self._rows.runs.update(
                tx, replace(now, attempts=attempts, due_at=tx.now + wait, problem=error.message)
            )
        )


def _row(position: int, step: Step) -> StepRow:
    """What is done already needs no work: its outcome is stored with the plan."""
    if step.action is Action.LEAVE:
        return StepRow(position, step, step.action, step.reason, step.serial)
    return StepRow(position, step)


def _call(run: Run) -> Call:
    return Call(run.caller, forces=run.forces, id=run.id)


def _told(answer: Mapping[str, Any]) -> str:
    return not_as_asked(answer.get("Warnings", ()))
