"""The operations on audit reports."""

from collections.abc import Mapping

from privyseal.ca.service import CertificateAuthorities
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.calling import Pool, caller
from privyseal.frontends.aws.model import Call, Handler


class AuditReports:
    def __init__(self, authorities: CertificateAuthorities, pool: Pool) -> None:
        self._ca = authorities
        self._pool = pool

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "CreateCertificateAuthorityAuditReport": self.create_audit_report,
            "DescribeCertificateAuthorityAuditReport": self.describe_audit_report,
        }

    async def create_audit_report(
        self, call: Call, request: shapes.CreateCertificateAuthorityAuditReportRequest
    ) -> shapes.CreateCertificateAuthorityAuditReportResponse:
        report = await self._pool.run(
            self._ca.audit_reports.create,
            caller(call),
            request.certificate_authority_arn,
            request.s3_bucket_name,
            request.audit_report_response_format,
        )
        return shapes.CreateCertificateAuthorityAuditReportResponse(
            audit_report_id=report.id, s3_key=report.key
        )

    async def describe_audit_report(
        self, call: Call, request: shapes.DescribeCertificateAuthorityAuditReportRequest
    ) -> shapes.DescribeCertificateAuthorityAuditReportResponse:
        report = await self._pool.run(
            self._ca.audit_reports.describe,
            caller(call),
            request.certificate_authority_arn,
            request.audit_report_id,
        )
        return shapes.DescribeCertificateAuthorityAuditReportResponse(
            audit_report_status=report.status.value,
            s3_bucket_name=report.bucket,
            s3_key=report.key,
            created_at=report.created_at,
        )
