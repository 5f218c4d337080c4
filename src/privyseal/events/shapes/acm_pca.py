"""The events that AWS Private CA sends.

Source: AWS Private CA user guide, "Monitor AWS Private CA with CloudWatch Events", and the Amazon
EventBridge events reference, "AWS Private Certificate Authority events".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from privyseal.events.shapes.model import Kind, Place, Shape, Told
from privyseal.names import AuthorityArn
from privyseal.store import Entry

SOURCE = "aws.acm-pca"
ISSUED = "acm-pca:IssueCertificate"

# Action of a journal entry → detail-type of its event. Everything else happens without an event.
DETAIL_TYPES: Mapping[str, str] = {
    "acm-pca:CreateCertificateAuthority": "ACM Private CA Creation",
    ISSUED: "ACM Private CA Certificate Issuance",
    "acm-pca:RevokeCertificate": "ACM Private CA Certificate Revocation",
    "acm-pca:GenerateCrl": "ACM Private CA CRL Generation",
    "acm-pca:GenerateAuditReport": "ACM Private CA Audit Report Generation",
}
KINDS = {action: Kind(SOURCE, detail_type) for action, detail_type in DETAIL_TYPES.items()}


def _tell(entry: Entry, place: Place, region: str) -> Iterable[Told]:  # noqa: ARG001 - every shape is told so
    """`detail` of the entry may say `result` ("success" where it does not), `reason` and `report`."""
    authority = AuthorityArn.parse(entry["resource"].partition("/certificate/")[0])
    detail = entry["detail"]
    told = {"result": detail.get("result", "success")}
    if "reason" in detail and told["result"] == "failure":
        told["reason"] = detail["reason"]
    resources = _resources(authority, entry["resource"], detail)
    kind = KINDS[entry["action"]]
    yield Told(kind, authority.account, authority.region, entry["resource"], resources, told)


def _resources(authority: AuthorityArn, resource: str, detail: Mapping[str, Any]) -> list[str]:
    """The authority, then the certificate or the audit report that the event is about."""
    found = [str(authority)]
    if resource != found[0]:
        found.append(resource)
    if "report" in detail:
        found.append(detail["report"])
    return found


SHAPES: Mapping[str, Shape] = {action: Shape([kind], _tell) for action, kind in KINDS.items()}
