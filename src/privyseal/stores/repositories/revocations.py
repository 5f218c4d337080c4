"""`ca.revocation.ports.Revocations` in SQL."""

from collections.abc import Sequence
from typing import Any

from privyseal.ca.revocation.model import Revocation
from privyseal.names import format_serial
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, to_micros

_Q = queries("revocation")


class SqlRevocations:
    def insert_many(self, tx: Tx, revocations: Sequence[Revocation]) -> None:
        sql(tx).change_each(_Q["insert"], (_columns(each) for each in revocations))


def _columns(revocation: Revocation) -> dict[str, Any]:
    return {
        "authority_id": revocation.authority_id,
        "partition": revocation.partition,
        "not_after": to_micros(revocation.not_after),
        "serial": format_serial(revocation.serial),
        "entry": revocation.entry,
        "revoked_at": to_micros(revocation.revoked_at),
    }
