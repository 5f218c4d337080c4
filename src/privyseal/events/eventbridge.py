"""Journal entries as the events that AWS Private CA sends to EventBridge.

Source: AWS Private CA user guide, "Monitor AWS Private CA with CloudWatch Events", and the Amazon
EventBridge events reference, "AWS Private Certificate Authority events".
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from privyseal.events.refusals import REFUSED
from privyseal.names import AuthorityArn
from privyseal.store import Entry

SOURCE = "aws.acm-pca"

# Action of a journal entry → detail-type of its event. Everything else happens without an event.
DETAIL_TYPES: Mapping[str, str] = {
    "acm-pca:CreateCertificateAuthority": "ACM Private CA Creation",
    "acm-pca:IssueCertificate": "ACM Private CA Certificate Issuance",
    "acm-pca:RevokeCertificate": "ACM Private CA Certificate Revocation",
    "acm-pca:GenerateCrl": "ACM Private CA CRL Generation",
    "acm-pca:GenerateAuditReport": "ACM Private CA Audit Report Generation",
}

# An event is told apart from every other by its place in the journal, so that a sink which sends one
# twice sends the same id twice.
_NAMESPACE = uuid.UUID("7c1d3c0e-2f0b-5c52-9a59-9d1b3c2f9e61")


def envelope(entry: Entry, *, writer: str, seq: int, index: int, at: datetime) -> dict[str, Any] | None:
    """The event of one entry, the `index`-th of row (`writer`, `seq`); None where AWS sends none.

    `detail` of the entry may say `result` ("success" where it does not), `reason` and `report`. Of a
    call that was refused at once AWS sends no event: only its caller hears of it.
    """
    detail_type = DETAIL_TYPES.get(entry["action"])
    if detail_type is None or entry["detail"].get("result") == REFUSED:
        return None
    authority, detail = _authority(entry["resource"]), entry["detail"]
    told = {"result": detail.get("result", "success")}
    if "reason" in detail and told["result"] == "failure":
        told["reason"] = detail["reason"]
    return {
        "version": "0",
        "id": str(uuid.uuid5(_NAMESPACE, f"{writer}/{seq}/{index}")),
        "detail-type": detail_type,
        "source": SOURCE,
        "account": authority.account,
        "time": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": authority.region,
        "resources": _resources(authority, entry["resource"], detail),
        "detail": told,
    }


def _authority(resource: str) -> AuthorityArn:
    return AuthorityArn.parse(resource.partition("/certificate/")[0])


def _resources(authority: AuthorityArn, resource: str, detail: Mapping[str, Any]) -> list[str]:
    """The authority, then the certificate or the audit report that the event is about."""
    found = [str(authority)]
    if resource != found[0]:
        found.append(resource)
    if "report" in detail:
        found.append(detail["report"])
    return found
