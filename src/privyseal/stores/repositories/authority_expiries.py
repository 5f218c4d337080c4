"""`ca.ports.AuthorityExpiries` in SQL."""

from collections.abc import Sequence

from privyseal.ca.model import AuthorityExpiry
from privyseal.store import Tx
from privyseal.stores.sql import from_micros, queries, sql, time_of, to_micros

_Q = queries("authority_expiry")


class SqlAuthorityExpiries:
    def put(self, tx: Tx, row: AuthorityExpiry) -> None:
        sql(tx).change(
            _Q["put"],
            authority_id=row.authority_id,
            not_after=to_micros(row.not_after),
            due_at=to_micros(row.due_at),
            stage=row.stage,
        )

    def due(self, tx: Tx, limit: int) -> Sequence[AuthorityExpiry]:
        return [
            AuthorityExpiry(
                row["authority_id"], time_of(row["not_after"]), from_micros(row["due_at"]), row["stage"]
            )
            for row in sql(tx).rows(_Q["due"], now=to_micros(tx.now), limit=limit)
        ]
