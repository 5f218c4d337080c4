"""`ca.ports.Permissions` in SQL."""

import json
from collections.abc import Sequence
from typing import Any

from privyseal.ca.model import Permission
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("permission")


class SqlPermissions:
    def insert(self, tx: Tx, permission: Permission) -> None:
        sql(tx).change(
            _Q["insert"],
            authority_id=permission.authority_id,
            principal=permission.principal,
            source_account=permission.source_account,
            actions=json.dumps(permission.actions),
            created_at=to_micros(permission.created_at),
        )

    def remove(self, tx: Tx, authority_id: str, principal: str, source_account: str) -> bool:
        key = {"authority_id": authority_id, "principal": principal, "source_account": source_account}
        return sql(tx).change(_Q["remove"], **key) == 1

    def page(
        self, tx: Tx, authority_id: str, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Permission]:
        where: dict[str, Any] = {"authority_id": authority_id, "limit": limit}
        if after is None:
            rows = sql(tx).rows(_Q["first_page"], **where)
        else:
            principal, account = after
            rows = sql(tx).rows(_Q["next_page"], **where, after_principal=principal, after_account=account)
        return [_permission(row) for row in rows]


def _permission(row: Row) -> Permission:
    return Permission(
        authority_id=row["authority_id"],
        principal=row["principal"],
        source_account=row["source_account"],
        actions=tuple(json.loads(row["actions"])),
        created_at=time_of(row["created_at"]),
    )
