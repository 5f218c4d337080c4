"""`ca.ending.Endings` in SQL."""

import json
from collections.abc import Sequence
from datetime import datetime

from privyseal.ca.ending import MOST, AuthorityEnd
from privyseal.names import AuthorityArn
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of

_Q = queries("ending")


class SqlEndings:
    def authorities(self, tx: Tx, limit: int = MOST) -> Sequence[AuthorityEnd]:
        return [_end(row) for row in sql(tx).rows(_Q["authorities"], limit=limit)]

    def responders(self, tx: Tx, limit: int = MOST) -> Sequence[datetime]:
        return [time_of(row["not_after"]) for row in sql(tx).rows(_Q["responders"], limit=limit)]


def _end(row: Row) -> AuthorityEnd:
    name = json.loads(row["subject"]).get("CommonName", "")
    arn = AuthorityArn(row["region"], row["account"], row["id"])
    return AuthorityEnd(arn, name, int(row["serial"], 16), time_of(row["not_after"]))
