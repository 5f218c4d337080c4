"""The notices of serverless-ca as events: `detail` is the notice, member for member, and the detail-type
the subject line under which its users know it.

Source: serverless-ca's documentation, "Notifications", and what its functions send.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from privyseal.events.shapes.model import Kind, Place, Shape, Told
from privyseal.store import Entry

SOURCE = "privyseal.serverless"
ISSUED = Kind(SOURCE, "Certificate Issued")
REJECTED = Kind(SOURCE, "Certificate Request Rejected")
REVOKED = Kind(SOURCE, "Certificate Revoked")
WARNING = Kind(SOURCE, "Certificate Expiry Warning")
EXPIRED = Kind(SOURCE, "Certificate Expired")

# The journal sorts members by their names; these are in the order in which their readers know them.
_INFORMATION = ("CommonName", "SerialNumber", "Issued", "Expires")
_REQUEST = ("CommonName", "Lifetime", "Purposes", "SANs")
_MEMBERS: Mapping[Kind, Sequence[str]] = {
    ISSUED: ("CertificateInfo", "Base64Certificate", "Subject"),
    REJECTED: ("CSRInfo", "Base64CSR", "Subject", "Reason"),
    REVOKED: ("CommonName", "SerialNumber", "Revoked", "Subject"),
    WARNING: ("CertificateInfo", "Base64Certificate", "Subject", "DaysRemaining"),
    EXPIRED: ("CertificateInfo", "Base64Certificate", "Subject", "DaysRemaining"),
}


def _shape(kind: Kind, notice_of: Callable[[Entry], Mapping[str, Any]]) -> Shape:
    def tell(entry: Entry, place: Place, region: str) -> Iterable[Told]:  # noqa: ARG001
        resource = entry["resource"]
        notice = notice_of(entry)
        detail = {name: _ordered(name, notice[name]) for name in _MEMBERS[kind]}
        yield Told(kind, entry["account"], region, resource, [resource], detail)

    return Shape([kind], tell)


def _ordered(name: str, value: Any) -> Any:
    order = {"CertificateInfo": _INFORMATION, "CSRInfo": _REQUEST}.get(name)
    return {each: value[each] for each in order} if order else value


def _own(entry: Entry) -> Mapping[str, Any]:
    notice: Mapping[str, Any] = entry["detail"]["notice"]
    return notice


def _rejected(entry: Entry) -> Mapping[str, Any]:
    detail = entry["detail"]
    return {
        "CSRInfo": detail["csr_info"],
        "Base64CSR": detail["csr"],
        "Subject": detail["subject"],
        "Reason": detail["reason"],
    }


SHAPES: Mapping[str, Shape] = {
    "serverless:IssueCertificate": _shape(ISSUED, _own),
    "serverless:RejectCertificate": _shape(REJECTED, _rejected),
    "serverless:RevokeCertificate": _shape(REVOKED, _own),
    "serverless:RemindOfExpiry": _shape(WARNING, _own),
    "serverless:ExpireCertificate": _shape(EXPIRED, _own),
}
