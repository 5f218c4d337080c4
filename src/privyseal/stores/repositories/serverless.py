"""`serverless.ports` in SQL: certificates of serverless-ca's contract, and claims of their keys."""

from collections.abc import Sequence
from datetime import datetime

from privyseal.names import format_serial
from privyseal.serverless.model import Issue
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("serverless")


class SqlIssues:
    def insert(self, tx: Tx, issue: Issue) -> None:
        sql(tx).change(
            _Q["insert"],
            account=issue.account,
            authority_id=issue.authority_id,
            serial=format_serial(issue.serial),
            common_name=issue.common_name,
            subject=issue.subject,
            key_digest=issue.key_digest,
            issued_at=to_micros(issue.issued_at),
            expires_at=to_micros(issue.expires_at),
            notify_issued=int(issue.notify_issued),
            notify_expiry=int(issue.notify_expiry),
        )

    def named(
        self, tx: Tx, account: str, common_name: str, before: tuple[datetime, int] | None, limit: int
    ) -> Sequence[Issue]:
        if before is None:
            rows = sql(tx).rows(_Q["named"], account=account, common_name=common_name, limit=limit)
        else:
            at, serial = to_micros(before[0]), format_serial(before[1])
            rows = sql(tx).rows(
                _Q["named_before"],
                account=account,
                common_name=common_name,
                before_at=at,
                before_serial=serial,
                limit=limit,
            )
        return [issue_of(row) for row in rows]

    def has(self, tx: Tx, account: str, common_name: str, key_digest: bytes) -> bool:
        found = sql(tx).row(_Q["of_key"], account=account, common_name=common_name, key_digest=key_digest)
        return found is not None


class SqlKeyClaims:
    def claim(self, tx: Tx, key_digest: bytes, holder: str, until: datetime) -> bool:
        now = to_micros(tx.now)
        sql(tx).change(_Q["forget_claims"], now=now)
        touched = sql(tx).change(
            _Q["claim"], key_digest=key_digest, holder=holder, until=to_micros(until), now=now
        )
        return touched == 1

    def release(self, tx: Tx, key_digest: bytes, holder: str) -> None:
        sql(tx).change(_Q["release"], key_digest=key_digest, holder=holder)


def issue_of(row: Row) -> Issue:
    return Issue(
        account=row["account"],
        authority_id=row["authority_id"],
        serial=int(row["serial"], 16),
        common_name=row["common_name"],
        subject=row["subject"],
        key_digest=row["key_digest"],
        issued_at=time_of(row["issued_at"]),
        expires_at=time_of(row["expires_at"]),
        notify_issued=bool(row["notify_issued"]),
        notify_expiry=bool(row["notify_expiry"]),
    )
