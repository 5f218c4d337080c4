"""What a clock that was far ahead has done to certificates, undone once it is right.

While it was ahead, certificates were said to be EXPIRED that are not. What came of that is on record and
stays there: the events, and renewals that were given up. Renewals that were put off are due again by
themselves (`ManagedCertificates.to_attempt`).
"""

from dataclasses import replace

from privyseal import log
from privyseal.caller import Caller
from privyseal.managed import limits
from privyseal.managed.model import IssuedSerial, ManagedCertificate
from privyseal.managed.notices import next_notice
from privyseal.managed.planning import plan_renewal
from privyseal.managed.renewal import Schedule
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.settling import days_before_expiry
from privyseal.managed.states import Event, transition
from privyseal.managed.told import told
from privyseal.names import new_id
from privyseal.store import Tx

ACTION = "acm:RestoreExpiredCertificate"


def restore(tx: Tx, rows: ManagedRows, schedule: Schedule, certificate: ManagedCertificate) -> None:
    status = transition(certificate.status, Event.RESTORED)
    material = certificate.material
    assert status is not None  # it is EXPIRED
    assert material is not None
    after = replace(certificate, status=status, noticed_days=None, version=certificate.version + 1)
    after = replace(
        after,
        attempt_at=plan_renewal(tx, rows.certificates, after, schedule),
        notice_at=next_notice(after, days_before_expiry(tx, rows, after)),
    )
    written = rows.certificates.update(tx, after)
    assert written  # it was read in this transaction
    if certificate.authority_arn:  # it may have been revoked meanwhile
        serial = IssuedSerial(
            certificate.arn.id, certificate.authority_arn, material.serial, material.not_after
        )
        rows.serials.follow(tx, serial)
    caller = Caller(limits.PRINCIPAL, certificate.arn.account, new_id())
    tx.record(told(ACTION, caller, after, tx.now))
    log.warning("managed_certificate_had_not_expired", arn=str(certificate.arn))
