"""The events of managed certificates: AWS Certificate Manager's own, and what AWS Health says of a renewal.

Source: AWS Certificate Manager user guide, "Amazon EventBridge support for ACM". Members about ACME and
about the validation of domains are for certificates that have them; no private certificate does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.events.shapes import health
from privyseal.events.shapes.model import Kind, Place, Shape, Told, timestamp
from privyseal.names import ManagedArn
from privyseal.store import Entry

SOURCE = "aws.acm"
AVAILABLE = Kind(SOURCE, "ACM Certificate Available")
APPROACHING = Kind(SOURCE, "ACM Certificate Approaching Expiration")
EXPIRED = Kind(SOURCE, "ACM Certificate Expired")
ACTION_REQUIRED = Kind(SOURCE, "ACM Certificate Renewal Action Required")
REVOKED = Kind(SOURCE, "ACM Certificate Revoked")

# Member of an event's detail → what `detail.certificate` of the journal entry calls it.
_CERTIFICATE: Mapping[str, str] = {
    "CertificateType": "type",
    "CommonName": "domain",
    "FirstSubjectAlternativeName": "first_san",
    "ValidityInDays": "validity_days",
    "CertificateKeyPairOrigin": "key_pair_origin",
    "CertificateCreatedDate": "created_at",
    "CertificateExpirationDate": "not_after",
    "RenewalStatusReason": "renewal_status_reason",
    "DaysToExpiry": "days_to_expiry",
    "InUse": "in_use",
    "Exported": "exported",
}
_TIMES = ("CertificateCreatedDate", "CertificateExpirationDate")
# Kind → the members of its detail, in the order of the user guide. `Action` is the entry's own.
DETAILS: Mapping[Kind, Sequence[str]] = {
    APPROACHING: (
        "DaysToExpiry",
        "CommonName",
        "FirstSubjectAlternativeName",
        "ValidityInDays",
        "CertificateKeyPairOrigin",
    ),
    EXPIRED: (
        "CertificateType",
        "CommonName",
        "FirstSubjectAlternativeName",
        "ValidityInDays",
        "CertificateKeyPairOrigin",
        "CertificateCreatedDate",
        "CertificateExpirationDate",
        "InUse",
        "Exported",
    ),
    AVAILABLE: (
        "Action",
        "CertificateType",
        "CommonName",
        "FirstSubjectAlternativeName",
        "ValidityInDays",
        "CertificateKeyPairOrigin",
        "CertificateCreatedDate",
        "CertificateExpirationDate",
        "DaysToExpiry",
        "InUse",
        "Exported",
    ),
    ACTION_REQUIRED: (
        "CertificateType",
        "CommonName",
        "FirstSubjectAlternativeName",
        "ValidityInDays",
        "CertificateKeyPairOrigin",
        "RenewalStatusReason",
        "DaysToExpiry",
        "CertificateExpirationDate",
        "InUse",
        "Exported",
    ),
    REVOKED: (
        "CertificateType",
        "CommonName",
        "FirstSubjectAlternativeName",
        "ValidityInDays",
        "CertificateKeyPairOrigin",
        "CertificateExpirationDate",
        "Exportable",
    ),
}
# "Certificate Expired events aren't available for imported certificates", nor are those of renewals.
_NOT_IMPORTED = frozenset({EXPIRED, ACTION_REQUIRED})


def _own(kind: Kind) -> Callable[[Entry, Place, str], Iterable[Told]]:
    def tell(entry: Entry, place: Place, region: str) -> Iterable[Told]:  # noqa: ARG001
        detail = entry["detail"]
        imported = detail["certificate"]["type"] == "IMPORTED"
        if detail.get("result", "success") == "success" and not (imported and kind in _NOT_IMPORTED):
            arn = ManagedArn.parse(entry["resource"])
            yield Told(kind, arn.account, arn.region, str(arn), [str(arn)], _detail(kind, detail))

    return tell


def _renewal(entry: Entry, place: Place, region: str) -> Iterable[Told]:
    """Every attempt is in AWS Health; one that went well makes a certificate available besides."""
    yield health.renewal(entry, place)
    yield from _own(AVAILABLE)(entry, place, region)


def _detail(kind: Kind, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What is not known is left out."""
    # "Exportable" is of every private certificate; an imported one is never revoked.
    known = {"Action": detail.get("action"), "Exportable": detail["certificate"]["type"] == "PRIVATE"}
    known |= {name: detail["certificate"].get(told) for name, told in _CERTIFICATE.items()}
    for name in _TIMES:
        known[name] = known[name] and timestamp(datetime.fromisoformat(known[name]))
    return {name: known[name] for name in DETAILS[kind] if known[name] is not None}


SHAPES: Mapping[str, Shape] = {
    "acm:IssueManagedCertificate": Shape([AVAILABLE], _own(AVAILABLE)),
    "acm:RenewManagedCertificate": Shape([health.KIND, AVAILABLE], _renewal),
    "acm:ImportCertificate": Shape([AVAILABLE], _own(AVAILABLE)),
    "acm:ApproachingExpiration": Shape([APPROACHING], _own(APPROACHING)),
    "acm:ExpireCertificate": Shape([EXPIRED], _own(EXPIRED)),
    "acm:RenewalActionRequired": Shape([ACTION_REQUIRED], _own(ACTION_REQUIRED)),
    "acm:RevokeCertificate": Shape([REVOKED], _own(REVOKED)),
}
