"""What is revoked through acm-pca is REVOKED in acm too."""

import threading
from collections.abc import Callable

import pytest

from privyseal.ca.revocation.reasons import HOLD
from privyseal.ca.revocation.revoking import mark_revoked
from privyseal.errors import ErrorCode
from privyseal.managed.states import Status
from privyseal.names import format_serial
from privyseal.store import Tx
from tests.ca.world import CALLER
from tests.managed.kept import DAY, Kept

Refused = Callable[..., str]


def revoke(kept: Kept, authority: str, arn: str, reason: str = "KEY_COMPROMISE") -> None:
    """Through acm-pca: the certificate that the ARN has now."""
    material = kept.row(arn).material
    assert material is not None
    kept.world.ca.revocation.revoke(CALLER, authority, format_serial(material.serial), reason)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("KEY_COMPROMISE", "KEY_COMPROMISE"),
        ("CERTIFICATE_AUTHORITY_COMPROMISE", "CA_COMPROMISE"),
        ("SUPERSEDED", "SUPERSEDED"),
    ],
)
def test_what_its_authority_revokes_is_revoked_with_the_time_and_the_reason(
    kept: Kept, theirs: str, ours: str
) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    revoke(kept, authority, arn, theirs)
    at = kept.clock.now()
    kept.wait(DAY)
    row = kept.row(arn)
    assert (row.status, row.attempt_at, row.notice_at) == (Status.REVOKED, None, None)
    assert row.revoked is not None
    assert (row.revoked.at, row.revoked.reason) == (at, ours)
    (told,) = kept.entries("acm:RevokeCertificate", arn)
    assert told["reason"] == ours


def test_it_is_neither_exported_nor_renewed_any_more(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    revoke(kept, authority, arn)
    kept.run()
    refused(ErrorCode.VALIDATION, kept.managed.renewing.force, CALLER, arn)
    refused(ErrorCode.VALIDATION, kept.managed.exporting.export, CALLER, arn, b"passphrase")
    kept.wait(340 * DAY)
    assert kept.entries("acm:RenewManagedCertificate", arn) == []


def test_what_it_had_before_its_renewal_may_be_revoked_and_it_stays(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    before = kept.row(arn).material
    assert before is not None
    kept.managed.renewing.force(CALLER, arn)
    kept.run()
    kept.world.ca.revocation.revoke(CALLER, authority, format_serial(before.serial), "SUPERSEDED")
    kept.run()
    assert kept.row(arn).status is Status.ISSUED
    assert not kept.store.view(kept.managed.jobs["managed.follow"][1])


def test_a_hold_is_no_revocation_until_it_is_final(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    material = kept.row(arn).material
    assert material is not None
    holder, rows = kept.world.row(authority), kept.world.rows

    def hold(tx: Tx) -> None:
        found = rows.certificates.find_many(tx, [(holder.arn.id, material.serial)])
        mark_revoked(tx, rows, CALLER, holder, list(found.values()), reason=HOLD)

    kept.store.transact(hold)
    kept.run()
    assert kept.row(arn).status is Status.ISSUED
    revoke(kept, authority, arn)
    kept.run()
    assert kept.row(arn).status is Status.REVOKED


def test_what_is_revoked_before_it_is_settled_is_revoked_afterwards(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.request(authority)

    def at_once() -> None:
        (serial,) = kept.serials(authority)
        kept.world.ca.revocation.revoke(CALLER, authority, format_serial(serial), "KEY_COMPROMISE")

    kept.between(at_once)
    kept.run()
    kept.run()
    assert kept.row(arn).status is Status.REVOKED


def test_what_acm_has_revoked_itself_is_told_once(kept: Kept) -> None:
    arn = kept.exported(kept.authority())
    kept.managed.revoking.revoke(CALLER, arn, "SUPERCEDED")
    kept.run()
    assert len(kept.entries("acm:RevokeCertificate", arn)) == 1
    revoked = kept.row(arn).revoked
    assert revoked is not None
    assert revoked.reason == "SUPERCEDED"


def test_what_has_been_deleted_leaves_nothing_to_follow(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    revoke(kept, authority, arn)
    kept.managed.removing.delete(CALLER, arn)
    assert not kept.store.view(kept.managed.jobs["managed.follow"][1])


def test_it_ends_soon_after_it_is_told_to(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    revoke(kept, authority, arn)
    stopping = threading.Event()
    stopping.set()
    kept.managed.jobs["managed.follow"][0](stopping)
    assert kept.row(arn).status is Status.ISSUED
