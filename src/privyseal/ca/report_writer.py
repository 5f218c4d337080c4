"""Audit reports are written here, apart from the call that asked for them.

A report is a row that is CREATING until it is written. Whoever writes it holds a lease, so that a
report whose process has died is begun again by another one, or by the next start.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from threading import Event

from privyseal import log
from privyseal.ca.model import AuditReport, Authority, ReportStatus
from privyseal.ca.ports import AuditReports, Authorities, Certificates, Publisher
from privyseal.ca.report_format import FORMATS, Record, record_of
from privyseal.errors import PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx

PAGE = 1000  # certificates in memory at once
LEASE = timedelta(minutes=2)  # made longer at a page when half of it is over
# A report that ends its process each time is given up.
MAX_ATTEMPTS = 3
ACTION = "acm-pca:GenerateAuditReport"  # of the journal entry that says how it ended


class _LostError(Exception):
    """The report is somebody else's by now, or this process is asked to stop."""


class ReportWriter:
    def __init__(
        self,
        store: Store,
        authorities: Authorities,
        certificates: Certificates,
        reports: AuditReports,
        publisher: Publisher,
    ) -> None:
        self._store = store
        self._authorities = authorities
        self._certificates = certificates
        self._reports = reports
        self._publisher = publisher

    def waiting(self, tx: Tx) -> bool:
        return self._reports.next_due(tx) is not None

    def write_due(self, stopping: Event) -> None:
        """Write every report that nobody holds, the oldest first."""
        while not stopping.is_set() and (report := self._take()):
            self._write(report, stopping)

    def _take(self) -> AuditReport | None:
        """The next one, leased to this process; None when there is none."""
        while due := self._store.view(self._reports.next_due):
            found = self._store.transact(
                lambda tx, report=due: self._reports.lease(tx, report, tx.now + LEASE)  # type: ignore[misc]
            )
            if found and found.attempts > MAX_ATTEMPTS:
                self._finish(found, ReportStatus.FAILED, "The report was begun too often.")
            elif found:
                return found
        return None

    def _write(self, report: AuditReport, stopping: Event) -> None:
        kind = FORMATS[report.format]
        try:
            content = kind.render(self._pages(report, stopping))
            self._publisher.put(report.bucket, report.key, content, kind.content_type)
        except _LostError:
            self._store.transact(lambda tx: self._reports.give_back(tx, report))
        except PrivySealError as error:
            self._finish(report, ReportStatus.FAILED, error.message)
        except Exception as error:  # noqa: BLE001 - a defect fails this report and no other
            log.exception("an audit report failed", error, report=report.id)
            self._finish(report, ReportStatus.FAILED, "Internal failure.")
        else:
            self._finish(report, ReportStatus.SUCCESS, None)

    def _pages(self, report: AuditReport, stopping: Event) -> Iterator[Sequence[Record]]:
        """Every certificate in order of issue, those included that are issued while this runs."""
        authority = self._store.view(lambda tx: self._authorities.find(tx, report.authority_id))
        assert authority is not None  # rows of authorities are never deleted
        held_until, after = report.leased_until, None
        while True:
            rows, now = self._store.view(
                lambda tx, at=after: (self._certificates.page(tx, report.authority_id, at, PAGE), tx.now)  # type: ignore[misc]
            )
            if now >= held_until - LEASE / 2:
                held_until = now + LEASE
                self._extend(report, held_until)
            yield [record_of(authority, row) for row in rows]
            if len(rows) < PAGE:
                return
            after = rows[-1].issued_at, rows[-1].serial
            if stopping.is_set():
                raise _LostError

    def _extend(self, report: AuditReport, until: datetime) -> None:
        if not self._store.transact(lambda tx: self._reports.extend(tx, report, until)):
            raise _LostError

    def _finish(self, report: AuditReport, status: ReportStatus, reason: str | None) -> None:
        detail = {"report": report.id, "result": "success" if reason is None else "failure"}
        if reason is not None:
            detail["reason"] = reason

        def write(tx: Tx) -> None:
            authority = self._authority(tx, report)
            if self._reports.finish(tx, report, status):
                tx.record(entry(ACTION, report.caller, str(authority.arn), **detail))

        self._store.transact(write)

    def _authority(self, tx: Tx, report: AuditReport) -> Authority:
        authority = self._authorities.find(tx, report.authority_id)
        assert authority is not None  # rows of authorities are never deleted
        return authority
