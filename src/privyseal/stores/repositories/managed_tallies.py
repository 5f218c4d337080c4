"""`managed.tally.ManagedTallies` in SQL, and how certificates are counted."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from privyseal.managed.search import Searched
from privyseal.managed.states import Kind, Status
from privyseal.managed.tally import ManagedEnd, Tally
from privyseal.names import ManagedArn
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("managed_tally")
_DAY = timedelta(days=1) // timedelta(microseconds=1)

_Place = Mapping[str, Any]


class SqlManagedTallies:
    def all(self, tx: Tx) -> Sequence[Tally]:
        return [
            Tally(
                Kind(row["kind"]),
                Status(row["status"]),
                row["renewal_status"],
                time_of(row["day"]).date() if row["status"] == Status.ISSUED else None,
                row["certificates"],
            )
            for row in sql(tx).rows(_Q["all"])
        ]

    def ending(self, tx: Tx, after: ManagedEnd | None, limit: int) -> Sequence[ManagedEnd]:
        if after is None:
            return [_end(row) for row in sql(tx).rows(_Q["first_ending"], limit=limit)]
        place = {"not_after": to_micros(after.not_after), "id": after.arn.id}
        return [_end(row) for row in sql(tx).rows(_Q["next_ending"], **place, limit=limit)]


def count(tx: Tx, certificate_id: str, after: Searched | None) -> None:
    """Before the row of `managed_search` is written: what it was counts no more, what it becomes does."""
    row = sql(tx).row(_Q["before"], id=certificate_id)
    was = _place(row["kind"], row["status"], row["renewal_status"], row["not_after"]) if row else None
    becomes = (
        _place(after.kind, after.status, after.renewal_status, to_micros(after.not_after)) if after else None
    )
    if was == becomes:
        return
    if becomes:
        sql(tx).change(_Q["add"], **becomes, change=1)
    if was:
        sql(tx).change(_Q["add"], **was, change=-1)
        sql(tx).change(_Q["drop_empty"], **was)


def _place(kind: str, status: str, renewal_status: str, not_after: int | None) -> _Place:
    day = not_after - not_after % _DAY if status == Status.ISSUED and not_after is not None else 0
    return {"kind": kind, "status": status, "renewal_status": renewal_status, "day": day}


def _end(row: Row) -> ManagedEnd:
    arn = ManagedArn(row["region"], row["account"], row["id"])
    return ManagedEnd(arn, row["domain"], int(row["serial"], 16), time_of(row["not_after"]))
