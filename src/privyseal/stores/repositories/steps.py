"""`devices.step_ports.Steps` in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.devices.identities import Identity
from privyseal.devices.step_ports import Position
from privyseal.devices.steps import Step, StepState
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, to_micros

_Q = queries("device_registration")


class SqlSteps:
    def insert(self, tx: Tx, identity: Identity, registrars: Sequence[str]) -> None:
        rows = [_columns(tx, identity, name, StepState.PENDING, "") for name in registrars]
        sql(tx).change_each(_Q["insert"], rows)

    def add(self, tx: Tx, identity: Identity, registrar: str, wanted: StepState) -> bool:
        columns = _columns(tx, identity, registrar, StepState.PENDING, "") | {"wanted": wanted.value}
        return sql(tx).change(_Q["add"], **columns) == 1

    def of(self, tx: Tx, identity: Identity) -> Mapping[str, Step]:
        return {row["registrar"]: _step(row) for row in sql(tx).rows(_Q["steps"], **_key(identity))}

    def put(self, tx: Tx, identity: Identity, registrar: str, state: StepState, reference: str) -> None:
        sql(tx).change(_Q["put"], **_columns(tx, identity, registrar, state, reference))

    def want(self, tx: Tx, identity: Identity, wanted: StepState) -> None:
        sql(tx).change(_Q["want"], **_key(identity), wanted=wanted.value, now=to_micros(tx.now))

    def settle(self, tx: Tx, identity: Identity) -> None:
        sql(tx).change(_Q["settle"], **_key(identity), now=to_micros(tx.now))

    def due(self, tx: Tx, registrar: str) -> Step | None:
        asked = {"registrar": registrar, "now": to_micros(tx.now)}
        row = sql(tx).row(_Q["due_urgently"], **asked) or sql(tx).row(_Q["due"], **asked)
        return _step(row) if row else None

    def begin(self, tx: Tx, step: Step, leased_until: datetime) -> bool:
        until, now = to_micros(leased_until), to_micros(tx.now)
        return sql(tx).change(_Q["begin"], **_names(step), leased_until=until, now=now) == 1

    def finish(self, tx: Tx, step: Step, reference: str) -> bool:
        told = {"did": step.wanted.value, "reference": reference, "now": to_micros(tx.now)}
        return sql(tx).change(_Q["finish"], **_held(step), **told) == 1

    def fail(self, tx: Tx, step: Step, problem: str, again: datetime) -> None:
        told = {"tried": step.wanted.value, "problem": problem, "again": to_micros(again)}
        sql(tx).change(_Q["fail"], **_held(step), **told, now=to_micros(tx.now))

    def behind(self, tx: Tx, account: str, after: Position | None, limit: int) -> Sequence[Step]:
        device_id, arn, registrar = after or ("", "", "")
        where = {"account": account, "device_id": device_id, "arn": arn, "registrar": registrar}
        return [_step(row) for row in sql(tx).rows(_Q["behind"], **where, limit=limit)]


def _key(identity: Identity) -> dict[str, Any]:
    return {"account": identity.account, "device_id": identity.device_id, "arn": identity.arn}


def _names(step: Step) -> dict[str, Any]:
    return {
        "account": step.account,
        "device_id": step.device_id,
        "arn": step.arn,
        "registrar": step.registrar,
    }


def _held(step: Step) -> dict[str, Any]:
    return _names(step) | {"leased_until": to_micros(step.leased_until)}


def _columns(tx: Tx, identity: Identity, registrar: str, state: StepState, reference: str) -> dict[str, Any]:
    return _key(identity) | {
        "registrar": registrar,
        "state": state.value,
        "reference": reference,
        "changed_at": to_micros(tx.now),
    }


def _step(row: Row) -> Step:
    return Step(
        account=row["account"],
        device_id=row["device_id"],
        arn=row["arn"],
        registrar=row["registrar"],
        state=StepState(row["state"]),
        reference=row["reference"],
        wanted=StepState(row["wanted"]),
        due_at=from_micros(row["due_at"]),
        leased_until=from_micros(row["leased_until"]),
        attempts=row["attempts"],
        problem=row["problem"],
    )
