"""A clock that was far ahead: what it has done to certificates is undone once it is right."""

from datetime import timedelta

import pytest

from privyseal.managed.importing import ImportCertificate
from privyseal.managed.states import RenewalStatus, Status
from privyseal.names import format_serial
from tests.acm.pairs import Wanted, make
from tests.ca.world import CALLER, REGION
from tests.managed.kept import DAY, Kept

AHEAD = timedelta(days=2000)


def look_from(kept: Kept, far: timedelta) -> None:
    """The jobs run once with a clock that is ahead."""
    kept.wait(far)
    kept.clock.advance(-far)


def test_what_was_said_to_have_expired_is_issued_again_and_renewed_in_its_time(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    before = kept.row(arn)
    kept.clock.advance(AHEAD)
    kept.run("managed.expire")
    assert kept.row(arn).status is Status.EXPIRED
    kept.clock.advance(-AHEAD)
    kept.run()
    after = kept.row(arn)
    assert (after.status, after.material) == (Status.ISSUED, before.material)
    assert after.material is not None
    assert after.attempt_at is not None
    assert after.material.not_after - 60 * DAY <= after.attempt_at <= after.material.not_after - 45 * DAY
    assert len(kept.entries("acm:RestoreExpiredCertificate", arn)) == 1
    kept.wait(after.attempt_at - kept.clock.now())
    renewed = kept.row(arn)
    assert renewed.renewal is not None
    assert renewed.renewal.status is RenewalStatus.SUCCESS


def test_of_what_is_not_exported_people_are_told_again_in_time(kept: Kept) -> None:
    arn = kept.issued(kept.authority())
    look_from(kept, AHEAD)
    kept.run()
    kept.wait(349 * DAY)
    kept.wait(DAY)
    told = [each["certificate"]["days_to_expiry"] for each in kept.entries("acm:ApproachingExpiration", arn)]
    assert told == [45]
    kept.wait(50 * DAY)
    assert kept.row(arn).status is Status.EXPIRED
    assert len(kept.entries("acm:ExpireCertificate", arn)) == 2


def test_what_was_revoked_before_it_is_issued_again_is_revoked(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.issued(authority)
    kept.clock.advance(AHEAD)
    kept.run("managed.expire")
    kept.clock.advance(-AHEAD)
    material = kept.row(arn).material
    assert material is not None
    serial = format_serial(material.serial)
    kept.world.ca.revocation.revoke(CALLER, authority, serial, "KEY_COMPROMISE")
    kept.run("managed.follow")
    assert kept.row(arn).status is Status.EXPIRED
    kept.run("managed.expire")
    kept.run("managed.follow")
    assert kept.row(arn).status is Status.REVOKED


def test_an_import_is_issued_again(kept: Kept) -> None:
    pair = make(Wanted(kept.clock.now().replace(microsecond=0)))
    arn = str(
        kept.managed.importing.import_certificate(ImportCertificate(CALLER, REGION, pair.pem, pair.key_pem))
    )
    look_from(kept, AHEAD)
    kept.run()
    assert kept.row(arn).status is Status.ISSUED


@pytest.mark.parametrize("left", [timedelta(0), timedelta(hours=23)])
def test_a_clock_that_is_a_little_behind_restores_nothing(kept: Kept, left: timedelta) -> None:
    """Or what expires would do so once and again while two machines do not agree."""
    arn = kept.issued(kept.authority())
    not_after = kept.row(arn).not_after
    assert not_after is not None
    kept.wait(not_after + timedelta(seconds=1) - kept.clock.now())
    kept.wait(-left - timedelta(seconds=1))
    assert kept.row(arn).status is Status.EXPIRED
    assert kept.entries("acm:RestoreExpiredCertificate", arn) == []


@pytest.mark.parametrize("granted", [True, False])
def test_a_renewal_that_was_asked_for_meanwhile_is_made(kept: Kept, *, granted: bool) -> None:
    """Though the clock was set right before it was made, or it had failed until then."""
    authority = kept.authority()
    arn = kept.exported(authority)
    if not granted:
        kept.withdraw(authority)
    kept.clock.advance(200 * DAY)
    kept.managed.renewing.force(CALLER, arn)
    if not granted:
        kept.run("managed.renew")
        kept.grant(authority)
    kept.clock.advance(-200 * DAY)
    kept.run("managed.renew")
    after = kept.row(arn)
    assert after.renewal is not None
    assert (after.renewal.status, after.renewal.updated_at) == (RenewalStatus.SUCCESS, kept.clock.now())


def test_what_is_planned_for_later_is_not_renewed_before(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    before = kept.row(arn)
    kept.run()
    assert kept.row(arn) == before
