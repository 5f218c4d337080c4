"""Plans the next renewal of a certificate that has become eligible."""

from datetime import datetime

from privyseal.managed.model import ManagedCertificate
from privyseal.managed.ports import ManagedCertificates
from privyseal.managed.renewal import Schedule, is_eligible
from privyseal.store import Tx

# Days with so much to do are equally full: counting has an end.
MOST_COUNTED = 500


def plan_renewal(
    tx: Tx, certificates: ManagedCertificates, certificate: ManagedCertificate, schedule: Schedule
) -> datetime | None:
    """Its `attempt_at`: what is planned already stays, and what is not eligible has none."""
    if not is_eligible(certificate) or certificate.material is None:
        return None
    if certificate.attempt_at is not None:
        return certificate.attempt_at
    found = schedule.choices(certificate, certificate.material, tx.now)
    loads = [certificates.attempts_between(tx, each.start, each.end, MOST_COUNTED) for each in found]
    return found[loads.index(min(loads))].at
