"""What AWS Health says of each attempt at a renewal: AWS_ACM_RENEWAL_STATE_CHANGE.

Source: AWS Health user guide, "Reference: AWS Health events Amazon EventBridge schema", for the
members; AWS Certificate Manager user guide, "Renewing certificates in a private PKI", for who reads
them: a function that looks for "completed the renewal" in the first description. Events that people
have published have the wording below; a failure has none that is published, and has ours.
"""

from datetime import UTC, datetime
from typing import Any

from privyseal.events.shapes.model import Kind, Place, Told
from privyseal.names import ManagedArn, partition
from privyseal.store import Entry

KIND = Kind("aws.health", "AWS Health Event")
CODE = "AWS_ACM_RENEWAL_STATE_CHANGE"

_COMPLETED = (
    "This is to notify you that AWS Certificate Manager (ACM) has completed the renewal of an SSL/TLS"
    " certificate that certificate includes the primary domain {domain} and a total of {names} domains."
)
_FAILED = (
    "The renewal of an SSL/TLS certificate with the primary domain {domain} and a total of {names} domains"
    " was attempted and has failed: {reason}."
)
_WHICH = "AWS account ID: {arn.account}\nAWS Region name: {arn.region}\nCertificate identifier: {arn}"
_EXPIRES = {
    True: "Your new certificate expires on {expires}.",
    False: "The certificate expires on {expires}.",
}


def renewal(entry: Entry, place: Place) -> Told:
    arn, detail = ManagedArn.parse(entry["resource"]), entry["detail"]
    succeeded = detail.get("result", "success") == "success"
    code = f"{CODE}/{CODE}-{place.id()}"
    told: dict[str, Any] = {
        "eventArn": f"arn:{partition(arn.region)}:health:{arn.region}::event/ACM/{code}",
        "service": "ACM",
        "eventTypeCode": CODE,
        "eventTypeCategory": "scheduledChange",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "communicationId": f"{place.id()}-1",
        "startTime": _http_date(place.at),
        "endTime": _http_date(place.at),
        "lastUpdatedTime": _http_date(place.at),
        "statusCode": "closed" if succeeded else "open",
        "eventRegion": arn.region,
        "eventDescription": [
            {"language": "en_US", "latestDescription": _description(arn, detail, succeeded)}
        ],
        "affectedEntities": [
            {"entityValue": str(arn), "lastUpdatedTime": _http_date(place.at), "status": _status(succeeded)}
        ],
        "page": "1",
        "totalPages": "1",
        "affectedAccount": arn.account,
    }
    return Told(KIND, arn.account, arn.region, str(arn), [str(arn)], told)


def _description(arn: ManagedArn, detail: Any, succeeded: bool) -> str:
    certificate = detail["certificate"]
    first = (_COMPLETED if succeeded else _FAILED).format(
        domain=certificate["domain"], names=certificate["names"], reason=detail.get("reason", "OTHER")
    )
    last = _EXPIRES[succeeded].format(expires=_long_date(certificate["not_after"]))
    return "\n\n".join([first, _WHICH.format(arn=arn), last])


def _status(succeeded: bool) -> str:
    return "RESOLVED" if succeeded else "PENDING"


# English whatever the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _http_date(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1][:3]} {at:%Y %H:%M:%S} GMT"


def _long_date(text: str) -> str:
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{_MONTHS[at.month - 1]} {at:%d, %Y at %H:%M:%S} UTC"
