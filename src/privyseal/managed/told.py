"""What the journal says of a managed certificate, so that events can be made of its entries alone."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from privyseal.caller import Caller
from privyseal.events.journal import entry
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.states import Kind
from privyseal.store import Entry

ISSUANCE, RENEWAL, IMPORT, REIMPORT = "ISSUANCE", "RENEWAL", "IMPORT", "REIMPORT"
SUCCESS, FAILURE = "success", "failure"
# CertificateKeyPairOrigin of the acm service model.
KEY_PAIR_ORIGINS: Mapping[Kind, str] = {Kind.PRIVATE: "AWS_MANAGED", Kind.IMPORTED: "CUSTOMER_PROVIDED"}
_DAY = timedelta(days=1)


def told(
    action: str, caller: Caller, certificate: ManagedCertificate, now: datetime, /, **detail: object
) -> Entry:
    """The journal entry of `action` (`acm:…`) with the certificate as it is after it."""
    about = _certificate(certificate, now)
    return entry(action, caller, str(certificate.arn), certificate=about, **detail)


def days_left(not_after: datetime, now: datetime) -> int:
    """Days to the expiry, a day that has begun counting as one; 0 when it is over."""
    return max(0, math.ceil((not_after - now) / _DAY))


def _certificate(certificate: ManagedCertificate, now: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {
        "type": certificate.kind.value,
        "domain": certificate.domain,
        "first_san": next(iter(certificate.names), None),
        "names": len(certificate.names),
        "key_pair_origin": KEY_PAIR_ORIGINS[certificate.kind],
        "created_at": certificate.created_at.isoformat(),
        "in_use": bool(certificate.in_use_by),
        "exported": certificate.exported_at is not None,
        "authority": certificate.authority_arn,
        "renewal_status_reason": certificate.renewal.reason if certificate.renewal else None,
    }
    if material := certificate.material:
        lifetime = material.not_after - material.not_before
        about |= {
            "serial": f"{material.serial:032x}",
            "validity_days": lifetime // _DAY,
            "not_before": material.not_before.isoformat(),
            "not_after": material.not_after.isoformat(),
            "days_to_expiry": days_left(material.not_after, now),
        }
    return about
