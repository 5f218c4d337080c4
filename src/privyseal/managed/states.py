"""The states of a managed certificate, as one table.

Source: acm service model (CertificateStatus, RenewalStatus, RenewalEligibility) and the AWS
Certificate Manager user guide, "Managed certificate renewal". A private certificate needs no
validation: PENDING_VALIDATION is what AWS calls the time until it is issued. INACTIVE and
VALIDATION_TIMED_OUT belong to public certificates and are never reached here.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """CertificateType of the service model."""

    PRIVATE = "PRIVATE"  # the key is made here, an authority of this service issues
    IMPORTED = "IMPORTED"  # both came from elsewhere


class Status(StrEnum):
    PENDING_VALIDATION = "PENDING_VALIDATION"
    ISSUED = "ISSUED"
    INACTIVE = "INACTIVE"
    EXPIRED = "EXPIRED"
    VALIDATION_TIMED_OUT = "VALIDATION_TIMED_OUT"
    REVOKED = "REVOKED"
    FAILED = "FAILED"


class RenewalStatus(StrEnum):
    PENDING_AUTO_RENEWAL = "PENDING_AUTO_RENEWAL"
    PENDING_VALIDATION = "PENDING_VALIDATION"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class Event(StrEnum):
    ISSUED = "issued"
    REFUSED = "refused"  # the authority will not issue it
    RENEWED = "renewed"
    REIMPORTED = "reimported"
    EXPIRED = "expired"
    RESTORED = "restored"  # the clock was ahead when it expired
    REVOKED = "revoked"


_S, _E = Status, Event

TRANSITIONS: Mapping[tuple[Status, Event], Status] = MappingProxyType(
    {
        (_S.PENDING_VALIDATION, _E.ISSUED): _S.ISSUED,
        (_S.PENDING_VALIDATION, _E.REFUSED): _S.FAILED,
        (_S.ISSUED, _E.RENEWED): _S.ISSUED,
        (_S.ISSUED, _E.REIMPORTED): _S.ISSUED,
        (_S.EXPIRED, _E.REIMPORTED): _S.ISSUED,
        (_S.EXPIRED, _E.RESTORED): _S.ISSUED,
        (_S.ISSUED, _E.EXPIRED): _S.EXPIRED,
        (_S.ISSUED, _E.REVOKED): _S.REVOKED,
    }
)


def transition(status: Status, event: Event) -> Status | None:
    """The state after `event`, or None where the event cannot happen."""
    return TRANSITIONS.get((status, event))
