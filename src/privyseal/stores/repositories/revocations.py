"""`ca.revocation.ports.Revocations` in SQL."""

from collections.abc import Sequence
from typing import Any

from privyseal.ca.revocation.model import Revocation
from privyseal.names import format_serial
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, to_micros

_Q = queries("revocation")


class SqlRevocations:
    def put_many(self, tx: Tx, revocations: Sequence[Revocation]) -> None:
        rows = [_columns(each) for each in revocations]
        sql(tx).change_each(_Q["put"], rows)
        sql(tx).change_each(_Q["forget_release"], rows)

    def release_many(self, tx: Tx, revocations: Sequence[Revocation]) -> None:
        rows = [_columns(each) for each in revocations]
        sql(tx).change_each(_Q["remove"], rows)
        sql(tx).change_each(_Q["release"], rows)


def _columns(revocation: Revocation) -> dict[str, Any]:
    return {
        "authority_id": revocation.authority_id,
        "partition": revocation.partition,
        "not_after": to_micros(revocation.not_after),
        "serial": format_serial(revocation.serial),
        "entry": revocation.entry,
        "revoked_at": to_micros(revocation.revoked_at),
    }
