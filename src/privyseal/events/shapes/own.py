"""The events of this product itself, of what AWS has no event for: authorities that come to their end,
devices and their states.
"""

from collections.abc import Callable, Iterable, Mapping

from privyseal.events.shapes.model import Kind, Place, Shape, Told
from privyseal.names import AuthorityArn
from privyseal.store import Entry

SOURCE = "privyseal"
AUTHORITY_APPROACHING = Kind(SOURCE, "Certificate Authority Approaching Expiration")
AUTHORITY_EXPIRED = Kind(SOURCE, "Certificate Authority Expired")
PROVISIONED = Kind(SOURCE, "Device Provisioned")
STATE_CHANGE = Kind(SOURCE, "Device State Change")

# Action → the state that its devices are in afterwards (see devices/states.py).
_STATES: Mapping[str, str] = {
    "privyseal:SuspendDevices": "SUSPENDED",
    "privyseal:ResumeDevices": "RESUMED",
    "privyseal:RetireDevices": "RETIRED",
}


def _authority(kind: Kind) -> Callable[[Entry, Place, str], Iterable[Told]]:
    def tell(entry: Entry, place: Place, region: str) -> Iterable[Told]:  # noqa: ARG001
        arn, detail = AuthorityArn.parse(entry["resource"]), entry["detail"]
        told = {
            "DaysToExpiry": detail["days_to_expiry"],
            "ExpirationDate": detail["not_after"],
            "Subject": detail["subject"],
        }
        yield Told(kind, arn.account, arn.region, str(arn), [str(arn)], told)

    return tell


def _provisioned(entry: Entry, place: Place, region: str) -> Iterable[Told]:  # noqa: ARG001
    device, certificate = entry["resource"], entry["detail"]["certificate_arn"]
    told = {"Device": device.removeprefix("device/"), "CertificateArn": certificate}
    yield Told(PROVISIONED, entry["account"], region, device, [device, certificate], told)


def _state_change(entry: Entry, place: Place, region: str) -> Iterable[Told]:  # noqa: ARG001
    """One entry is about many devices: `before` says of each which state it has left."""
    for device, before in entry["detail"]["before"].items():
        name = f"device/{device}"
        told = {"Device": device, "Change": _STATES[entry["action"]], "PreviousState": before}
        yield Told(STATE_CHANGE, entry["account"], region, name, [name], told)


SHAPES: Mapping[str, Shape] = {
    "privyseal:AuthorityApproachingExpiration": Shape(
        [AUTHORITY_APPROACHING], _authority(AUTHORITY_APPROACHING)
    ),
    "privyseal:ExpireAuthority": Shape([AUTHORITY_EXPIRED], _authority(AUTHORITY_EXPIRED)),
    "privyseal:ProvisionDevice": Shape([PROVISIONED], _provisioned),
    **{action: Shape([STATE_CHANGE], _state_change) for action in _STATES},
}
