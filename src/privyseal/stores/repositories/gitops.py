"""`serverless.gitops.ports` in SQL: runs, their steps, and the files that were read last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.caller import Caller
from privyseal.serverless.gitops.model import Run, State, StepRow
from privyseal.serverless.gitops.plan import Action, Step
from privyseal.serverless.gitops.snapshot import Snapshot
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("gitops")


class SqlRuns:
    def insert(self, tx: Tx, run: Run) -> None:
        sql(tx).change(_Q["insert"], **_columns(run))

    def find(self, tx: Tx, account: str, run_id: str) -> Run | None:
        return _one(sql(tx).row(_Q["find"], account=account, id=run_id))

    def named(self, tx: Tx, account: str, name: str) -> Run | None:
        return _one(sql(tx).row(_Q["named"], account=account, name=name))

    def unfinished(self, tx: Tx) -> Run | None:
        return _one(sql(tx).row(_Q["unfinished"]))

    def any_due(self, tx: Tx) -> bool:
        run = self.unfinished(tx)
        return run is not None and run.due_at <= tx.now

    def update(self, tx: Tx, run: Run) -> None:
        changing = ("id", "state", "due_at", "attempts", "revision", "problem", "started_at", "finished_at")
        columns = _columns(run)
        sql(tx).change(_Q["update"], **{name: columns[name] for name in changing})

    def page(self, tx: Tx, account: str, before: tuple[datetime, str] | None, limit: int) -> Sequence[Run]:
        if before is None:
            rows = sql(tx).rows(_Q["first_page"], account=account, limit=limit)
        else:
            at = to_micros(before[0])
            rows = sql(tx).rows(
                _Q["next_page"], account=account, limit=limit, before_at=at, before_id=before[1]
            )
        return [_run(row) for row in rows]

    def put_steps(self, tx: Tx, run_id: str, steps: Sequence[StepRow]) -> None:
        sql(tx).change_each(_Q["insert_step"], ({"run_id": run_id, **_step_columns(each)} for each in steps))

    def finish_step(self, tx: Tx, run_id: str, row: StepRow) -> None:
        columns = _step_columns(row)
        changing = ("position", "outcome", "detail", "serial")
        sql(tx).change(_Q["finish_step"], run_id=run_id, **{name: columns[name] for name in changing})

    def steps(self, tx: Tx, run_id: str, after: int, limit: int) -> Sequence[StepRow]:
        return [_step(row) for row in sql(tx).rows(_Q["steps"], run_id=run_id, after=after, limit=limit)]

    def open_steps(self, tx: Tx, run_id: str, limit: int) -> Sequence[StepRow]:
        return [_step(row) for row in sql(tx).rows(_Q["open_steps"], run_id=run_id, limit=limit)]

    def counts(self, tx: Tx, run_id: str) -> tuple[Mapping[Action, int], Mapping[Action, int]]:
        planned: Counter[Action] = Counter()
        done: Counter[Action] = Counter()
        for row in sql(tx).rows(_Q["counts"], run_id=run_id):
            planned[Action(row["action"])] += row["n"]
            if row["outcome"] is not None:
                done[Action(row["outcome"])] += row["n"]
        return planned, done

    def forget_steps(self, tx: Tx, account: str, keep: int) -> None:
        sql(tx).change(_Q["forget_steps"], account=account, keep=keep)


class SqlCurrentFiles:
    def replace(self, tx: Tx, account: str, snapshot: Snapshot) -> None:
        before = {row["path"] for row in sql(tx).rows(_Q["paths"], account=account)}
        gone = ({"account": account, "path": path} for path in before - set(snapshot.files))
        sql(tx).change_each(_Q["remove_file"], gone)
        sql(tx).change_each(
            _Q["put_file"],
            (
                {"account": account, "path": path, "content": content}
                for path, content in snapshot.files.items()
            ),
        )

    def replace_entries(self, tx: Tx, account: str, entries: Sequence[tuple[str, str, str]]) -> None:
        sql(tx).change(_Q["clear_entries"], account=account)
        names = ("common_name", "organization", "organizational_unit")
        rows = ({"account": account, **dict(zip(names, each, strict=True))} for each in entries)
        sql(tx).change_each(_Q["put_entry"], rows)

    def find(self, tx: Tx, account: str, path: str) -> bytes | None:
        row = sql(tx).row(_Q["file"], account=account, path=path)
        return None if row is None else bytes(row["content"])

    def matches(
        self, tx: Tx, account: str, common_name: str, organization: str, organizational_unit: str
    ) -> bool:
        found = sql(tx).row(
            _Q["matching"],
            account=account,
            common_name=common_name,
            organization=organization,
            organizational_unit=organizational_unit,
        )
        return found is not None


def _columns(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "account": run.caller.account,
        "name": run.name,
        "principal": run.caller.principal,
        "request_id": run.caller.request_id,
        "forces": int(run.forces),
        "input": run.input,
        "state": run.state.value,
        "created_at": to_micros(run.created_at),
        "due_at": to_micros(run.due_at),
        "attempts": run.attempts,
        "revision": run.revision,
        "problem": run.problem,
        "started_at": to_micros(run.started_at),
        "finished_at": to_micros(run.finished_at),
    }


def _step_columns(row: StepRow) -> dict[str, Any]:
    step = row.step
    return {
        "position": row.position,
        "file": step.file,
        "number": step.number,
        "common_name": step.common_name,
        "action": step.action.value,
        "reason": step.reason,
        "planned_serial": None if step.serial is None else str(step.serial),
        "outcome": None if row.outcome is None else row.outcome.value,
        "detail": row.detail,
        "serial": None if row.serial is None else str(row.serial),
    }


def _one(row: Row | None) -> Run | None:
    return _run(row) if row else None


def _run(row: Row) -> Run:
    return Run(
        id=row["id"],
        name=row["name"],
        caller=Caller(row["principal"], row["account"], row["request_id"]),
        forces=bool(row["forces"]),
        input=row["input"],
        state=State(row["state"]),
        created_at=time_of(row["created_at"]),
        due_at=time_of(row["due_at"]),
        attempts=row["attempts"],
        revision=row["revision"],
        problem=row["problem"],
        started_at=from_micros(row["started_at"]),
        finished_at=from_micros(row["finished_at"]),
    )


def _step(row: Row) -> StepRow:
    step = Step(
        row["file"],
        row["number"],
        Action(row["action"]),
        row["common_name"],
        _number(row["planned_serial"]),
        row["reason"],
    )
    outcome = row["outcome"]
    return StepRow(
        row["position"],
        step,
        None if outcome is None else Action(outcome),
        row["detail"],
        _number(row["serial"]),
    )


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
