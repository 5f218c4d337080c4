"""`managed.ports.ManagedCertificates` and `IssuedSerials` in SQL."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from privyseal.managed.model import (
    Attempt,
    IssuedSerial,
    ManagedCertificate,
    Material,
    Renewal,
    Revoked,
)
from privyseal.managed.ports import LONGEST_WAIT, Position
from privyseal.managed.states import Kind, RenewalStatus, Status
from privyseal.names import AuthorityArn, CertificateArn, ManagedArn, format_serial
from privyseal.store import Tx
from privyseal.stores.repositories import managed_search
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("managed")


class SqlManagedCertificates:
    def insert(self, tx: Tx, certificate: ManagedCertificate) -> None:
        sql(tx).change(_Q["insert"], **_columns(certificate))
        managed_search.put(tx, certificate)

    def find(self, tx: Tx, certificate_id: str) -> ManagedCertificate | None:
        return next(iter(self.find_many(tx, [certificate_id])), None)

    def find_many(self, tx: Tx, ids: Sequence[str]) -> Sequence[ManagedCertificate]:
        return _all(sql(tx).rows(_Q["by_ids"], ids=ids))

    def by_token(self, tx: Tx, account: str, region: str, token: str) -> ManagedCertificate | None:
        row = sql(tx).row(_Q["by_token"], account=account, region=region, token=token)
        return _certificate(row) if row else None

    def forget_token(self, tx: Tx, certificate: ManagedCertificate) -> None:
        sql(tx).change(_Q["forget_token"], id=certificate.arn.id)

    def update(self, tx: Tx, certificate: ManagedCertificate) -> bool:
        columns = _columns(certificate)
        if sql(tx).change(_Q["update"], **columns, before=certificate.version - 1) != 1:
            return False
        managed_search.put(tx, certificate)
        return True

    def plan(self, tx: Tx, certificate: ManagedCertificate) -> bool:
        key = {"id": certificate.arn.id, "version": certificate.version, "before": certificate.version - 1}
        return sql(tx).change(_Q["plan"], **key, **_plan_columns(certificate)) == 1

    def remove(self, tx: Tx, certificate: ManagedCertificate) -> bool:
        where = {"id": certificate.arn.id, "version": certificate.version}
        if sql(tx).change(_Q["remove"], **where) != 1:
            return False
        sql(tx).change(_Q["remove_serials"], id=certificate.arn.id)
        managed_search.remove(tx, certificate.arn.id)
        return True

    def page(
        self, tx: Tx, account: str, region: str, after: Position | None, limit: int
    ) -> Sequence[ManagedCertificate]:
        where: dict[str, Any] = {"account": account, "region": region, "limit": limit}
        if after is None:
            return _all(sql(tx).rows(_Q["first_page"], **where))
        at, certificate_id = after
        return _all(sql(tx).rows(_Q["next_page"], **where, after_at=to_micros(at), after_id=certificate_id))

    def to_attempt(self, tx: Tx, status: Status, limit: int) -> Sequence[ManagedCertificate]:
        times = {"now": to_micros(tx.now), "far": to_micros(tx.now + LONGEST_WAIT)}
        return _all(sql(tx).rows(_Q["to_attempt"], status=status.value, **times, limit=limit))

    def to_notice(self, tx: Tx, limit: int) -> Sequence[ManagedCertificate]:
        return _all(sql(tx).rows(_Q["to_notice"], now=to_micros(tx.now), limit=limit))

    def to_expire(self, tx: Tx, limit: int) -> Sequence[ManagedCertificate]:
        return _all(sql(tx).rows(_Q["to_expire"], now=to_micros(tx.now), limit=limit))

    def to_restore(self, tx: Tx, limit: int) -> Sequence[ManagedCertificate]:
        far = to_micros(tx.now + LONGEST_WAIT)
        return _all(sql(tx).rows(_Q["to_restore"], far=far, limit=limit))

    def attempts_between(self, tx: Tx, start: datetime, end: datetime, most: int) -> int:
        times = {"start": to_micros(start), "until": to_micros(end)}
        row = sql(tx).row(_Q["attempts_between"], **times, most=most)
        assert row is not None
        return int(row["n"])


class SqlIssuedSerials:
    def insert(self, tx: Tx, issued: IssuedSerial) -> None:
        sql(tx).change(
            _Q["insert_serial"],
            id=issued.id,
            authority_arn=issued.authority_arn,
            authority_id=AuthorityArn.parse(issued.authority_arn).id,
            serial=format_serial(issued.serial),
            not_after=to_micros(issued.not_after),
        )

    def unexpired(self, tx: Tx, certificate_id: str) -> Sequence[IssuedSerial]:
        rows = sql(tx).rows(_Q["unexpired_serials"], id=certificate_id, now=to_micros(tx.now))
        return [_serial(row) for row in rows]

    def revoked(self, tx: Tx, arns: Sequence[CertificateArn]) -> None:
        """Implements `ca.revocation.ports.Bearers`. Whose serial number it is, the job looks."""
        if serials := [format_serial(arn.serial) for arn in arns]:
            sql(tx).change(_Q["revoked_serials"], serials=serials)

    def held(self, tx: Tx, arns: Sequence[CertificateArn], *, is_held: bool) -> None:
        """Implements `ca.revocation.ports.Bearers`: ACM has no word for a hold."""

    def to_follow(self, tx: Tx, limit: int) -> Sequence[IssuedSerial]:
        return [_serial(row) for row in sql(tx).rows(_Q["serials_to_follow"], limit=limit)]

    def follow(self, tx: Tx, issued: IssuedSerial) -> None:
        key = {"id": issued.id, "authority_arn": issued.authority_arn}
        sql(tx).change(_Q["follow_serial"], **key, serial=format_serial(issued.serial))

    def followed(self, tx: Tx, issued: IssuedSerial) -> None:
        key = {"id": issued.id, "authority_arn": issued.authority_arn}
        sql(tx).change(_Q["followed_serial"], **key, serial=format_serial(issued.serial))


def _serial(row: Row) -> IssuedSerial:
    return IssuedSerial(row["id"], row["authority_arn"], int(row["serial"], 16), time_of(row["not_after"]))


def _columns(each: ManagedCertificate) -> dict[str, Any]:
    return {
        "id": each.arn.id,
        "region": each.arn.region,
        "account": each.arn.account,
        "kind": each.kind.value,
        "status": each.status.value,
        "domain": each.domain,
        "names": json.dumps(each.names),
        "key_algorithm": each.key_algorithm,
        "authority_arn": each.authority_arn,
        "options": json.dumps(dict(each.options)),
        "created_at": to_micros(each.created_at),
        "issued_at": to_micros(each.issued_at),
        "imported_at": to_micros(each.imported_at),
        **_material_columns(each.material),
        "failure_reason": each.failure_reason,
        "exported_at": to_micros(each.exported_at),
        "first_exported_at": to_micros(each.first_exported_at),
        "in_use_by": json.dumps(each.in_use_by),
        "renewal_status": each.renewal.status.value if each.renewal else None,
        "renewal_reason": each.renewal.reason if each.renewal else None,
        "renewal_at": to_micros(each.renewal.updated_at) if each.renewal else None,
        "revoked_at": to_micros(each.revoked.at) if each.revoked else None,
        "revocation_reason": each.revoked.reason if each.revoked else None,
        "token": each.token,
        "request_digest": each.request_digest,
        **_plan_columns(each),
        "version": each.version,
    }


def _plan_columns(each: ManagedCertificate) -> dict[str, Any]:
    return {
        "attempt_serial": format_serial(each.attempt.serial) if each.attempt else None,
        "attempt_key_wrapped": each.attempt.key_wrapped if each.attempt else None,
        "attempt_csr": each.attempt.csr if each.attempt else None,
        "attempt_at": to_micros(each.attempt_at),
        "failures": each.failures,
        "notice_at": to_micros(each.notice_at),
        "noticed_days": each.noticed_days,
    }


def _material_columns(material: Material | None) -> dict[str, Any]:
    return {
        "der": material.der if material else None,
        "chain": material.chain if material else None,
        "key_wrapped": material.key_wrapped if material else None,
        "serial": format_serial(material.serial) if material else None,
        "not_before": to_micros(material.not_before) if material else None,
        "not_after": to_micros(material.not_after) if material else None,
    }


def _all(rows: Sequence[Row]) -> Sequence[ManagedCertificate]:
    return [_certificate(row) for row in rows]


def _certificate(row: Row) -> ManagedCertificate:
    return ManagedCertificate(
        arn=ManagedArn(row["region"], row["account"], row["id"]),
        kind=Kind(row["kind"]),
        status=Status(row["status"]),
        domain=row["domain"],
        names=tuple(json.loads(row["names"])),
        key_algorithm=row["key_algorithm"],
        authority_arn=row["authority_arn"],
        options=json.loads(row["options"]),
        created_at=time_of(row["created_at"]),
        issued_at=from_micros(row["issued_at"]),
        imported_at=from_micros(row["imported_at"]),
        material=_material(row),
        failure_reason=row["failure_reason"],
        exported_at=from_micros(row["exported_at"]),
        first_exported_at=from_micros(row["first_exported_at"]),
        in_use_by=tuple(json.loads(row["in_use_by"])),
        renewal=_renewal(row),
        revoked=_revoked(row),
        token=row["token"],
        request_digest=row["request_digest"],
        attempt=_attempt(row),
        attempt_at=from_micros(row["attempt_at"]),
        failures=row["failures"],
        notice_at=from_micros(row["notice_at"]),
        noticed_days=row["noticed_days"],
        version=row["version"],
    )


def _material(row: Row) -> Material | None:
    if row["der"] is None:
        return None
    return Material(
        row["der"],
        row["chain"],
        row["key_wrapped"],
        int(row["serial"], 16),
        time_of(row["not_before"]),
        time_of(row["not_after"]),
    )


def _renewal(row: Row) -> Renewal | None:
    if row["renewal_status"] is None:
        return None
    return Renewal(RenewalStatus(row["renewal_status"]), row["renewal_reason"], time_of(row["renewal_at"]))


def _revoked(row: Row) -> Revoked | None:
    return Revoked(time_of(row["revoked_at"]), row["revocation_reason"]) if row["revocation_reason"] else None


def _attempt(row: Row) -> Attempt | None:
    if row["attempt_serial"] is None:
        return None
    return Attempt(int(row["attempt_serial"], 16), row["attempt_key_wrapped"], row["attempt_csr"])
