"""What an administrator does to a device happens to its certificates."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from privyseal.ca.model import Certificate
from privyseal.ca.revocation.named import Name, Revoke
from privyseal.ca.revocation.standing import Standing, standing
from privyseal.devices.identities import IdentityState
from privyseal.devices.lifecycle import Change
from privyseal.devices.states import Event
from privyseal.errors import ErrorCode
from privyseal.names import CertificateArn, format_serial
from privyseal.stores.repositories.ca import REPOSITORIES
from tests.devices.deployment import OPERATOR, Deployment
from tests.devices.requests import csr
from tests.devices.test_retirement import retire
from tests.devices.test_vending import KEY, World

GOOD, HELD, REVOKED = Standing
WITHDRAWN = IdentityState.WITHDRAWN


@pytest.fixture(name="world")
def world_fixture(product: Deployment) -> World:
    return World(product)


def happens(world: World, event: Event) -> None:
    assert list(world.product.lifecycle.change(OPERATOR, event, ["sensor"])) == [Change.CHANGED]


def certificate(world: World, arn: str) -> Certificate:
    named = CertificateArn.parse(arn)
    key = (named.authority.id, named.serial)
    return world.product.store.view(lambda tx: REPOSITORIES.certificates.find_many(tx, [key]))[key]


def stands(world: World, *arns: str) -> list[Standing]:
    return [standing(certificate(world, arn)) for arn in arns]


def order(world: World, arn: str, reason: str) -> None:
    (answer,) = world.product.authorities.named_revoking.revoke(OPERATOR, [Revoke(Name(arn), reason)])
    assert not isinstance(answer, Exception)


def test_suspending_holds_what_the_device_uses_and_resuming_releases_it(world: World) -> None:
    """The one before too, as long as it still works; and one that is asked for later is not held."""
    before, now = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    happens(world, Event.SUSPENDED)
    assert stands(world, before, now) == [HELD, HELD]
    happens(world, Event.RESUMED)
    assert stands(world, before, now) == [GOOD, GOOD]
    assert stands(world, world.enrol(csr(KEY, "sensor")).arn) == [GOOD]


def test_a_hold_is_in_the_same_commit(world: World) -> None:
    arn = world.enrol(csr(KEY, "sensor")).arn
    happens(world, Event.SUSPENDED)
    told = [(each["action"], each["principal"]) for each in world.product.journal()[-2:]]
    assert told == [
        ("privyseal:SuspendDevices", OPERATOR.principal),
        ("privyseal:HoldCertificate", OPERATOR.principal),
    ]
    assert world.product.journal()[-1]["resource"] == arn


def test_what_somebody_else_has_put_on_hold_stays_so(world: World) -> None:
    other, ours = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    order(world, other, "CERTIFICATE_HOLD")
    happens(world, Event.SUSPENDED)
    happens(world, Event.RESUMED)
    assert stands(world, other, ours) == [HELD, GOOD]


def test_what_is_revoked_meanwhile_stays_revoked(world: World) -> None:
    arn = world.enrol(csr(KEY, "sensor")).arn
    happens(world, Event.SUSPENDED)
    order(world, arn, "KEY_COMPROMISE")
    happens(world, Event.RESUMED)
    assert stands(world, arn) == [REVOKED]


def test_the_one_before_is_revoked_in_its_time_though_it_is_held(world: World) -> None:
    before, now = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    happens(world, Event.SUSPENDED)
    world.product.clock.advance(timedelta(days=1))
    retire(world)
    happens(world, Event.RESUMED)
    assert stands(world, before, now) == [REVOKED, GOOD]


@pytest.mark.parametrize("suspended", [False, True])
def test_retiring_revokes_and_withdraws_all_that_the_device_has(world: World, suspended: bool) -> None:
    before, now = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    if suspended:
        happens(world, Event.SUSPENDED)
    happens(world, Event.RETIRED)
    retire(world)
    assert stands(world, before, now) == [REVOKED, REVOKED]
    assert certificate(world, now).revocation_reason == "CESSATION_OF_OPERATION"
    assert world.here.active == world.there.active == []
    assert world.states() == {before: WITHDRAWN, now: WITHDRAWN}


def test_what_was_not_finished_when_the_device_was_retired_is_withdrawn_as_well(world: World) -> None:
    request = csr(KEY, "sensor")
    world.there.fail = ErrorCode.UNAVAILABLE
    world.refused(request)
    world.there.fail = None
    (arn,) = world.states()
    happens(world, Event.RETIRED)
    retire(world)
    assert world.here.active == world.there.active == []
    assert (world.states(), stands(world, arn)) == ({arn: WITHDRAWN}, [REVOKED])
    assert world.refused(request).code is ErrorCode.ACCESS_DENIED


def test_certificates_of_another_issuer_are_left_alone(world: World) -> None:
    arn = "arn:aws:iot:eu-west-3:111122223333:cert/abc"
    product, gone = world.product, world.enrol(csr(KEY, "sensor")).arn[:-1]
    held = product.store.transact(lambda tx: product.authorities.holding.hold(tx, OPERATOR, [arn, "", gone]))
    assert list(held) == []


def aws_revokes(world: World, arn: str) -> None:
    named = CertificateArn.parse(arn)
    revoke = world.product.authorities.revocation.revoke
    revoke(OPERATOR, str(named.authority), format_serial(named.serial), "KEY_COMPROMISE")


def we_revoke(world: World, arn: str) -> None:
    order(world, arn, "KEY_COMPROMISE")


@pytest.mark.parametrize("revoke", [aws_revokes, we_revoke])
def test_what_somebody_revokes_is_withdrawn_from_every_registrar(
    world: World, revoke: Callable[[World, str], None]
) -> None:
    """AWS IoT Core reads no CRLs: what it is not told of still connects there."""
    before, now = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    revoke(world, now)
    retire(world)
    assert world.here.active == world.there.active == [before]
    assert world.states() == {before: IdentityState.RETIRING, now: WITHDRAWN}
    assert certificate(world, now).revocation_reason == "KEY_COMPROMISE"


def test_a_retry_after_a_revocation_gets_a_certificate_that_works(world: World) -> None:
    request = csr(KEY, "sensor")
    before = world.enrol(request).arn
    order(world, before, "KEY_COMPROMISE")
    now = world.enrol(request).arn
    assert stands(world, before, now) == [REVOKED, GOOD]
    assert world.enrol(request).arn == now


def test_what_is_revoked_before_it_is_finished_is_never_released(world: World) -> None:
    request = csr(KEY, "sensor")
    world.there.fail = ErrorCode.UNAVAILABLE
    world.refused(request)
    world.there.fail = None
    (unfinished,) = world.states()
    order(world, unfinished, "KEY_COMPROMISE")
    released = world.enrol(request).arn
    retire(world)
    assert stands(world, unfinished, released) == [REVOKED, GOOD]
    assert world.here.active == world.there.active == [released]
    assert world.states() == {unfinished: WITHDRAWN, released: IdentityState.ACTIVE}


def test_what_is_revoked_while_registrars_are_asked_is_never_released(world: World) -> None:
    def revoke() -> None:
        world.there.when_asked = lambda: None
        order(world, next(iter(world.states())), "KEY_COMPROMISE")

    world.there.when_asked = revoke
    assert world.refused(csr(KEY, "sensor")).code is ErrorCode.UNAVAILABLE
    assert world.here.active == world.there.active == []
    assert world.noted() is None


def test_what_is_held_stays_where_it_is(world: World) -> None:
    arn = world.enrol(csr(KEY, "sensor")).arn
    order(world, arn, "CERTIFICATE_HOLD")
    retire(world)
    assert world.states() == {arn: IdentityState.ACTIVE}
