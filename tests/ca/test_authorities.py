"""Authorities: described, listed, switched, deleted, restored; AWS's words where clients match them."""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from privyseal.ca.authorities import Position
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from privyseal.names import new_id
from tests.ca.world import ACCOUNT, CALLER, NOW, REGION, ROOT_TEMPLATE, STRANGER, Refused, World, elsewhere
from tests.stores import journals

Services = Callable[[World, str], Any]

DELETION = "The certificate authority is not in a valid state for deletion."
UPDATE = "The certificate authority must be in the ACTIVE or DISABLED state to be updated"


def listed(world: World, limit: int = 100, caller: Any = CALLER, region: str = REGION) -> list[str]:
    """All pages."""
    found: list[str] = []
    after: Position | None = None
    while True:
        rows, after = world.ca.authorities.page(caller, region, after, limit)
        assert len(rows) <= limit
        found += [str(row.arn) for row, _ in rows]
        if after is None:
            return found


# Every call of this domain that names an authority. A stranger learns nothing from any of them.
CALLS: Mapping[str, Callable[[World, Any, str], object]] = {
    "describe": lambda w, caller, arn: w.ca.authorities.describe(caller, arn),
    "get csr": lambda w, caller, arn: w.ca.authorities.csr(caller, arn),
    "update": lambda w, caller, arn: w.ca.authorities.update(caller, arn, "DISABLED", None),
    "delete": lambda w, caller, arn: w.ca.authorities.delete(caller, arn, 7),
    "restore": lambda w, caller, arn: w.ca.authorities.restore(caller, arn),
    "import": lambda w, caller, arn: w.ca.certification.install(caller, arn, b"", None),
    "get certificate": lambda w, caller, arn: w.ca.certification.certificate(caller, arn),
    "list tags": lambda w, caller, arn: w.ca.tags.list(caller, arn),
    "tag": lambda w, caller, arn: w.ca.tags.add(caller, arn, []),
    "untag": lambda w, caller, arn: w.ca.tags.remove(caller, arn, []),
    "revoke": lambda w, caller, arn: w.ca.revocation.revoke(caller, arn, "1", "UNSPECIFIED"),
    "list certificates": lambda w, caller, arn: w.ca.reader.page(caller, arn, None, 10),
    "issue": lambda w, caller, arn: w.issue(arn, caller=caller),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_is_not_yours_and_what_is_not_there_are_the_same_answer(
    world: World, refused: Refused, call: Callable[[World, Any, str], object]
) -> None:
    arn = world.create()
    before = world.row(arn), journals.entries(world.store)
    messages = [
        refused(ErrorCode.NOT_FOUND, call, world, caller, other).replace(other, "ARN")
        for caller, other in (
            (STRANGER, arn),
            (CALLER, elsewhere(arn, region="us-east-1")),
            (CALLER, elsewhere(arn, account=STRANGER.account)),
            (STRANGER, elsewhere(arn, account=STRANGER.account)),
            (CALLER, elsewhere(arn, id=new_id())),
        )
    ]
    assert set(messages) == {"Could not find the certificate authority ARN."}
    for text in ("", "arn:aws:acm-pca", f"{arn}/certificate/{'0' * 32}", arn.upper()):
        refused(ErrorCode.INVALID_ARN, call, world, CALLER, text)
    assert (world.row(arn), journals.entries(world.store)) == before


def test_the_csr_comes_in_every_state_that_has_one(world: World, refused: Refused) -> None:
    arn = world.create()
    text = world.row(arn).csr
    for status in (Status.PENDING_CERTIFICATE, Status.ACTIVE, Status.DISABLED, Status.EXPIRED):
        world.set_status(arn, status)
        assert world.ca.authorities.csr(CALLER, arn) == text
    world.set_status(arn, Status.CREATING)
    refused(ErrorCode.IN_PROGRESS, world.ca.authorities.csr, CALLER, arn)  # the waiter tries again
    world.set_status(arn, Status.FAILED)
    assert refused(ErrorCode.INVALID_STATE, world.ca.authorities.csr, CALLER, arn) == (
        f"The certificate authority {arn} is not in the correct state to have a certificate signing request."
    )


def test_pages_run_in_order_of_creation_and_miss_nobody(world: World) -> None:
    arns = []
    for n in range(7):
        arns.append(world.create())
        world.clock.advance(timedelta(seconds=n % 2))  # some share a moment
    for limit in (1, 3, 7, 8):
        assert sorted(listed(world, limit)) == sorted(arns)
        assert listed(world, limit) == listed(world)
    assert listed(world, caller=STRANGER) == []
    assert listed(world, region="us-east-1") == []


def test_the_deleted_stay_listed_until_their_window_closes(world: World) -> None:
    arns = [world.create() for _ in range(3)]
    world.ca.authorities.delete(CALLER, arns[1], 7)
    assert sorted(listed(world, 1)) == sorted(arns)
    world.clock.advance(timedelta(days=7))
    assert sorted(listed(world, 1)) == sorted({*arns} - {arns[1]})


def test_switching_off_and_on_is_recorded_and_counts_versions(world: World) -> None:
    arn = world.root()
    before = world.row(arn)
    world.clock.advance(timedelta(hours=1))
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    after = world.row(arn)
    assert (after.status, after.version) == (Status.DISABLED, before.version + 1)
    assert (after.created_at, after.changed_at) == (NOW, NOW + timedelta(hours=1))
    world.ca.authorities.update(CALLER, arn, "ACTIVE", None)
    assert world.status(arn) is Status.ACTIVE
    details = [
        each["detail"]
        for each in journals.entries(world.store)
        if each["action"].endswith(":UpdateCertificateAuthority")
    ]
    assert details == [{"status": "DISABLED"}, {"status": "ACTIVE"}]


def test_an_update_needs_an_active_or_disabled_authority(world: World, refused: Refused) -> None:
    arn = world.create()
    for status in set(Status) - {Status.ACTIVE, Status.DISABLED, Status.DELETED}:
        world.set_status(arn, status)
        for wanted in ("ACTIVE", "DISABLED", None):
            assert (
                refused(ErrorCode.INVALID_STATE, world.ca.authorities.update, CALLER, arn, wanted, None)
                == UPDATE
            )
        assert world.row(arn).status is status


def test_revocation_settings_change_without_the_state(world: World, refused: Refused) -> None:
    arn = world.root()
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    off = {"CrlConfiguration": {"Enabled": False}}
    world.ca.authorities.update(CALLER, arn, None, off)
    assert world.row(arn).revocation == {**off, "OcspConfiguration": {"Enabled": False}}
    before = world.row(arn)
    on = {"OcspConfiguration": {"Enabled": False, "OcspCustomCname": "ocsp.example"}}
    refused(ErrorCode.INVALID_ARGUMENT, world.ca.authorities.update, CALLER, arn, "ACTIVE", on)
    assert world.row(arn) == before  # not even the half that could be done


def test_an_active_authority_cannot_be_deleted(world: World, refused: Refused) -> None:
    arn = world.root()
    assert refused(ErrorCode.INVALID_STATE, world.ca.authorities.delete, CALLER, arn, 7) == DELETION
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    world.ca.authorities.delete(CALLER, arn, 7)
    assert world.status(arn) is Status.DELETED
    assert refused(ErrorCode.INVALID_STATE, world.ca.authorities.delete, CALLER, arn, 7) == DELETION


@pytest.mark.parametrize(("days", "window"), [(7, 7), (30, 30), (None, 30)])
def test_a_deleted_authority_can_be_restored_until_its_window_closes(
    world: World, refused: Refused, days: int | None, window: int
) -> None:
    arn, late = world.create(), world.create()
    for each in (arn, late):
        world.ca.authorities.delete(CALLER, each, days)
        assert world.row(each).restorable_until == NOW + timedelta(days=window)
    world.clock.advance(timedelta(days=window) - timedelta(microseconds=1))
    world.ca.authorities.restore(CALLER, arn)
    row = world.row(arn)
    assert (row.status, row.restorable_until, row.status_before_deletion) == (
        Status.PENDING_CERTIFICATE,
        None,
        None,
    )
    world.clock.advance(timedelta(microseconds=1))
    refused(ErrorCode.NOT_FOUND, world.ca.authorities.restore, CALLER, late)
    refused(ErrorCode.NOT_FOUND, world.ca.authorities.describe, CALLER, late)


@pytest.mark.parametrize("days", [-1, 0, 1, 6, 31, 10_000])
def test_a_window_is_seven_to_thirty_days(world: World, refused: Refused, days: int) -> None:
    arn = world.create()
    refused(ErrorCode.VALIDATION, world.ca.authorities.delete, CALLER, arn, days)
    assert world.status(arn) is Status.PENDING_CERTIFICATE


@pytest.mark.parametrize("status", [Status.CREATING, Status.FAILED])
def test_what_has_nothing_to_restore_is_gone_at_once(world: World, refused: Refused, status: Status) -> None:
    arn = world.create()
    world.set_status(arn, status)
    world.ca.authorities.delete(CALLER, arn, 30)
    refused(ErrorCode.NOT_FOUND, world.ca.authorities.describe, CALLER, arn)
    refused(ErrorCode.NOT_FOUND, world.ca.authorities.restore, CALLER, arn)


@pytest.mark.parametrize("status", [Status.PENDING_CERTIFICATE, Status.DISABLED])
def test_restoring_returns_the_state_before(world: World, refused: Refused, status: Status) -> None:
    arn = world.create()
    world.set_status(arn, status)
    refused(ErrorCode.INVALID_STATE, world.ca.authorities.restore, CALLER, arn)
    world.ca.authorities.delete(CALLER, arn, 7)
    world.ca.authorities.restore(CALLER, arn)
    assert world.status(arn) is status
    refused(ErrorCode.INVALID_STATE, world.ca.authorities.restore, CALLER, arn)


def test_a_deleted_authority_does_nothing_but_wait(world: World, refused: Refused) -> None:
    arn = world.root()
    issued = world.issue(arn)
    csr = world.csr_of(arn)
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    world.ca.authorities.delete(CALLER, arn, 7)
    for call in (
        lambda: world.ca.authorities.csr(CALLER, arn),
        lambda: world.ca.certification.certificate(CALLER, arn),
        lambda: world.ca.certification.install(CALLER, arn, world.self_signed(arn), None),
        lambda: world.ca.revocation.revoke(CALLER, arn, f"{issued.arn.serial:x}", "UNSPECIFIED"),
        lambda: world.issue(arn),
        lambda: world.issue(arn, csr, template_arn=ROOT_TEMPLATE),
    ):
        refused(ErrorCode.INVALID_STATE, call)
    assert world.status(arn) is Status.DELETED


def test_the_token_of_a_deleted_authority_makes_a_new_one(world: World) -> None:
    arn = world.create(token="t")
    world.ca.authorities.delete(CALLER, arn, 7)
    assert world.create(token="t") != arn


def test_a_lost_commit_changes_nothing(world: World, refused: Refused) -> None:
    arn = world.create()
    before = world.row(arn), journals.entries(world.store)
    world.store.commits_to_lose = 1
    refused(ErrorCode.UNAVAILABLE, world.ca.authorities.delete, CALLER, arn, 7)
    assert (world.row(arn), journals.entries(world.store)) == before
    world.ca.authorities.delete(CALLER, arn, 7)
    assert world.status(arn) is Status.DELETED


def test_changes_from_two_processes_are_all_kept(processes: Callable[[int], list[World]]) -> None:
    """Each counts one version; none overwrites another."""
    worlds = processes(2)
    arn = worlds[0].root()
    version = worlds[0].row(arn).version

    def switch(world: World) -> None:
        for n in range(20):
            world.ca.authorities.update(CALLER, arn, ("ACTIVE", "DISABLED")[n % 2], None)

    threads = [threading.Thread(target=switch, args=(world,)) for world in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worlds[1].row(arn).version == version + 40
    recorded = journals.entries(worlds[0].store)
    assert len([e for e in recorded if e["action"].endswith(":UpdateCertificateAuthority")]) == 40
    assert ACCOUNT in {e["account"] for e in recorded}
