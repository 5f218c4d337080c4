"""`events.ports.Trail` and `events.ports.JournalReader` in SQL; the signing key is wrapped on its way in."""

from collections.abc import Sequence
from datetime import datetime

from privyseal.events.checkpoint import Signed, Span
from privyseal.events.journal import JournalRow
from privyseal.events.ports import BEFORE_THE_FIRST, NO_HEAD, UNREADABLE, Chain, StoredKey
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros
from privyseal.wrapping import Wrapper

_Q = queries("audit")
_MOST = 2**63 - 1  # the largest number that a column holds
_PLACE = {"table": "audit_key", "column": "private_wrapped"}


class SqlTrail:
    def __init__(self, wrapper: Wrapper | None = None) -> None:
        """Without a wrapper everything can be read but the signing key."""
        self._wrapper = wrapper

    def public_key(self, tx: Tx) -> bytes | None:
        row = sql(tx).row(_Q["public_key"])
        return row["public_key"] if row else None

    def signing_key(self, tx: Tx) -> StoredKey | None:
        row = sql(tx).row(_Q["key"])
        if row is None:
            return None
        secret = self._wrap().unwrap(row["private_wrapped"], row=row["id"], **_PLACE)
        return StoredKey(row["id"], row["public_key"], secret)

    def put_key(self, tx: Tx, key: StoredKey) -> None:
        sql(tx).change(
            _Q["put_key"],
            id=key.id,
            public_key=key.public,
            private_wrapped=self._wrap().wrap(key.secret, row=key.id, **_PLACE),
            created_at=to_micros(tx.now),
        )

    def last(self, tx: Tx) -> Signed | None:
        row = sql(tx).row(_Q["last"], most=_MOST)
        return _signed(row) if row else None

    def find(self, tx: Tx, number: int) -> Signed | None:
        row = sql(tx).row(_Q["find"], number=number)
        return _signed(row) if row else None

    def after(self, tx: Tx, number: int, limit: int) -> Sequence[Signed]:
        return [_signed(row) for row in sql(tx).rows(_Q["after"], number=number, limit=limit, most=_MOST)]

    def add(self, tx: Tx, checkpoint: Signed, spans: Sequence[Span]) -> None:
        sql(tx).change(
            _Q["add"],
            number=checkpoint.number,
            body=checkpoint.body,
            signature=checkpoint.signature,
            frontier=checkpoint.frontier,
        )
        for span in spans:
            sql(tx).change(_Q["put_chain"], writer=span.writer, seq=span.last, head=span.head)

    def moved(self, tx: Tx, limit: int) -> Sequence[Chain]:
        found = sql(tx).rows(_Q["moved"], limit=limit)
        return [
            Chain(row["writer"], BEFORE_THE_FIRST, NO_HEAD) if row["seq"] is None else _chain(row)
            for row in found
        ]

    def chains(self, tx: Tx, after: str, limit: int) -> Sequence[Chain]:
        return [_chain(row) for row in sql(tx).rows(_Q["chains"], after=after, limit=limit)]

    def exported(self, tx: Tx, sink: str) -> int:
        row = sql(tx).row(_Q["exported"], name=sink)
        return int(row["number"]) if row else 0

    def put_exported(self, tx: Tx, sink: str, number: int) -> None:
        sql(tx).change(_Q["put_exported"], name=sink, number=number)

    def _wrap(self) -> Wrapper:
        if self._wrapper is None:
            raise TypeError("this trail was opened for reading")
        return self._wrapper


class SqlJournalReader:
    def ends(self, tx: Tx, after: str, limit: int) -> Sequence[tuple[str, int, int]]:
        rows = sql(tx).rows(_Q["ends"], after=after, limit=limit, most=_MOST)
        found = [(row["writer"], row["first"], row["last"]) for row in rows]
        return [
            (writer, first, last)
            for writer, first, last in found
            if isinstance(writer, str) and last is not None
        ]

    def rows(self, tx: Tx, writer: str, first: int, last: int, limit: int) -> Sequence[JournalRow]:
        found = sql(tx).rows(_Q["rows"], writer=writer, first=first, last=last, limit=limit)
        return [_row(each) for each in found]

    def follower(self, tx: Tx, writer: str, previous: bytes) -> int | None:
        row = sql(tx).row(_Q["follower"], writer=writer, previous=previous)
        return row["seq"] if row else None

    def since(self, tx: Tx, writer: str, seq: int, at: datetime, limit: int) -> Sequence[JournalRow]:
        """Rows of one writer after `seq` that were written at `at` or later."""
        rows = sql(tx).rows(_Q["rows_since"], writer=writer, seq=seq, since=to_micros(at), limit=limit)
        return [_row(each) for each in rows]


# Whatever somebody has written into a column: who reads for an audit must not stumble. In SQLite text
# and blobs are greater than every number, so that a bound on a number keeps them out.


def _signed(row: Row) -> Signed:
    body, signature, frontier = row["body"], row["signature"], row["frontier"]
    return Signed(
        row["number"],
        body if isinstance(body, str) else "",
        signature if isinstance(signature, bytes) else b"",
        frontier if isinstance(frontier, bytes) else b"",
    )


def _chain(row: Row) -> Chain:
    return Chain(row["writer"], row["seq"] if isinstance(row["seq"], int) else BEFORE_THE_FIRST, row["head"])


def _row(row: Row) -> JournalRow:
    try:
        at = time_of(row["at"])
    except (TypeError, OverflowError):
        at = UNREADABLE
    return JournalRow(row["writer"], row["seq"], at, row["previous"], row["root"], row["entries"])
