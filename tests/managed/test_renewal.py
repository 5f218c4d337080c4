"""Managed renewal: who is renewed, when, with whose permission, and what becomes of a failure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from privyseal.ca.states import Status as AuthorityStatus
from privyseal.errors import ErrorCode
from privyseal.managed.renewal import Schedule, is_eligible
from privyseal.managed.states import RenewalStatus, Status
from tests.ca.world import CALLER, STRANGER
from tests.managed.kept import DAY, Kept

Refused = Callable[..., str]
SCHEDULE = Schedule()


def until_renewal(kept: Kept, arn: str) -> None:
    """Time passes until the moment at which the certificate is to be renewed."""
    at = kept.row(arn).attempt_at
    assert at is not None
    kept.wait(at - kept.clock.now())


def test_a_renewal_keeps_the_arn_and_makes_another_key_and_serial_number(kept: Kept) -> None:
    arn = kept.exported(kept.authority(), names=["other.example.com"])
    before = kept.row(arn)
    until_renewal(kept, arn)
    after = kept.row(arn)
    assert before.material is not None
    assert after.material is not None
    old, new = (x509.load_der_x509_certificate(m.der) for m in (before.material, after.material))
    assert old.public_key() != new.public_key()
    assert old.serial_number != new.serial_number == after.material.serial
    assert old.subject == new.subject
    assert after.renewal is not None
    assert (after.renewal.status, after.renewal.reason) == (RenewalStatus.SUCCESS, None)
    assert after.renewal.updated_at == kept.clock.now()


def test_it_is_eligible_after_an_export_until_it_is_renewed(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    assert not is_eligible(kept.row(arn))
    kept.export(arn)
    assert is_eligible(kept.row(arn))
    until_renewal(kept, arn)
    assert not is_eligible(kept.row(arn))
    assert kept.row(arn).attempt_at is None
    kept.export(arn)
    assert is_eligible(kept.row(arn))


def test_what_is_in_use_is_eligible_unexported_and_after_a_renewal_too(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    row = kept.row(arn)
    used = replace(row, in_use_by=("arn:aws:service",), version=row.version + 1)
    assert kept.store.transact(lambda tx: kept.rows.certificates.update(tx, used))
    until_renewal(kept, arn)
    assert kept.row(arn).exported_at is None
    assert is_eligible(kept.row(arn))
    until_renewal(kept, arn)
    assert len(kept.entries("acm:RenewManagedCertificate", arn)) == 2


def test_what_issue_certificate_has_issued_is_never_touched(kept: Kept) -> None:
    authority = kept.authority()
    own = kept.world.issue(authority, validity=("DAYS", 30)).arn.serial
    kept.wait(25 * DAY)
    assert kept.serials(authority) == {own}


def test_a_second_export_does_not_move_the_renewal(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    planned = kept.row(arn).attempt_at
    kept.clock.advance(DAY)
    kept.export(arn)
    assert kept.row(arn).attempt_at == planned


def test_without_permission_it_is_pending_and_says_why_and_stays_as_it_is(kept: Kept) -> None:
    authority = kept.authority(granted=False)
    arn = kept.exported(authority)
    before = kept.row(arn)
    kept.managed.renewing.force(CALLER, arn)
    pending = kept.row(arn).renewal
    assert pending is not None
    assert (pending.status, pending.reason) == (RenewalStatus.PENDING_AUTO_RENEWAL, None)
    kept.run()
    after = kept.row(arn)
    assert after.renewal is not None
    assert (after.renewal.status, after.renewal.reason) == (
        RenewalStatus.PENDING_AUTO_RENEWAL,
        "PCA_ACCESS_DENIED",
    )
    assert (after.status, after.material, is_eligible(after)) == (Status.ISSUED, before.material, True)
    (told,) = kept.entries("acm:RenewManagedCertificate", arn)
    assert (told["result"], told["reason"], told["action"]) == ("failure", "PCA_ACCESS_DENIED", "RENEWAL")
    assert told["certificate"]["renewal_status_reason"] == "PCA_ACCESS_DENIED"
    assert "create-permission" in told["remedy"]


def test_a_permission_that_is_given_later_lets_it_renew_by_itself(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.withdraw(authority)
    until_renewal(kept, arn)
    assert len(kept.serials(authority)) == 1
    kept.grant(authority)
    until_renewal(kept, arn)
    results = [each["result"] for each in kept.entries("acm:RenewManagedCertificate", arn)]
    assert results == ["failure", "success"]


@pytest.mark.parametrize("actions", [("IssueCertificate",), ("GetCertificate", "ListPermissions")])
def test_a_permission_for_less_is_not_enough(kept: Kept, actions: tuple[str, ...]) -> None:
    authority = kept.authority(granted=False)
    kept.world.ca.permissions.create(CALLER, authority, "acm.amazonaws.com", actions, None)
    arn = kept.exported(authority)
    kept.managed.renewing.force(CALLER, arn)
    kept.run()
    assert [e["reason"] for e in kept.entries("acm:RenewManagedCertificate", arn)] == ["PCA_ACCESS_DENIED"]


def test_every_failed_attempt_is_on_record_and_they_become_rarer(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.world.set_status(authority, AuthorityStatus.DISABLED)
    waits = []
    for _ in range(8):
        until_renewal(kept, arn)
        again = kept.row(arn).attempt_at
        assert again is not None
        waits.append((again - kept.clock.now()) / timedelta(hours=1))
    assert waits == [1, 2, 4, 8, 12, 12, 12, 12]
    told = kept.entries("acm:RenewManagedCertificate", arn)
    assert [each["reason"] for each in told] == ["PCA_INVALID_STATE"] * 8
    assert len(kept.serials(authority)) == 1


def test_shortly_before_the_end_it_is_tried_every_hour(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.withdraw(authority)
    kept.wait(394 * DAY)
    again = kept.row(arn).attempt_at
    assert again is not None
    assert again - kept.clock.now() == timedelta(hours=1)


def test_what_could_never_be_renewed_has_failed_when_it_expires(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.withdraw(authority)
    kept.wait(390 * DAY)
    kept.wait(6 * DAY)
    row = kept.row(arn)
    assert (row.status, row.attempt_at, is_eligible(row)) == (Status.EXPIRED, None, False)
    assert row.renewal is not None
    assert (row.renewal.status, row.renewal.reason) == (RenewalStatus.FAILED, "PCA_ACCESS_DENIED")


def test_an_expired_authority_key_does_not_renew_beyond_its_end(kept: Kept) -> None:
    authority = kept.authority()
    kept.clock.advance(timedelta(days=3650 - 400))
    arn = kept.exported(authority)
    until_renewal(kept, arn)
    (told,) = kept.entries("acm:RenewManagedCertificate", arn)
    assert told["reason"] == "PCA_INVALID_DURATION"


def test_a_forced_renewal_is_for_what_is_eligible(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    force = kept.managed.renewing.force
    arn = kept.request(authority)
    refused(ErrorCode.IN_PROGRESS, force, CALLER, arn)
    kept.run()
    assert "not eligible" in refused(ErrorCode.VALIDATION, force, CALLER, arn)
    kept.export(arn)
    refused(ErrorCode.NOT_FOUND, force, STRANGER, arn)
    kept.woken.clear()
    force(CALLER, arn)
    assert kept.woken == ["managed.renew"]
    refused(ErrorCode.IN_PROGRESS, force, CALLER, arn)
    kept.run()
    assert len(kept.serials(authority)) == 2
    refused(ErrorCode.VALIDATION, force, CALLER, arn)


def test_an_export_while_it_is_renewed_is_of_the_certificate_before(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    kept.managed.renewing.force(CALLER, arn)
    kept.between(lambda: kept.export(arn))
    kept.run()
    row = kept.row(arn)
    assert row.exported_at is None
    assert len(kept.entries("acm:RenewManagedCertificate", arn)) == 1


def test_what_is_revoked_while_it_is_renewed_stays_revoked(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    before = kept.row(arn).material
    kept.managed.renewing.force(CALLER, arn)
    kept.between(lambda: kept.managed.revoking.revoke(CALLER, arn, "KEY_COMPROMISE"))
    kept.run()
    row = kept.row(arn)
    assert (row.status, row.material, row.attempt_at) == (Status.REVOKED, before, None)


def test_what_is_exported_late_is_renewed_in_a_quarter_of_the_time_that_is_left(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    kept.wait(375 * DAY)
    kept.export(arn)
    planned = kept.row(arn).attempt_at
    assert planned is not None
    assert kept.clock.now() <= planned <= kept.clock.now() + 5 * DAY


@pytest.mark.parametrize(("days", "window"), [(395, 60), (180, 60), (90, 30), (9, 3)])
def test_the_window_is_60_days_or_a_third_of_a_shorter_life(kept: Kept, days: int, window: int) -> None:
    arn = kept.issued(kept.authority())
    material = kept.row(arn).material
    assert material is not None
    short = replace(material, not_before=material.not_after - days * DAY)
    assert SCHEDULE.window(short) == window * DAY
    opens = SCHEDULE.opens_at(short)
    for choice in SCHEDULE.choices(kept.row(arn), short, kept.clock.now()):
        assert opens <= choice.at <= opens + window * DAY / 4
        assert choice.start <= choice.at < choice.end


def test_what_was_issued_on_one_day_is_renewed_on_many(kept: Kept) -> None:
    authority = kept.authority()
    arns = [kept.request(authority, f"host-{n}.example.com") for n in range(150)]
    kept.run()
    for arn in arns:
        kept.export(arn)
    planned = [kept.row(arn).attempt_at for arn in arns]
    days = [at.date() for at in planned if at is not None]
    assert len(days) == 150
    assert max(map(days.count, days)) <= 15
