"""`events.feed.Journal` in SQL. Rows are written by the store itself, one per commit."""

from collections.abc import Sequence

from privyseal.events.journal import JournalRow
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, time_of

_Q = queries("journal")


class SqlJournal:
    def after(self, tx: Tx, writer: str, seq: int, limit: int) -> Sequence[JournalRow]:
        rows = sql(tx).rows(_Q["after"], writer=writer, seq=seq, limit=limit)
        return [
            JournalRow(r["writer"], r["seq"], time_of(r["at"]), r["previous"], r["root"], r["entries"])
            for r in rows
        ]
