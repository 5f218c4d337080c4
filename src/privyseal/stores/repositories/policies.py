"""`ca.ports.Policies` in SQL."""

from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, to_micros

_Q = queries("policy")


class SqlPolicies:
    def find(self, tx: Tx, authority_id: str) -> str | None:
        row = sql(tx).row(_Q["find"], authority_id=authority_id)
        return row["document"] if row else None

    def put(self, tx: Tx, authority_id: str, document: str) -> None:
        changed_at = to_micros(tx.now)
        sql(tx).change(_Q["put"], authority_id=authority_id, document=document, changed_at=changed_at)

    def remove(self, tx: Tx, authority_id: str) -> bool:
        return sql(tx).change(_Q["remove"], authority_id=authority_id) == 1
