"""The states of an authority, as one table.

Source: acm-pca service model (CertificateAuthorityStatus) and the AWS Private CA user guide,
"Managing the CA lifecycle". EXPIRED is not written by anybody: it is what ACTIVE and DISABLED
become when the CA certificate's NotAfter has passed.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    CREATING = "CREATING"
    PENDING_CERTIFICATE = "PENDING_CERTIFICATE"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    DELETED = "DELETED"


class Event(StrEnum):
    KEY_READY = "key ready"
    KEY_FAILED = "key failed"
    CERTIFICATE_IMPORTED = "certificate imported"
    DISABLED = "disabled"
    ENABLED = "enabled"
    DELETED = "deleted"


_S, _E = Status, Event

TRANSITIONS: Mapping[tuple[Status, Event], Status] = MappingProxyType(
    {
        (_S.CREATING, _E.KEY_READY): _S.PENDING_CERTIFICATE,
        (_S.CREATING, _E.KEY_FAILED): _S.FAILED,
        (_S.PENDING_CERTIFICATE, _E.CERTIFICATE_IMPORTED): _S.ACTIVE,
        (_S.ACTIVE, _E.CERTIFICATE_IMPORTED): _S.ACTIVE,
        (_S.DISABLED, _E.CERTIFICATE_IMPORTED): _S.DISABLED,  # a new certificate does not switch it on
        (_S.EXPIRED, _E.CERTIFICATE_IMPORTED): _S.ACTIVE,
        (_S.ACTIVE, _E.DISABLED): _S.DISABLED,
        (_S.DISABLED, _E.DISABLED): _S.DISABLED,
        (_S.DISABLED, _E.ENABLED): _S.ACTIVE,
        (_S.ACTIVE, _E.ENABLED): _S.ACTIVE,
        # Every state but ACTIVE can be deleted; restoring returns to the state before.
        (_S.CREATING, _E.DELETED): _S.DELETED,
        (_S.PENDING_CERTIFICATE, _E.DELETED): _S.DELETED,
        (_S.DISABLED, _E.DELETED): _S.DELETED,
        (_S.EXPIRED, _E.DELETED): _S.DELETED,
        (_S.FAILED, _E.DELETED): _S.DELETED,
    }
)

# What may be asked of an authority in which state (user guide, "CA lifecycle" table).
ISSUES = frozenset({_S.ACTIVE})
SIGNS_ITSELF = frozenset({_S.PENDING_CERTIFICATE, _S.ACTIVE})  # a root, its own CSR, RootCACertificate
ANSWERS = frozenset({_S.ACTIVE, _S.DISABLED})  # CRLs are made and OCSP answers, also for what is switched off
REVOKES = frozenset({_S.ACTIVE, _S.DISABLED})
UPDATES = frozenset({_S.ACTIVE, _S.DISABLED})
AUDITS = frozenset({_S.ACTIVE, _S.DISABLED})
# Grants can be prepared before there is a certificate (the AWS provider of Terraform does).
GRANTS = frozenset({_S.PENDING_CERTIFICATE, _S.ACTIVE, _S.DISABLED, _S.EXPIRED})
TAGGED = frozenset(_S) - {_S.DELETED}
# Those that time ends.
ENDS = frozenset({_S.ACTIVE, _S.DISABLED})
HAS_CSR = frozenset({_S.PENDING_CERTIFICATE, _S.ACTIVE, _S.DISABLED, _S.EXPIRED})
HAS_CERTIFICATE = frozenset({_S.ACTIVE, _S.DISABLED, _S.EXPIRED})
# CREATING and FAILED authorities have nothing worth restoring.
RESTORABLE = frozenset({_S.PENDING_CERTIFICATE, _S.DISABLED, _S.EXPIRED})


def transition(status: Status, event: Event) -> Status | None:
    """The state after `event`, or None where the event cannot happen."""
    return TRANSITIONS.get((status, event))


def status_at(status: Status, not_after: datetime | None, now: datetime) -> Status:
    """The state that time has made of a stored one."""
    if status in ENDS and not_after is not None and now > not_after:
        return Status.EXPIRED
    return status
