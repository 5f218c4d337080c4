"""`ca.revocation.ports.MassRevocations` in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from privyseal.ca.model import OCSP_RESPONDER
from privyseal.ca.revocation.mass_model import (
    FINAL,
    Filter,
    MassRevocation,
    Position,
    Refusal,
    State,
    Step,
)
from privyseal.ca.revocation.reasons import HOLD
from privyseal.caller import Caller
from privyseal.names import AuthorityArn, format_serial
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros
from privyseal.x509.profiles import PROFILES, ROOT, template_kind

_Q = queries("mass_revocation")
# Rows that one look goes through: a few hundredths of a second.
SCAN = 20_000
# Nobody takes an order for longer.
LONGEST_LEASE = timedelta(minutes=2)
_ROOTS = sorted(name for name in PROFILES if template_kind(name) == ROOT)
# Before the first certificate, and after the last one.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


class SqlMassRevocations:
    def insert(self, tx: Tx, order: MassRevocation) -> None:
        sql(tx).change(_Q["insert"], **_columns(order))

    def find(self, tx: Tx, account: str, order_id: str) -> MassRevocation | None:
        return _order(sql(tx).row(_Q["find"], id=order_id, account=account))

    def page(
        self, tx: Tx, account: str, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[MassRevocation]:
        where: dict[str, Any] = {"account": account, "limit": limit}
        if after is None:
            rows = sql(tx).rows(_Q["first_page"], **where)
        else:
            rows = sql(tx).rows(_Q["next_page"], **where, after_at=to_micros(after[0]), after_id=after[1])
        return [_read(row) for row in rows]

    def running_on(self, tx: Tx, authority_arn: str) -> MassRevocation | None:
        return _order(sql(tx).row(_Q["running_on"], authority=authority_arn))

    def is_due(self, tx: Tx) -> bool:
        return sql(tx).row(_Q["is_due"], **_now(tx)) is not None

    def take(self, tx: Tx, holder: str, until: datetime) -> MassRevocation | None:
        order = _order(sql(tx).row(_Q["next_due"], **_now(tx)))
        if order is None:
            return None
        sql(tx).change(_Q["take"], id=order.id, holder=holder, until=to_micros(until))
        return replace(order, holder=holder, leased_until=until, attempts=order.attempts + 1)

    def hold(self, tx: Tx, order: MassRevocation, until: datetime) -> bool:
        values = {"id": order.id, "holder": order.holder, "until": to_micros(until)}
        return sql(tx).change(_Q["hold"], **values) == 1

    def give_back(self, tx: Tx, order: MassRevocation) -> None:
        sql(tx).change(_Q["give_back"], id=order.id, holder=order.holder, now=to_micros(tx.now))

    def publishing(self, tx: Tx) -> Sequence[MassRevocation]:
        return [_read(row) for row in sql(tx).rows(_Q["publishing"])]

    def change_state(self, tx: Tx, order: MassRevocation, state: State, failure: str | None = None) -> bool:
        values = {
            "id": order.id,
            "before": order.state.value,
            "state": state.value,
            "finished_at": to_micros(tx.now) if state in FINAL else None,
            "failure": failure,
        }
        return sql(tx).change(_Q["change_state"], **values) == 1

    def steps(self, tx: Tx, order_id: str) -> Sequence[Step]:
        found = map(_step, sql(tx).rows(_Q["steps"], order_id=order_id))
        return sorted(found, key=lambda step: (step.position, step.authority_id))

    def put_step(self, tx: Tx, step: Step) -> None:
        at, serial = _position(step.after)
        sql(tx).change(
            _Q["put_step"],
            order_id=step.order_id,
            authority_id=step.authority_id,
            position=step.position,
            authority_version=step.authority_version,
            after_at=to_micros(at),
            after_serial=serial,
            done=int(step.done),
            expected=step.expected,
            revoked=step.revoked,
            last_revoked_at=to_micros(step.last_revoked_at),
        )

    def refuse(self, tx: Tx, order_id: str, refusal: Refusal) -> None:
        sql(tx).change(_Q["refuse"], order_id=order_id, resource=refusal.resource, message=refusal.message)

    def refusals(self, tx: Tx, order_id: str, limit: int) -> tuple[Sequence[Refusal], int]:
        rows = sql(tx).rows(_Q["refusals"], order_id=order_id, limit=limit)
        count = sql(tx).row(_Q["count_refusals"], order_id=order_id)
        assert count is not None
        return [Refusal(row["resource"], row["message"]) for row in rows], int(count["n"])

    def candidates(
        self, tx: Tx, authority_id: str, wanted: Filter, after: Position | None, limit: int
    ) -> tuple[Sequence[Position], Position | None]:
        start = _position(after)
        if wanted.issued_after and start < (wanted.issued_after, ""):
            start = wanted.issued_after, ""
        where = {"authority_id": authority_id, "after_at": to_micros(start[0]), "after_serial": start[1]}
        last = sql(tx).row(_Q["boundary"], **where, skip=SCAN - 1)
        until = {
            "until_at": last["issued_at"] if last else to_micros(_LAST),
            "until_serial": last["serial"] if last else "",
        }
        rows = sql(tx).rows(_Q["candidates"], **where, **until, **_wanted(tx, wanted), limit=limit)
        found = [_seen(row) for row in rows]
        if len(found) == limit:
            return found, found[-1]
        return found, _seen(last) if last else None

    def count_candidates(self, tx: Tx, authority_id: str, wanted: Filter) -> int:
        where = {"authority_id": authority_id, "after_at": to_micros(wanted.issued_after or _FIRST)}
        row = sql(tx).row(_Q["count_candidates"], **where, **_wanted(tx, wanted))
        assert row is not None
        return int(row["n"])

    def unpublished(self, tx: Tx, authority_id: str, last: datetime) -> Sequence[str]:
        times = {"last": to_micros(last), "now": to_micros(tx.now)}
        rows = sql(tx).rows(_Q["unpublished"], authority_id=authority_id, **times)
        return [row["partition"] for row in rows]


def _now(tx: Tx) -> dict[str, Any]:
    return {"now": to_micros(tx.now), "latest": to_micros(tx.now + LONGEST_LEASE)}


def _wanted(tx: Tx, wanted: Filter) -> dict[str, Any]:
    return {
        "before": to_micros(wanted.issued_before or _LAST),
        "now": to_micros(tx.now),
        "hold": HOLD,
        "roots": _ROOTS,
        "responder": OCSP_RESPONDER,
        "template": wanted.template,
        "subject": wanted.subject,
    }


def _seen(row: Row) -> Position:
    return time_of(row["issued_at"]), int(row["serial"], 16)


def _position(after: Position | None) -> tuple[datetime, str]:
    return (_FIRST, "") if after is None else (after[0], format_serial(after[1]))


def _columns(order: MassRevocation) -> dict[str, Any]:
    return {
        "id": order.id,
        "account": order.authority.account,
        "authority": str(order.authority),
        "filter": None if order.filter is None else json.dumps(_filter_columns(order.filter)),
        "reason": order.reason,
        "invalidity_date": to_micros(order.invalidity_date),
        "principal": order.caller.principal,
        "request_id": order.caller.request_id,
        "state": order.state.value,
        "created_at": to_micros(order.created_at),
        "finished_at": to_micros(order.finished_at),
        "failure": order.failure,
        "holder": order.holder,
        "leased_until": to_micros(order.leased_until),
        "attempts": order.attempts,
    }


def _filter_columns(wanted: Filter) -> Mapping[str, Any]:
    return {
        "template": wanted.template,
        "subject": wanted.subject,
        "issued_after": to_micros(wanted.issued_after),
        "issued_before": to_micros(wanted.issued_before),
    }


def _filter(text: str | None) -> Filter | None:
    if text is None:
        return None
    found = json.loads(text)
    times = {name: from_micros(found[name]) for name in ("issued_after", "issued_before")}
    return Filter(found["template"], found["subject"], **times)


def _order(row: Row | None) -> MassRevocation | None:
    return None if row is None else _read(row)


def _read(row: Row) -> MassRevocation:
    return MassRevocation(
        id=row["id"],
        authority=AuthorityArn.parse(row["authority"]),
        filter=_filter(row["filter"]),
        reason=row["reason"],
        invalidity_date=from_micros(row["invalidity_date"]),
        caller=Caller(row["principal"], row["account"], row["request_id"]),
        state=State(row["state"]),
        created_at=time_of(row["created_at"]),
        leased_until=time_of(row["leased_until"]),
        holder=row["holder"],
        finished_at=from_micros(row["finished_at"]),
        failure=row["failure"],
        attempts=row["attempts"],
    )


def _step(row: Row) -> Step:
    seen = row["after_serial"]
    return Step(
        order_id=row["order_id"],
        authority_id=row["authority_id"],
        position=row["position"],
        authority_version=row["authority_version"],
        after=(time_of(row["after_at"]), int(seen, 16)) if seen else None,
        done=bool(row["done"]),
        expected=row["expected"],
        revoked=row["revoked"],
        last_revoked_at=from_micros(row["last_revoked_at"]),
    )
