"""Retirement: what is due is revoked and withdrawn everywhere, once, and again after a failure."""

from datetime import timedelta
from threading import Event

import pytest

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.identities import IdentityState
from privyseal.devices.ports import Revoker
from privyseal.devices.retirement import SUPERSEDED, Retirement
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.issuers.local import LocalRevoker
from tests.devices.deployment import Deployment
from tests.devices.requests import csr
from tests.devices.test_vending import KEY, World

WITHDRAWN, ACTIVE = IdentityState.WITHDRAWN, IdentityState.ACTIVE
GRACE, TICK = limits.GRACE, timedelta(seconds=1)


@pytest.fixture(name="world")
def world_fixture(product: Deployment) -> World:
    return World(product)


class Stranger:
    """A revoker of somebody else's certificates."""

    def revoke(self, arn: str, caller: Caller, reason: str) -> bool:
        return False


class Away(Stranger):
    """A revoker elsewhere that cannot be reached."""

    def revoke(self, arn: str, caller: Caller, reason: str) -> bool:
        raise PrivySealError(ErrorCode.UNAVAILABLE, "cut off")


def retire(world: World, first: Revoker | None = None) -> None:
    product = world.product
    registrars = {"here": world.here, "there": world.there}
    registrations = product.registrations(registrars)
    local = LocalRevoker(product.authorities.revocation.revoke)
    revokers: list[Revoker] = [first or Stranger(), local]
    Retirement(product.store, product.devices, product.identities, registrations, revokers).retire_due(
        Event()
    )


def revoked(world: World) -> list[str]:
    return [
        each["resource"] for each in world.product.journal() if each["action"] == "acm-pca:RevokeCertificate"
    ]


def test_the_one_before_is_revoked_and_withdrawn_when_the_grace_period_is_over(world: World) -> None:
    first = world.enrol(csr(KEY, "sensor"))
    second = world.enrol(csr(KEY, "sensor"))
    world.product.clock.advance(GRACE - TICK)
    retire(world)
    assert world.here.active == [first.arn, second.arn]
    world.product.clock.advance(TICK)
    retire(world)
    assert world.here.active == world.there.active == [second.arn]
    assert world.here.withdrawn[0].reference == f"reference of {first.arn}"
    assert revoked(world) == [first.arn]
    assert world.states() == {first.arn: WITHDRAWN, second.arn: ACTIVE}
    assert world.product.journal()[-1]["action"] == "privyseal:WithdrawDeviceCertificate"
    retire(world)
    assert revoked(world) == [first.arn]


def test_an_enrolment_that_nobody_finishes_is_withdrawn_after_a_day(world: World) -> None:
    world.there.fail = ErrorCode.UNAVAILABLE
    world.refused(csr(KEY, "sensor"))
    world.there.fail = None
    (arn,) = world.states()
    world.product.clock.advance(limits.UNFINISHED)
    retire(world)
    assert world.here.active == world.there.active == []
    assert {told.reference for told in world.there.withdrawn} == {""}, "perhaps begun: it is asked too"
    assert revoked(world) == [arn]
    assert world.states() == {arn: WITHDRAWN}


def test_a_device_that_comes_back_after_that_gets_another_certificate(world: World) -> None:
    request = csr(KEY, "sensor")
    world.there.fail = ErrorCode.UNAVAILABLE
    world.refused(request)
    world.there.fail = None
    (arn,) = world.states()
    world.product.clock.advance(limits.UNFINISHED)
    retire(world)
    again = world.enrol(request)
    assert again.arn != arn
    assert world.states() == {arn: WITHDRAWN, again.arn: ACTIVE}


def test_what_fails_is_due_again(world: World) -> None:
    first = world.enrol(csr(KEY, "sensor"))
    world.enrol(csr(KEY, "sensor"))
    world.product.clock.advance(GRACE)
    world.there.fail = ErrorCode.UNAVAILABLE
    retire(world)
    assert world.states()[first.arn] is IdentityState.WITHDRAWING
    retire(world)
    assert len(world.here.withdrawn) == 1, "not before some time has passed"
    world.there.fail = None
    world.product.clock.advance(timedelta(minutes=10))
    retire(world)
    assert world.states()[first.arn] is WITHDRAWN
    assert len(world.here.withdrawn) == 1, "what is done is not done again"


def test_who_does_the_last_step_in_the_background_has_the_rest_done_at_once(world: World) -> None:
    """Not when retirement would have looked again."""
    first = world.enrol(csr(KEY, "sensor"))
    world.enrol(csr(KEY, "sensor"))
    world.product.clock.advance(GRACE)
    world.there.fail = ErrorCode.UNAVAILABLE
    retire(world)
    world.there.fail = None
    world.product.clock.advance(limits.STEP_PAUSE_AWAY)
    world.product.registrations({"here": world.here, "there": world.there}).work.catch_up(Event())
    assert world.states()[first.arn] is IdentityState.WITHDRAWING, "revoking is retirement's"
    retire(world)
    assert world.states()[first.arn] is WITHDRAWN
    actions = [each["action"] for each in world.product.journal()]
    assert actions.count("privyseal:WithdrawDeviceCertificate") == 1


def test_registrars_are_told_though_the_issuer_cannot_revoke_now_and_that_is_made_good(world: World) -> None:
    first = world.enrol(csr(KEY, "sensor"))
    world.enrol(csr(KEY, "sensor"))
    world.product.clock.advance(GRACE)
    retire(world, Away())
    assert first.arn not in {*world.here.active, *world.there.active}
    assert world.states()[first.arn] is IdentityState.WITHDRAWING
    assert revoked(world) == []
    world.product.clock.advance(timedelta(minutes=10))
    retire(world)
    assert revoked(world) == [first.arn]
    assert world.states()[first.arn] is WITHDRAWN
    assert len(world.here.withdrawn) == 1


@pytest.mark.parametrize("code", [ErrorCode.ALREADY_DONE, ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_STATE])
def test_what_cannot_be_revoked_any_more_is_done(code: ErrorCode) -> None:
    def refuse(*_: object) -> None:
        raise PrivySealError(code, "no")

    arn = f"arn:aws:acm-pca:eu-west-3:111122223333:certificate-authority/{'1' * 8}-2222-3333-4444-{'5' * 12}"
    revoker = LocalRevoker(refuse)
    assert revoker.revoke(f"{arn}/certificate/{'0' * 31}1", Caller("p", "1", "r"), SUPERSEDED)


@pytest.mark.parametrize("arn", ["arn:aws:iot:eu-west-3:111122223333:cert/abc", "x"])
def test_what_another_has_issued_is_not_ours_to_revoke(world: World, arn: str) -> None:
    assert not LocalRevoker(world.product.authorities.revocation.revoke).revoke(
        arn, Caller("p", "1", "r"), SUPERSEDED
    )
