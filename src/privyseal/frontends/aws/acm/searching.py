"""SearchCertificates."""

from collections.abc import Mapping
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm as shapes
from privyseal.frontends.aws.acm import page_places
from privyseal.frontends.aws.acm.detail import ELIGIBILITY, given
from privyseal.frontends.aws.acm.statements import filter_of
from privyseal.frontends.aws.acm.subject import Subject
from privyseal.frontends.aws.calling import caller
from privyseal.frontends.aws.model import Call, Handler
from privyseal.managed.filters import EVERYTHING
from privyseal.managed.search import Order, Place, Searched, SortBy
from privyseal.managed.searching import Found, Query
from privyseal.x509.model_certificate import describe

DEFAULT_PAGE = 100

# What no certificate here has is the same for all of them: then the ARN decides.
_SORTS: Mapping[str, SortBy] = {
    "MANAGED_BY": SortBy.CERTIFICATE_ARN,
    "VALIDATION_METHOD": SortBy.CERTIFICATE_ARN,
    "ACME_ENDPOINT_ARN": SortBy.CERTIFICATE_ARN,
    "ACME_ACCOUNT_ID": SortBy.CERTIFICATE_ARN,
    **{each.name: each for each in SortBy},
}


class Searching(Subject):
    def handlers(self) -> Mapping[str, Handler]:
        return {"SearchCertificates": self.search_certificates}

    async def search_certificates(
        self, call: Call, request: shapes.SearchCertificatesRequest
    ) -> Mapping[str, Any]:
        order = Order(_SORTS[request.sort_by or "CREATED_AT"], request.sort_order == "DESCENDING")
        query = Query(
            filter_of(request.filter_statement) if request.filter_statement else EVERYTHING,
            order,
            _place(request.next_token, order) if request.next_token else None,
            request.max_results or DEFAULT_PAGE,
        )
        page = await self._pool.run(self._managed.searching.page, caller(call), call.region, query)
        token = {"NextToken": page_places.encode(page.end, order)} if page.end else {}
        return {"Results": [_result(each) for each in page.found], **token}


def _place(token: str, order: Order) -> Place:
    """The model lists no InvalidArgsException for SearchCertificates: a ValidationException here."""
    try:
        return page_places.decode(token, order)
    except PrivySealError as error:
        raise PrivySealError(ErrorCode.VALIDATION, error.message) from None


def _result(found: Found) -> Mapping[str, Any]:
    return {
        "CertificateArn": str(found.certificate.arn),
        "X509Attributes": given(_attributes(found)),
        "CertificateMetadata": {"AcmCertificateMetadata": given(_metadata(found.row))},
    }


def _attributes(found: Found) -> dict[str, Any]:
    if found.certificate.material is None:
        return {"KeyAlgorithm": found.row.key_algorithm}
    described = describe(found.certificate.material.der)
    return {
        "Issuer": described.issuer,
        "Subject": described.subject,
        "SubjectAlternativeNames": list(described.general_names),
        "ExtendedKeyUsages": list(found.row.purposes),
        "KeyAlgorithm": found.row.key_algorithm,
        "KeyUsages": list(found.row.usages),
        "SerialNumber": found.row.serial,
        "NotAfter": found.row.not_after,
        "NotBefore": found.row.not_before,
    }


def _metadata(row: Searched) -> dict[str, Any]:
    return {
        "CreatedAt": row.created_at,
        "Exported": row.exported,
        "ImportedAt": row.imported_at,
        "InUse": row.in_use,
        "IssuedAt": row.issued_at,
        "RenewalEligibility": ELIGIBILITY[row.eligible],
        "RevokedAt": row.revoked_at,
        "Status": row.status,
        "RenewalStatus": row.renewal_status or None,
        "Type": row.kind,
        "ExportOption": row.export_option,
        "CertificateKeyPairOrigin": row.origin,
    }
