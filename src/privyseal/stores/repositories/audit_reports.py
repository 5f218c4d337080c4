"""`ca.ports.AuditReports` in SQL."""

from dataclasses import replace
from datetime import datetime

from privyseal.ca.model import AuditReport, ReportStatus
from privyseal.caller import Caller
from privyseal.store import Tx
from privyseal.stores.sql import Row, queries, sql, time_of, to_micros

_Q = queries("audit_report")


class SqlAuditReports:
    def insert(self, tx: Tx, report: AuditReport) -> None:
        sql(tx).change(
            _Q["insert"],
            id=report.id,
            authority_id=report.authority_id,
            bucket=report.bucket,
            key=report.key,
            format=report.format,
            status=report.status.value,
            principal=report.caller.principal,
            account=report.caller.account,
            request_id=report.caller.request_id,
            created_at=to_micros(report.created_at),
            leased_until=to_micros(report.leased_until),
            attempts=report.attempts,
        )

    def find(self, tx: Tx, authority_id: str, report_id: str) -> AuditReport | None:
        return _report(sql(tx).row(_Q["find"], id=report_id, authority_id=authority_id))

    def newest(self, tx: Tx, authority_id: str) -> AuditReport | None:
        return _report(sql(tx).row(_Q["newest"], authority_id=authority_id))

    def next_due(self, tx: Tx) -> AuditReport | None:
        return _report(sql(tx).row(_Q["next_due"], now=to_micros(tx.now)))

    def lease(self, tx: Tx, report: AuditReport, until: datetime) -> AuditReport | None:
        times = {"now": to_micros(tx.now), "until": to_micros(until)}
        if not _changed(tx, "lease", report, **times):
            return None
        return replace(report, leased_until=until, attempts=report.attempts + 1)

    def extend(self, tx: Tx, report: AuditReport, until: datetime) -> bool:
        return _changed(tx, "extend", report, until=to_micros(until))

    def give_back(self, tx: Tx, report: AuditReport) -> None:
        _changed(tx, "give_back", report, now=to_micros(tx.now))

    def finish(self, tx: Tx, report: AuditReport, status: ReportStatus) -> bool:
        return _changed(tx, "finish", report, status=status.value)


def _changed(tx: Tx, query: str, report: AuditReport, **values: object) -> bool:
    return sql(tx).change(_Q[query], id=report.id, attempts=report.attempts, **values) == 1


def _report(row: Row | None) -> AuditReport | None:
    if row is None:
        return None
    return AuditReport(
        id=row["id"],
        authority_id=row["authority_id"],
        bucket=row["bucket"],
        key=row["key"],
        format=row["format"],
        status=ReportStatus(row["status"]),
        caller=Caller(row["principal"], row["account"], row["request_id"]),
        created_at=time_of(row["created_at"]),
        leased_until=time_of(row["leased_until"]),
        attempts=row["attempts"],
    )
