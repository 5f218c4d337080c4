"""Revoking: by serial, once, and never what cannot be revoked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from privyseal.ca.model import Certificate
from privyseal.ca.requests import Issued
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import format_serial
from tests.ca.world import CALLER, ROOT_TEMPLATE, Refused, World
from tests.stores import journals


def row(world: World, issued: Issued) -> Certificate:
    key = (issued.arn.authority.id, issued.arn.serial)
    return world.store.view(lambda tx: world.rows.certificates.find_many(tx, [key]))[key]


def revoke(world: World, issued: Issued, reason: str = "UNSPECIFIED", arn: str | None = None) -> None:
    serial = format_serial(issued.arn.serial)
    world.ca.revocation.revoke(CALLER, arn or str(issued.arn.authority), serial, reason)


def test_a_revoked_certificate_keeps_its_first_time_and_reason(world: World, refused: Refused) -> None:
    issued = world.issue(world.root())
    at = world.clock.now()
    revoke(world, issued, "KEY_COMPROMISE")
    world.clock.advance(timedelta(hours=1))
    refused(ErrorCode.ALREADY_DONE, revoke, world, issued, "SUPERSEDED")
    found = row(world, issued)
    assert (found.revoked_at, found.revocation_reason) == (at, "KEY_COMPROMISE")
    recorded = [e for e in journals.entries(world.store) if e["action"] == "acm-pca:RevokeCertificate"]
    assert [(e["resource"], e["detail"]) for e in recorded] == [
        (str(issued.arn), {"reason": "KEY_COMPROMISE"})
    ]


def test_a_serial_is_taken_in_every_way_in_which_clients_write_it(world: World) -> None:
    """Colons as openssl prints them, upper case, and without leading zeros as Terraform has it."""
    arn = world.root()
    for write in (
        lambda digits: digits,
        lambda digits: digits.upper(),
        lambda digits: digits.lstrip("0"),
        lambda digits: ":".join(digits[at : at + 2] for at in range(0, 32, 2)),
    ):
        issued = world.issue(arn)
        text = write(format_serial(issued.arn.serial))
        world.ca.revocation.revoke(CALLER, arn, text, "UNSPECIFIED")
        assert row(world, issued).revoked_at is not None


def test_what_is_no_serial_is_refused(world: World, refused: Refused) -> None:
    arn = world.root()
    for text in ("", "xyz", "12 34", "0x12", "1" * 41):
        refused(ErrorCode.INVALID_REQUEST, world.ca.revocation.revoke, CALLER, arn, text, "UNSPECIFIED")


def test_a_self_signed_certificate_is_refused_in_aws_words(world: World, refused: Refused) -> None:
    arn = world.root()
    serial = world.row(arn).serial
    assert serial is not None
    message = refused(
        ErrorCode.INVALID_REQUEST, world.ca.revocation.revoke, CALLER, arn, f"{serial:x}", "UNSPECIFIED"
    )
    assert message == "Self-signed certificate can not be revoked"
    renewal = world.issue(arn, world.csr_of(arn), template_arn=ROOT_TEMPLATE)  # not even if never installed
    refused(ErrorCode.INVALID_REQUEST, revoke, world, renewal)


def test_a_certificate_is_revoked_by_its_issuer_and_nobody_else(world: World, refused: Refused) -> None:
    arn, other = world.root(), world.root()
    issued = world.issue(arn)
    refused(ErrorCode.NOT_FOUND, revoke, world, issued, "UNSPECIFIED", other)
    refused(ErrorCode.NOT_FOUND, world.ca.revocation.revoke, CALLER, arn, "1", "UNSPECIFIED")
    assert row(world, issued).revoked_at is None


def test_a_subordinates_certificate_can_be_revoked(world: World) -> None:
    root = world.root()
    low = world.subordinate(root)
    serial = world.row(low).serial
    assert serial is not None
    world.ca.revocation.revoke(CALLER, root, f"{serial:x}", "CERTIFICATE_AUTHORITY_COMPROMISE")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.DELETED])
def test_an_authority_revokes_while_active_or_disabled(
    world: World, refused: Refused, status: Status
) -> None:
    issued = world.issue(world.root())
    world.set_status(str(issued.arn.authority), status)
    if status in {Status.ACTIVE, Status.DISABLED}:
        revoke(world, issued)
        assert row(world, issued).revoked_at is not None
    else:
        refused(ErrorCode.INVALID_STATE, revoke, world, issued)
        assert row(world, issued).revoked_at is None


def test_an_expired_certificate_is_refused(world: World, refused: Refused) -> None:
    issued = world.issue(world.root(), validity=("DAYS", 1))
    end = row(world, issued).not_after
    world.clock.advance(end - world.clock.now() + timedelta(microseconds=1))
    refused(ErrorCode.INVALID_REQUEST, revoke, world, issued)
    assert row(world, issued).revoked_at is None


def test_a_lost_commit_revokes_nothing(world: World, refused: Refused) -> None:
    issued = world.issue(world.root())
    world.store.commits_to_lose = 1
    refused(ErrorCode.UNAVAILABLE, revoke, world, issued)
    assert row(world, issued).revoked_at is None
    revoke(world, issued)
    assert row(world, issued).revoked_at is not None


def test_of_many_who_revoke_at_once_one_succeeds(processes: Callable[[int], list[World]]) -> None:
    worlds = processes(2)
    issued = worlds[0].issue(worlds[0].root())

    def attempt(n: int) -> ErrorCode | None:
        try:
            revoke(worlds[n % 2], issued)
        except PrivySealError as error:
            return error.code
        return None

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(attempt, range(16)))
    assert outcomes.count(None) == 1
    assert outcomes.count(ErrorCode.ALREADY_DONE) == 15
