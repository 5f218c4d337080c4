"""`devices.ca_rotation.ports.CaRotations` and `devices.succession.Successions` in SQL."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from privyseal.caller import Caller
from privyseal.devices.ca_rotation.model import Done, Plan, Rotation, State, Step, Until
from privyseal.devices.identities import Identity
from privyseal.names import AuthorityArn
from privyseal.store import Tx
from privyseal.stores.repositories.identities import identity_of
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("ca_rotation")


class SqlCaRotations:
    def insert(self, tx: Tx, rotation: Rotation) -> None:
        sql(tx).change(_Q["insert"], **_columns(rotation))

    def find(self, tx: Tx, account: str, rotation_id: str) -> Rotation | None:
        return _one(sql(tx).row(_Q["find"], id=rotation_id, account=account))

    def unfinished(self, tx: Tx, account: str) -> Rotation | None:
        return _one(sql(tx).row(_Q["unfinished"], account=account))

    def due(self, tx: Tx) -> Rotation | None:
        return _one(sql(tx).row(_Q["due"], now=to_micros(tx.now)))

    def page(
        self, tx: Tx, account: str, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Rotation]:
        where: dict[str, Any] = {"account": account, "limit": limit}
        if after is None:
            rows = sql(tx).rows(_Q["first_page"], **where)
        else:
            rows = sql(tx).rows(_Q["next_page"], **where, after_at=to_micros(after[0]), after_id=after[1])
        return [_rotation(row) for row in rows]

    def all(self, tx: Tx, account: str) -> Sequence[Rotation]:
        """Of the account: people order them, so they are few."""
        return [_rotation(row) for row in sql(tx).rows(_Q["all"], account=account)]

    def update(self, tx: Tx, rotation: Rotation) -> bool:
        return sql(tx).change(_Q["update"], **_columns(rotation)) == 1

    def put_done(self, tx: Tx, rotation_id: str, done: Done) -> None:
        sql(tx).change(
            _Q["put_done"],
            rotation_id=rotation_id,
            step=done.step.value,
            done_at=to_micros(done.at),
            detail=done.detail,
        )

    def done(self, tx: Tx, rotation_id: str) -> Sequence[Done]:
        rows = sql(tx).rows(_Q["done"], rotation_id=rotation_id)
        found = [Done(Step(row["step"]), time_of(row["done_at"]), row["detail"]) for row in rows]
        return sorted(found, key=lambda each: list(Step).index(each.step))

    def issued_by(self, tx: Tx, account: str, authority: str, limit: int) -> Sequence[Identity]:
        rows = sql(tx).rows(_Q["issued_by"], account=account, limit=limit, **_certificates_of(authority))
        return [identity_of(row) for row in rows]

    def devices_of(self, tx: Tx, account: str, authority: str) -> int:
        row = sql(tx).row(_Q["devices_of"], account=account, **_certificates_of(authority))
        assert row is not None
        return int(row["n"])


class SqlSuccessions:
    def successor(self, tx: Tx, authority: str) -> str | None:
        row = sql(tx).row(_Q["successor"], authority=authority)
        return row["successor"] if row else None

    def put(self, tx: Tx, authority: str, successor: str) -> None:
        values = {"authority": authority, "successor": successor, "since": to_micros(tx.now)}
        sql(tx).change(_Q["put_successor"], **values)

    def remove(self, tx: Tx, authority: str) -> None:
        sql(tx).change(_Q["remove_successor"], authority=authority)


def _certificates_of(authority: str) -> dict[str, str]:
    """From the first ARN of its certificates up to what comes after the last one: "0" follows "/"."""
    return {"first": f"{authority}/certificate/", "last": f"{authority}/certificate0"}


def _columns(rotation: Rotation) -> dict[str, Any]:
    return {
        "id": rotation.id,
        "account": rotation.old.account,
        "old": str(rotation.old),
        "new": rotation.new,
        "plan": json.dumps(asdict(rotation.plan)),
        "reason": rotation.reason,
        "state": rotation.state.value,
        "step": rotation.step.value,
        "until": rotation.until.value,
        "revoked_elsewhere": int(rotation.revoked_elsewhere),
        "mass_revocation": rotation.mass_revocation,
        "failure": rotation.failure,
        "attempts": rotation.attempts,
        "due_at": to_micros(rotation.due_at),
        "principal": rotation.caller.principal,
        "request_id": rotation.caller.request_id,
        "created_at": to_micros(rotation.created_at),
        "finished_at": to_micros(rotation.finished_at),
        "version": rotation.version,
    }


def _one(row: Row | None) -> Rotation | None:
    return _rotation(row) if row else None


def _rotation(row: Row) -> Rotation:
    return Rotation(
        id=row["id"],
        old=AuthorityArn.parse(row["old"]),
        new=row["new"],
        plan=Plan(**json.loads(row["plan"])),
        reason=row["reason"],
        state=State(row["state"]),
        step=Step(row["step"]),
        until=Until(row["until"]),
        revoked_elsewhere=bool(row["revoked_elsewhere"]),
        mass_revocation=row["mass_revocation"],
        failure=row["failure"],
        attempts=row["attempts"],
        due_at=time_of(row["due_at"]),
        caller=Caller(row["principal"], row["account"], row["request_id"]),
        created_at=time_of(row["created_at"]),
        finished_at=from_micros(row["finished_at"]),
        version=row["version"],
    )
