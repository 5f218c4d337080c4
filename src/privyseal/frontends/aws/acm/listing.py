"""ListCertificates."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm import page_places
from privyseal.frontends.aws.acm.detail import ELIGIBILITY, given
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.calling import caller
from privyseal.frontends.aws.model import Call, Handler
from privyseal.managed.listing import Listing as Wanted
from privyseal.managed.search import Order, SortBy
from privyseal.managed.searching import Found, Query

MAX_PAGE = 1000  # MaxItems of the service model, and how many there are where it is not given
MAX_NAMES = 100  # CertificateSummary: "the first 100 subject alternative names"


class Listing(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {"ListCertificates": self.list_certificates}

    async def list_certificates(
        self, call: Call, request: shapes.ListCertificatesRequest
    ) -> Mapping[str, Any]:
        order = _order(request)
        query = Query(
            _wanted(request).filter(),
            order,
            page_places.decode(request.next_token, order) if request.next_token else None,
            request.max_items or MAX_PAGE,
        )
        page = await self._pool.run(self._managed.searching.page, caller(call), call.region, query)
        token = {"NextToken": page_places.encode(page.end, order)} if page.end else {}
        return {"CertificateSummaryList": [_summary(each) for each in page.found], **token}


def _order(request: shapes.ListCertificatesRequest) -> Order:
    if request.sort_order and not request.sort_by:
        raise PrivySealError(ErrorCode.VALIDATION, "SortOrder needs SortBy.")
    if request.sort_by and not request.sort_order:
        raise PrivySealError(ErrorCode.VALIDATION, "SortBy needs SortOrder.")
    return Order(SortBy.CREATED_AT, request.sort_order == "DESCENDING")


def _wanted(request: shapes.ListCertificatesRequest) -> Wanted:
    includes = request.includes or shapes.Filters()
    return Wanted(
        statuses=request.certificate_statuses or (),
        origins=request.certificate_key_pair_origins or (),
        key_types=includes.key_types or (),
        usages=includes.key_usage or (),
        purposes=includes.extended_key_usage or (),
        export_option=includes.export_option,
        managed_by=includes.managed_by,
    )


def _summary(found: Found) -> Mapping[str, Any]:
    """CertificateSummary, by the names of the service model."""
    certificate, row = found.certificate, found.row
    shown = {
        "CertificateArn": str(certificate.arn),
        "DomainName": certificate.domain,
        "SubjectAlternativeNameSummaries": list(islice(certificate.names, MAX_NAMES)),
        "HasAdditionalSubjectAlternativeNames": len(certificate.names) > MAX_NAMES,
        "Status": row.status,
        "Type": row.kind,
        "KeyAlgorithm": row.key_algorithm,
        "KeyUsages": list(row.usages),
        "ExtendedKeyUsages": list(row.purposes),
        "ExportOption": row.export_option,
        "InUse": row.in_use,
        "Exported": row.exported,
        "RenewalEligibility": ELIGIBILITY[row.eligible],
        "NotBefore": row.not_before,
        "NotAfter": row.not_after,
        "CreatedAt": row.created_at,
        "IssuedAt": row.issued_at,
        "ImportedAt": row.imported_at,
        "RevokedAt": row.revoked_at,
        "CertificateKeyPairOrigin": row.origin,
    }
    return given(shown)
