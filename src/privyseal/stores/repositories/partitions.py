"""`ca.revocation.ports.Partitions` in SQL."""

from collections.abc import Mapping, Sequence

from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, to_micros

_Q = queries("crl_partition")


class SqlPartitions:
    def open_of(self, tx: Tx, authority_ids: Sequence[str]) -> Mapping[str, str]:
        rows = sql(tx).rows(_Q["open_of"], authorities=authority_ids)
        return {row["authority_id"]: row["id"] for row in rows}

    def insert(self, tx: Tx, authority_id: str, partition: str) -> None:
        sql(tx).change(_Q["insert"], authority_id=authority_id, id=partition, opened_at=to_micros(tx.now))

    def add(self, tx: Tx, authority_id: str, partition: str, certificates: int) -> int:
        where = {"authority_id": authority_id, "id": partition}
        sql(tx).change(_Q["add"], **where, certificates=certificates)
        row = sql(tx).row(_Q["count"], **where)
        return int(row["certificates"]) if row else 0
