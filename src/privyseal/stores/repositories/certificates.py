"""`ca.ports.Certificates` in SQL: every read of a batch is one SELECT."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.ca.model import Certificate
from privyseal.ca.revocation.reasons import HOLD
from privyseal.names import format_serial
from privyseal.store import Tx
from privyseal.stores.sql import Row, Values, from_micros, positional, queries, sql, time_of, to_micros

_Q = queries("certificate")
_INSERT = positional(_Q["insert"])


class SqlCertificates:
    def insert_many(self, tx: Tx, certificates: Sequence[Certificate]) -> None:
        sql(tx).change_each(_INSERT, map(_columns, certificates))

    def find_many(self, tx: Tx, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Certificate]:
        rows = sql(tx).rows(_Q["by_serials"], serials=[format_serial(serial) for _, serial in keys])
        wanted = set(keys)
        return {
            key: row for row in map(_certificate, rows) if (key := (row.authority_id, row.serial)) in wanted
        }

    def by_tokens(self, tx: Tx, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Certificate]:
        authorities = sorted({authority for authority, _ in keys})
        tokens = sorted({token for _, token in keys})
        rows = sql(tx).rows(_Q["by_tokens"], authorities=authorities, tokens=tokens)
        wanted = set(keys)
        found = ((each.authority_id, each.token or "", each) for each in map(_certificate, rows))
        return {(authority, token): each for authority, token, each in found if (authority, token) in wanted}

    def forget_tokens(self, tx: Tx, keys: Sequence[tuple[str, int]]) -> None:
        many = ({"authority_id": authority, "serial": format_serial(serial)} for authority, serial in keys)
        sql(tx).change_each(_Q["forget_token"], many)

    def revoke(
        self,
        tx: Tx,
        authority_id: str,
        serial: int,
        *,
        at: datetime,
        reason: str,
        invalidity_date: datetime | None = None,
    ) -> bool:
        touched = sql(tx).change(
            _Q["revoke"],
            authority_id=authority_id,
            serial=format_serial(serial),
            at=to_micros(at),
            reason=reason,
            invalidity_date=to_micros(invalidity_date),
        )
        return touched == 1

    def revoke_held(
        self, tx: Tx, authority_id: str, serial: int, *, reason: str, invalidity_date: datetime | None = None
    ) -> bool:
        touched = sql(tx).change(
            _Q["revoke_held"],
            authority_id=authority_id,
            serial=format_serial(serial),
            reason=reason,
            invalidity_date=to_micros(invalidity_date),
            hold=HOLD,
        )
        return touched == 1

    def release(self, tx: Tx, authority_id: str, serial: int) -> bool:
        where = {"authority_id": authority_id, "serial": format_serial(serial)}
        return sql(tx).change(_Q["release"], **where, hold=HOLD) == 1

    def by_keys(self, tx: Tx, key_digests: Sequence[bytes]) -> Sequence[Certificate]:
        found = map(_certificate, sql(tx).rows(_Q["by_keys"], digests=key_digests))
        return sorted(found, key=lambda each: (each.issued_at, each.serial, each.authority_id))

    def page(
        self, tx: Tx, authority_id: str, after: tuple[datetime, int] | None, limit: int
    ) -> Sequence[Certificate]:
        where: dict[str, Any] = {"authority_id": authority_id, "limit": limit}
        if after is None:
            rows = sql(tx).rows(_Q["first_page"], **where)
        else:
            at, serial = to_micros(after[0]), format_serial(after[1])
            rows = sql(tx).rows(_Q["next_page"], **where, after_at=at, after_serial=serial)
        return [_certificate(row) for row in rows]

    def count(self, tx: Tx, authority_id: str) -> int:
        row = sql(tx).row(_Q["count"], authority_id=authority_id)
        assert row is not None
        return int(row["n"])


def _columns(certificate: Certificate) -> Values:
    """In the order of `insert`."""
    return (
        certificate.authority_id,
        format_serial(certificate.serial),
        certificate.der,
        certificate.template,
        certificate.subject,
        to_micros(certificate.not_before),
        to_micros(certificate.not_after),
        to_micros(certificate.issued_at),
        certificate.token,
        certificate.request_digest,
        certificate.key_digest,
        certificate.crl_partition,
        certificate.service_principal,
    )


def _certificate(row: Row) -> Certificate:
    return Certificate(
        authority_id=row["authority_id"],
        serial=int(row["serial"], 16),
        der=row["der"],
        template=row["template"],
        subject=row["subject"],
        not_before=time_of(row["not_before"]),
        not_after=time_of(row["not_after"]),
        issued_at=time_of(row["issued_at"]),
        token=row["token"],
        request_digest=row["request_digest"],
        key_digest=row["key_digest"],
        crl_partition=row["crl_partition"],
        revoked_at=from_micros(row["revoked_at"]),
        revocation_reason=row["revocation_reason"],
        invalidity_date=from_micros(row["invalidity_date"]),
        service_principal=row["service_principal"],
    )
