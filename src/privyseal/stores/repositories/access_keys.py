"""`access.ports.AccessKeys` in SQL; secrets are wrapped on their way in."""

from privyseal.access.model import AccessKey
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql, to_micros
from privyseal.wrapping import Wrapper

_Q = queries("access_key")
_PLACE = {"table": "access_key", "column": "secret_wrapped"}


class SqlAccessKeys:
    def __init__(self, wrapper: Wrapper) -> None:
        self._wrapper = wrapper

    def insert(self, tx: Tx, key: AccessKey) -> None:
        sql(tx).change(
            _Q["insert"],
            id=key.id,
            secret_wrapped=self._wrapper.wrap(key.secret.encode(), row=key.id, **_PLACE),
            account=key.account,
            principal=key.principal_arn,
            admin=int(key.admin),
            active=int(key.active),
            created_at=to_micros(tx.now),
        )

    def find(self, tx: Tx, key_id: str) -> AccessKey | None:
        row = sql(tx).row(_Q["find"], id=key_id)
        if row is None:
            return None
        return AccessKey(
            id=row["id"],
            secret=self._wrapper.unwrap(row["secret_wrapped"], row=row["id"], **_PLACE).decode(),
            account=row["account"],
            principal_arn=row["principal"],
            admin=bool(row["admin"]),
            active=bool(row["active"]),
        )
