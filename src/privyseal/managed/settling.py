"""What comes of an attempt to issue or to renew: written down in one commit with its journal entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from privyseal import log
from privyseal.caller import Caller
from privyseal.managed import limits
from privyseal.managed.failures import REMEDIES, Refusal
from privyseal.managed.model import IssuedSerial, ManagedCertificate, Material, Renewal
from privyseal.managed.notices import next_notice
from privyseal.managed.planning import plan_renewal
from privyseal.managed.renewal import Schedule
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Event, RenewalStatus, Status, transition
from privyseal.managed.told import FAILURE, ISSUANCE, RENEWAL, SUCCESS, told
from privyseal.store import Tx

ISSUED = "acm:IssueManagedCertificate"
RENEWED = "acm:RenewManagedCertificate"
# What passes is tried again after so long, and then after twice as long each time.
_SOON = timedelta(seconds=15)
_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the certificate as it was claimed: what it has got, or why it has got nothing."""

    certificate: ManagedCertificate
    result: Material | Refusal


class Settling:
    def __init__(self, rows: ManagedRows, schedule: Schedule) -> None:
        self._rows = rows
        self._schedule = schedule

    def settle(
        self, tx: Tx, outcomes: Sequence[Outcome], caller: Callable[[ManagedCertificate], Caller]
    ) -> None:
        """Each as it is now: meanwhile it may have been exported, revoked, or deleted."""
        found = self._rows.certificates.find_many(tx, [each.certificate.arn.id for each in outcomes])
        now = {each.arn.id: each for each in found}
        for outcome in outcomes:
            certificate = now.get(outcome.certificate.arn.id)
            if certificate is not None and _is_still_meant(certificate, outcome.certificate):
                self._settle(tx, certificate, outcome, caller(certificate))

    def _settle(self, tx: Tx, certificate: ManagedCertificate, outcome: Outcome, caller: Caller) -> None:
        if isinstance(outcome.result, Material):
            self._succeed(tx, certificate, outcome.result, caller)
        elif certificate.status is Status.ISSUED:
            self._stay(tx, certificate, outcome.result, caller)
        else:
            self._fail(tx, certificate, outcome.result, caller)

    def _succeed(self, tx: Tx, certificate: ManagedCertificate, material: Material, caller: Caller) -> None:
        renewing = certificate.status is Status.ISSUED
        after = replace(
            certificate,
            status=_moved(certificate, Event.RENEWED if renewing else Event.ISSUED),
            material=material,
            issued_at=tx.now,
            exported_at=None,
            attempt=None,
            attempt_at=None,
            failures=0,
            noticed_days=None,
            renewal=Renewal(RenewalStatus.SUCCESS, None, tx.now) if renewing else None,
        )
        after = replace(
            after,
            attempt_at=plan_renewal(
                tx, self._rows.certificates, after, self._schedule
            ),  # of one that is in use
            notice_at=next_notice(after, days_before_expiry(tx, self._rows, after)),
        )
        self._write(tx, after)
        authority = certificate.authority_arn or ""
        issued = IssuedSerial(certificate.arn.id, authority, material.serial, material.not_after)
        self._rows.serials.insert(tx, issued)
        action, what = (RENEWED, RENEWAL) if renewing else (ISSUED, ISSUANCE)
        tx.record(told(action, caller, after, tx.now, action=what, result=SUCCESS))

    def _stay(self, tx: Tx, certificate: ManagedCertificate, refusal: Refusal, caller: Caller) -> None:
        """A renewal that has failed: the certificate is what it was, and is tried again."""
        assert certificate.material is not None  # it is ISSUED
        failed = certificate.failures + 1
        again = self._schedule.try_again_after(certificate.material, failed, tx.now)
        after = replace(
            certificate,
            renewal=Renewal(RenewalStatus.PENDING_AUTO_RENEWAL, refusal.reason, tx.now),
            failures=failed,
            attempt_at=tx.now + (min(_soon(failed), again) if refusal.passes else again),
        )
        self._write(tx, after)
        detail = _failure(after, refusal)
        tx.record(told(RENEWED, caller, after, tx.now, action=RENEWAL, **detail))

    def _fail(self, tx: Tx, certificate: ManagedCertificate, refusal: Refusal, caller: Caller) -> None:
        """One that was never issued: for good, unless what is wrong passes."""
        failed = certificate.failures + 1
        if refusal.passes and tx.now < certificate.created_at + limits.PATIENCE:
            again = tx.now + _soon(failed)
            version = certificate.version + 1
            after = replace(certificate, failures=failed, attempt_at=again, version=version)
            self._rows.certificates.plan(tx, after)
            return
        after = replace(
            certificate,
            status=_moved(certificate, Event.REFUSED),
            failure_reason=refusal.reason,
            failures=failed,
            attempt=None,
            attempt_at=None,
        )
        self._write(tx, after)
        detail = _failure(after, refusal)
        tx.record(told(ISSUED, caller, after, tx.now, action=ISSUANCE, **detail))

    def _write(self, tx: Tx, after: ManagedCertificate) -> None:
        written = self._rows.certificates.update(tx, replace(after, version=after.version + 1))
        assert written  # it was read in this transaction


def days_before_expiry(tx: Tx, rows: ManagedRows, certificate: ManagedCertificate) -> int:
    found = rows.accounts.find(tx, certificate.arn.account, certificate.arn.region)
    return found.days_before_expiry if found else limits.DAYS_BEFORE_EXPIRY


def _failure(certificate: ManagedCertificate, refusal: Refusal) -> Mapping[str, str]:
    log.warning(
        "managed_certificate_not_issued",
        arn=str(certificate.arn),
        reason=refusal.reason,
        error=refusal.message,
    )
    remedy = REMEDIES[refusal.reason]
    return {"result": FAILURE, "reason": refusal.reason, "failure": refusal.message, "remedy": remedy}


def _moved(certificate: ManagedCertificate, event: Event) -> Status:
    status = transition(certificate.status, event)
    assert status is not None  # only PENDING_VALIDATION and ISSUED ones are attempted
    return status


def _is_still_meant(now: ManagedCertificate, then: ManagedCertificate) -> bool:
    same = now.attempt == then.attempt and now.status is then.status
    return same and now.attempt_at is not None


def _soon(failed: int) -> timedelta:
    return min(_SOON * (1 << min(failed - 1, 10)), _LATE)
