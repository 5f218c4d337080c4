"""`ca.ports.Authorities` in SQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from privyseal.ca.model import Authority, StoredKey
from privyseal.ca.states import Status
from privyseal.names import AuthorityArn, format_serial
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("authority")


class SqlAuthorities:
    def insert(self, tx: Tx, authority: Authority) -> None:
        sql(tx).change(_Q["insert"], **_columns(authority))

    def find(self, tx: Tx, authority_id: str) -> Authority | None:
        return self.find_many(tx, [authority_id]).get(authority_id)

    def find_many(self, tx: Tx, ids: Sequence[str]) -> Mapping[str, Authority]:
        return {row["id"]: _authority(row) for row in sql(tx).rows(_Q["by_ids"], ids=ids)}

    def versions(self, tx: Tx, ids: Sequence[str]) -> Mapping[str, int]:
        return {row["id"]: row["version"] for row in sql(tx).rows(_Q["versions"], ids=ids)}

    def by_token(self, tx: Tx, account: str, region: str, token: str) -> Authority | None:
        row = sql(tx).row(_Q["by_token"], account=account, region=region, token=token)
        return _authority(row) if row else None

    def forget_token(self, tx: Tx, authority_id: str) -> None:
        sql(tx).change(_Q["forget_token"], id=authority_id)

    def update(self, tx: Tx, authority: Authority) -> bool:
        return sql(tx).change(_Q["update"], **_columns(authority)) == 1

    def page(
        self, tx: Tx, account: str, region: str, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Authority]:
        where: dict[str, Any] = {"account": account, "region": region, "limit": limit}
        if after is None:
            rows = sql(tx).rows(_Q["first_page"], **where)
        else:
            rows = sql(tx).rows(_Q["next_page"], **where, after_at=to_micros(after[0]), after_id=after[1])
        return [_authority(row) for row in rows]

    def count(self, tx: Tx, account: str, region: str) -> int:
        row = sql(tx).row(_Q["count"], account=account, region=region, now=to_micros(tx.now))
        assert row is not None
        return int(row["n"])


def _columns(authority: Authority) -> dict[str, Any]:
    return {
        "id": authority.arn.id,
        "region": authority.arn.region,
        "account": authority.arn.account,
        "type": authority.type,
        "status": authority.status.value,
        "key_algorithm": authority.key_algorithm,
        "signing_algorithm": authority.signing_algorithm,
        "subject": json.dumps(authority.subject),
        "csr_extensions": _json(authority.csr_extensions),
        "revocation": json.dumps(authority.revocation),
        "usage_mode": authority.usage_mode,
        "key_standard": authority.key_standard,
        "key_uri": authority.key.uri,
        "key_wrapped": authority.key.wrapped,
        "public_key": authority.public_key,
        "csr": authority.csr,
        "certificate": authority.certificate,
        "chain": authority.chain,
        "serial": None if authority.serial is None else format_serial(authority.serial),
        "not_before": to_micros(authority.not_before),
        "not_after": to_micros(authority.not_after),
        "created_at": to_micros(authority.created_at),
        "changed_at": to_micros(authority.changed_at),
        "failure_reason": authority.failure_reason,
        "restorable_until": to_micros(authority.restorable_until),
        "status_before_deletion": authority.status_before_deletion,
        "token": authority.token,
        "request_digest": authority.request_digest,
        "version": authority.version,
    }


# Every batch reads its authority, and seldom finds another row than the one before. Nobody writes into what
# an authority holds.
@lru_cache(maxsize=256)
def _authority(row: Row) -> Authority:
    before = row["status_before_deletion"]
    return Authority(
        arn=AuthorityArn(row["region"], row["account"], row["id"]),
        type=row["type"],
        status=Status(row["status"]),
        key_algorithm=row["key_algorithm"],
        signing_algorithm=row["signing_algorithm"],
        subject=json.loads(row["subject"]),
        csr_extensions=json.loads(row["csr_extensions"]) if row["csr_extensions"] else None,
        revocation=json.loads(row["revocation"]),
        usage_mode=row["usage_mode"],
        key_standard=row["key_standard"],
        key=StoredKey(row["key_uri"], row["key_wrapped"]),
        public_key=row["public_key"],
        csr=row["csr"],
        certificate=row["certificate"],
        chain=row["chain"],
        serial=None if row["serial"] is None else int(row["serial"], 16),
        not_before=from_micros(row["not_before"]),
        not_after=from_micros(row["not_after"]),
        created_at=time_of(row["created_at"]),
        changed_at=time_of(row["changed_at"]),
        failure_reason=row["failure_reason"],
        restorable_until=from_micros(row["restorable_until"]),
        status_before_deletion=Status(before) if before else None,
        token=row["token"],
        request_digest=row["request_digest"],
        version=row["version"],
    )


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)
