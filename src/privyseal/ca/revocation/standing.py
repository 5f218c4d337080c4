"""How a certificate stands, and what may become of it, as one table.

Source: RFC 5280 §5.3.1 (certificateHold and removeFromCRL) and X.509 (10/2019) §9.5.3.1 for what
follows a hold: it is released, or it becomes a final revocation whose date is that of the hold, since
nobody can tell whether what was signed in between was right. Nothing else is ever undone.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from privyseal.ca.model import Certificate
from privyseal.ca.revocation.reasons import HOLD


class Standing(StrEnum):
    GOOD = "GOOD"
    HELD = "HELD"
    REVOKED = "REVOKED"


class Act(StrEnum):
    HOLD = "hold"
    REVOKE = "revoke"
    RELEASE = "release"


TRANSITIONS: Mapping[tuple[Standing, Act], Standing] = MappingProxyType(
    {
        (Standing.GOOD, Act.HOLD): Standing.HELD,
        (Standing.GOOD, Act.REVOKE): Standing.REVOKED,
        (Standing.HELD, Act.REVOKE): Standing.REVOKED,
        (Standing.HELD, Act.RELEASE): Standing.GOOD,
    }
)


def standing(certificate: Certificate) -> Standing:
    if certificate.revoked_at is None:
        return Standing.GOOD
    return Standing.HELD if certificate.revocation_reason == HOLD else Standing.REVOKED


def act_of(reason: str) -> Act:
    return Act.HOLD if reason == HOLD else Act.REVOKE


def transition(certificate: Certificate, act: Act) -> Standing | None:
    """How it stands after `act`, or None where that cannot be done to it (any more)."""
    return TRANSITIONS.get((standing(certificate), act))
