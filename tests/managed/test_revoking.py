"""RevokeCertificate: who can be revoked, and that nothing of it remains valid."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from privyseal.ca.states import Status as AuthorityStatus
from privyseal.errors import ErrorCode
from privyseal.managed.revoking import REASONS
from privyseal.managed.states import Kind, Status
from privyseal.names import AuthorityArn
from tests.ca.world import CALLER, STRANGER
from tests.managed.kept import DAY, Kept

Refused = Callable[..., str]


def reasons(kept: Kept, authority: str) -> dict[int, str | None]:
    """Of each serial number that the authority has issued, why it was revoked."""
    keys = [(AuthorityArn.parse(authority).id, each) for each in kept.serials(authority)]
    found = kept.store.view(lambda tx: kept.world.rows.certificates.find_many(tx, keys))
    return {serial: row.revocation_reason for (_, serial), row in found.items()}


def test_what_was_exported_can_be_revoked_for_good(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.managed.revoking.revoke(CALLER, arn, "KEY_COMPROMISE")
    row = kept.row(arn)
    assert (row.status, row.attempt_at, row.notice_at) == (Status.REVOKED, None, None)
    assert row.revoked is not None
    assert (row.revoked.at, row.revoked.reason) == (kept.clock.now(), "KEY_COMPROMISE")
    assert list(reasons(kept, authority).values()) == ["KEY_COMPROMISE"]
    (told,) = kept.entries("acm:RevokeCertificate", arn)
    assert told["reason"] == "KEY_COMPROMISE"
    refused(ErrorCode.VALIDATION, kept.managed.revoking.revoke, CALLER, arn, "KEY_COMPROMISE")
    refused(ErrorCode.VALIDATION, kept.managed.renewing.force, CALLER, arn)
    kept.wait(400 * DAY)
    assert kept.row(arn) == row


def test_the_certificate_before_a_renewal_is_revoked_with_it(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.managed.renewing.force(CALLER, arn)
    kept.run()
    kept.managed.revoking.revoke(CALLER, arn, "SUPERSEDED")
    assert list(reasons(kept, authority).values()) == ["SUPERSEDED"] * 2


def test_a_renewal_does_not_revoke_the_certificate_before(kept: Kept) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.managed.renewing.force(CALLER, arn)
    kept.run()
    assert list(reasons(kept, authority).values()) == [None] * 2


def test_what_was_never_exported_cannot_be_revoked(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    arn = kept.issued(authority)
    text = refused(ErrorCode.VALIDATION, kept.managed.revoking.revoke, CALLER, arn, "UNSPECIFIED")
    assert "never been exported" in text
    assert list(reasons(kept, authority).values()) == [None]


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_that_is_for_good_is_taken(kept: Kept, reason: str) -> None:
    authority = kept.authority()
    kept.managed.revoking.revoke(CALLER, kept.exported(authority), reason)
    assert list(reasons(kept, authority).values()) == [REASONS[reason]]


@pytest.mark.parametrize("reason", ["CERTIFICATE_HOLD", "REMOVE_FROM_CRL", "NO_REASON"])
def test_other_reasons_are_refused(kept: Kept, refused: Refused, reason: str) -> None:
    arn = kept.exported(kept.authority())
    refused(ErrorCode.VALIDATION, kept.managed.revoking.revoke, CALLER, arn, reason)
    assert kept.row(arn).status is Status.ISSUED


def test_a_stranger_revokes_nothing(kept: Kept, refused: Refused) -> None:
    arn = kept.exported(kept.authority())
    refused(ErrorCode.NOT_FOUND, kept.managed.revoking.revoke, STRANGER, arn, "UNSPECIFIED")


def test_an_authority_that_cannot_revoke_leaves_it_as_it_is(kept: Kept, refused: Refused) -> None:
    authority = kept.authority()
    arn = kept.exported(authority)
    kept.world.set_status(authority, AuthorityStatus.FAILED)
    refused(ErrorCode.CONFLICT, kept.managed.revoking.revoke, CALLER, arn, "UNSPECIFIED")
    assert kept.row(arn).status is Status.ISSUED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"in_use_by": ("arn:aws:service",)}, ErrorCode.IN_USE),
        ({"kind": Kind.IMPORTED}, ErrorCode.VALIDATION),
    ],
)
def test_what_is_in_use_or_imported_cannot_be_revoked(
    kept: Kept, refused: Refused, changes: dict[str, object], code: ErrorCode
) -> None:
    arn = kept.exported(kept.authority())
    row = kept.row(arn)
    other = replace(row, version=row.version + 1, **changes)  # type: ignore[arg-type]
    assert kept.store.transact(lambda tx: _put(kept, tx, row, other))
    refused(code, kept.managed.revoking.revoke, CALLER, arn, "UNSPECIFIED")


def _put(kept: Kept, tx: object, row: object, other: object) -> bool:
    kept.rows.certificates.remove(tx, row)  # type: ignore[arg-type]
    kept.rows.certificates.insert(tx, other)  # type: ignore[arg-type]
    return True
