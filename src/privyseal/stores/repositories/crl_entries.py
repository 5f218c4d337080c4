"""`ca.revocation.ports.CrlEntries` in SQL: rows go in, one string of octets comes out."""

from collections.abc import Sequence
from datetime import datetime

from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("revocation")


class SqlCrlEntries:
    def page(
        self, tx: Tx, authority_id: str, partition: str, after: tuple[datetime, str], limit: int
    ) -> tuple[bytes, tuple[datetime, str] | None]:
        rows = sql(tx).rows(
            _Q["page"],
            authority_id=authority_id,
            partition=partition,
            not_after=to_micros(after[0]),
            serial=after[1],
            limit=limit,
        )
        last = _last(rows, limit)
        return _joined(rows), (time_of(last["not_after"]), last["serial"]) if last else None

    def recent(
        self, tx: Tx, authority_id: str, partition: str, after: tuple[datetime, datetime, str], limit: int
    ) -> tuple[bytes, tuple[datetime, datetime, str] | None]:
        rows = sql(tx).rows(
            _Q["recent"],
            authority_id=authority_id,
            partition=partition,
            revoked_at=to_micros(after[0]),
            not_after=to_micros(after[1]),
            serial=after[2],
            limit=limit,
        )
        last = _last(rows, limit)
        if last is None:
            return _joined(rows), None
        return _joined(rows), (time_of(last["revoked_at"]), time_of(last["not_after"]), last["serial"])

    def released(
        self, tx: Tx, authority_id: str, partition: str, after: tuple[datetime, str], limit: int
    ) -> tuple[bytes, tuple[datetime, str] | None]:
        rows = sql(tx).rows(
            _Q["released"],
            authority_id=authority_id,
            partition=partition,
            released_at=to_micros(after[0]),
            serial=after[1],
            limit=limit,
        )
        last = _last(rows, limit)
        return _joined(rows), (time_of(last["released_at"]), last["serial"]) if last else None

    def partitions(self, tx: Tx, authority_id: str) -> Sequence[str]:
        return ["", *(row["id"] for row in sql(tx).rows(_Q["partitions"], authority_id=authority_id))]


def _joined(rows: Sequence[Row]) -> bytes:
    return b"".join([row["entry"] for row in rows])


def _last(rows: Sequence[Row], limit: int) -> Row | None:
    """The row after which there may be more."""
    return rows[-1] if len(rows) == limit else None
