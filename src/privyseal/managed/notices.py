"""When people are told that a certificate expires: once a day, and once for each stage.

Source: AWS Certificate Manager user guide, "EventBridge support for ACM": Approaching Expiration daily
from 45 days on (or DaysBeforeExpiry), Renewal Action Required for private certificates 45, 30, 15, 3
and 1 days before. The row remembers how many days were left when something was said last.
"""

from datetime import datetime, timedelta

from privyseal.managed.limits import ACTION_STAGES
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.renewal import is_eligible
from privyseal.managed.states import Kind, RenewalStatus, Status

_DAY = timedelta(days=1)


def next_notice(certificate: ManagedCertificate, days: int) -> datetime | None:
    """When to look at it next; `days` is DaysBeforeExpiry of its account. None: never again."""
    material = certificate.material
    if certificate.status is not Status.ISSUED or material is None:
        return None
    before = certificate.noticed_days
    stages = ACTION_STAGES if certificate.kind is Kind.PRIVATE else ()
    marks = {min(days, before - 1) if before is not None else days, *stages}
    left = max((mark for mark in marks if mark >= 1 and (before is None or mark < before)), default=None)
    return None if left is None else _before(material.not_after, left)


def is_approaching(left: int, days: int) -> bool:
    return left <= days


def needs_action(certificate: ManagedCertificate, left: int) -> bool:
    """Of one whose renewal window is open: whether a stage is reached, and nothing happens by itself since
    it is not exported, or renewing fails.
    """
    if certificate.kind is not Kind.PRIVATE:
        return False
    before = certificate.noticed_days
    reached = any(left <= stage and (before is None or stage < before) for stage in ACTION_STAGES)
    return reached and not _goes_by_itself(certificate)


def _goes_by_itself(certificate: ManagedCertificate) -> bool:
    failing = (
        certificate.renewal is not None
        and certificate.renewal.status is RenewalStatus.PENDING_AUTO_RENEWAL
        and certificate.renewal.reason is not None
    )
    return is_eligible(certificate) and not failing


def _before(not_after: datetime, days: int) -> datetime:
    try:
        return not_after - days * _DAY
    except OverflowError:  # further back than any calendar: at once
        return datetime.min.replace(tzinfo=not_after.tzinfo)
