"""Audit reports, asked for and looked at: the only list of its certificates that acm-pca has.

They are written in the background, see `report_writer.py`.
"""

from collections.abc import Callable

from privyseal.ca import limits
from privyseal.ca.lookup import find_authority, require_status
from privyseal.ca.model import AuditReport, Authority, ReportStatus
from privyseal.ca.ports import AuditReports, Authorities, Publisher
from privyseal.ca.report_format import FORMATS
from privyseal.ca.states import AUDITS
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx


class AuditReportService:
    def __init__(
        self,
        store: Store,
        authorities: Authorities,
        reports: AuditReports,
        publisher: Publisher,
        wake: Callable[[], None],
    ) -> None:
        """`wake` tells the writer of reports that there is a new one."""
        self._store = store
        self._authorities = authorities
        self._reports = reports
        self._publisher = publisher
        self._wake = wake

    def create(self, caller: Caller, arn: str, bucket: str, report_format: str) -> AuditReport:
        """Ask for a report of every certificate. Raises IN_PROGRESS within 30 minutes of another one.

        One that has failed does not count: what failed it can be repaired and tried at once.
        """
        self._store.view(lambda tx: self._find(tx, caller, arn))  # before a bucket is touched for it
        self._publisher.check(bucket)

        def write(tx: Tx) -> AuditReport:
            authority = self._find(tx, caller, arn)
            newest = self._reports.newest(tx, authority.arn.id)
            if newest and tx.now < newest.created_at + limits.AUDIT_REPORT_INTERVAL:
                raise PrivySealError(
                    ErrorCode.IN_PROGRESS,
                    f"The audit report {newest.id} was requested less than 30 minutes ago. Try again later.",
                )
            report_id = new_id()
            report = AuditReport(
                id=report_id,
                authority_id=authority.arn.id,
                bucket=bucket,
                key=f"audit-report/{authority.arn.id}/{report_id}.{FORMATS[report_format].extension}",
                format=report_format,
                status=ReportStatus.CREATING,
                caller=caller,
                created_at=tx.now,
                leased_until=tx.now,
                attempts=0,
            )
            self._reports.insert(tx, report)
            action = "acm-pca:CreateCertificateAuthorityAuditReport"
            tx.record(entry(action, caller, arn, report=report.id, bucket=bucket, key=report.key))
            return report

        report = self._store.transact(write)
        self._wake()
        return report

    def describe(self, caller: Caller, arn: str, report_id: str) -> AuditReport:
        def read(tx: Tx) -> AuditReport:
            authority = find_authority(tx, self._authorities, caller, arn)
            report = self._reports.find(tx, authority.arn.id, report_id)
            if report is None:
                raise PrivySealError(ErrorCode.NOT_FOUND, f"{arn} has no audit report {report_id}.")
            return report

        return self._store.view(read)

    def _find(self, tx: Tx, caller: Caller, arn: str) -> Authority:
        return require_status(find_authority(tx, self._authorities, caller, arn), tx.now, AUDITS)
