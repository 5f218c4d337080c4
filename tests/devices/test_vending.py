"""Vending: what is recorded before a certificate is released, and what becomes of the one before."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.ports import Issuer, Registrar
from privyseal.devices.registration import Registrations
from privyseal.devices.states import State
from privyseal.devices.steps import StepState
from privyseal.devices.vending import REQUESTED, Enrolled, Vending
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store
from privyseal.x509.csr import parse_pem
from tests.ca.fakes import Interrupted
from tests.devices.deployment import ACCOUNT, OPERATOR, Deployment, key_pem
from tests.devices.fakes import MemoryRegistrar
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())
CALLER = Caller("device:sensor", ACCOUNT, "r")
ACTIVE, RETIRING, ISSUED = IdentityState.ACTIVE, IdentityState.RETIRING, IdentityState.ISSUED


class World:
    """`sensor`, an authority, and two registrars: `here` has an endpoint, `there` has another."""

    def __init__(self, product: Deployment) -> None:
        self.product = product
        self.here, self.there = MemoryRegistrar("here.example"), MemoryRegistrar("there.example")
        product.register("sensor", KEY.public_key())
        self.authority = product.hierarchy()

    def enrolment(self) -> Enrolment:
        registrars = {"here": self.here, "there": self.there}
        return self.product.enrolment(self.product.issuer(self.authority), registrars)

    def enrol(self, request: bytes) -> Enrolled:
        return self.enrolment().enrol(request, "sensor", request_id="r")

    def refused(self, request: bytes) -> PrivySealError:
        with pytest.raises(PrivySealError) as caught:
            self.enrol(request)
        return caught.value

    def identities(self) -> dict[str, Identity]:
        product = self.product
        found = product.store.view(lambda tx: product.identities.of_device(tx, ACCOUNT, "sensor"))
        return {each.arn: each for each in found}

    def states(self) -> dict[str, IdentityState]:
        return {arn: each.state for arn, each in self.identities().items()}

    def noted(self) -> str | None:
        return self.product.registry.show(OPERATOR, "sensor").certificate_arn


@pytest.fixture(name="world")
def world_fixture(product: Deployment) -> World:
    return World(product)


def test_every_registrar_is_told_before_anything_is_released(world: World) -> None:
    seen: list[tuple[str | None, list[IdentityState]]] = []
    world.there.when_asked = lambda: seen.append((world.noted(), list(world.states().values())))
    issued = world.enrol(csr(KEY, "sensor"))
    assert seen[0] == (None, [ISSUED]), "recorded, and nobody's yet"
    assert world.here.active == world.there.active == [issued.arn]
    (told,) = world.here.registered
    assert (told.account, told.device_id) == (ACCOUNT, "sensor")
    assert (told.certificate, told.chain, told.arn) == (issued.certificate, issued.chain, issued.arn)
    assert world.states() == {issued.arn: ACTIVE}
    assert world.noted() == issued.arn


def test_the_endpoint_is_that_of_the_first_registrar_that_has_one(world: World) -> None:
    assert world.enrol(csr(KEY, "sensor")).endpoint == "here.example"
    world.here = MemoryRegistrar()
    assert world.enrol(csr(KEY, "sensor")).endpoint == "there.example"


def test_without_registrars_there_is_no_endpoint_and_two_commits(product: Deployment) -> None:
    product.register("sensor", KEY.public_key())
    issuer = product.issuer(product.hierarchy())
    watched = Interrupted(product.store)
    vending = vending_on(product, watched, issuer, {})
    device = product.registry.show(OPERATOR, "sensor")
    issued = vending.vend(device, parse_pem(csr(KEY, "sensor")), CALLER)
    assert issued.endpoint == ""
    assert watched.commits == 2, "the claim and the note; the certificate is the authority's"


@pytest.mark.parametrize("code", ErrorCode)
def test_what_a_registrar_says_is_for_the_operator(world: World, code: ErrorCode) -> None:
    world.there.fail = code
    error = world.refused(csr(KEY, "sensor"))
    assert error.code is (ErrorCode.THROTTLED if code is ErrorCode.THROTTLED else ErrorCode.UNAVAILABLE)
    assert "operator should know" not in error.message
    assert world.noted() is None


def test_a_retry_asks_only_who_has_not_finished(world: World) -> None:
    request = csr(KEY, "sensor")
    world.there.fail = ErrorCode.UNAVAILABLE
    world.refused(request)
    assert set(world.states().values()) == {ISSUED}
    world.there.fail = None
    issued = world.enrol(request)
    assert len(world.here.registered) == len(world.there.registered) == 1
    identity = world.identities()[issued.arn]
    steps = world.product.store.view(lambda tx: world.product.steps.of(tx, identity))
    assert {(name, step.state, step.reference) for name, step in steps.items()} == {
        ("here", StepState.DONE, f"reference of {issued.arn}"),
        ("there", StepState.DONE, f"reference of {issued.arn}"),
    }


@pytest.mark.parametrize("later", [timedelta(minutes=4), timedelta(minutes=6), timedelta(hours=23)], ids=str)
def test_an_unfinished_enrolment_goes_on_with_its_certificate_however_late(
    world: World, later: timedelta
) -> None:
    request = csr(KEY, "sensor")
    world.here.fail = ErrorCode.UNAVAILABLE
    world.refused(request)
    (unfinished,) = world.states()
    world.product.clock.advance(later)
    world.here.fail = None
    assert world.enrol(request).arn == unfinished


def test_a_finished_request_is_answered_without_asking_anybody(world: World) -> None:
    request = csr(KEY, "sensor")
    issued = world.enrol(request)
    world.product.clock.advance(limits.RETRY_WINDOW - timedelta(seconds=1))
    assert world.enrol(request) == issued
    assert len(world.here.registered) == 1


def test_a_rotation_retires_the_one_before_after_a_grace_period(world: World) -> None:
    first = world.enrol(csr(KEY, "sensor"))
    world.product.clock.advance(timedelta(days=30))
    second = world.enrol(csr(KEY, "sensor"))
    assert world.states() == {first.arn: RETIRING, second.arn: ACTIVE}
    assert world.identities()[first.arn].due_at == world.product.clock.now() + limits.GRACE
    assert world.here.active == [first.arn, second.arn], "both work"
    assert world.noted() == second.arn


def test_an_older_request_that_finishes_later_does_not_replace_the_newer(world: World) -> None:
    older, newer = csr(KEY, "sensor"), csr(KEY, "sensor")
    world.there.fail = ErrorCode.UNAVAILABLE
    world.refused(older)
    world.there.fail = None
    world.product.clock.advance(timedelta(minutes=1))
    second = world.enrol(newer)
    first = world.enrol(older)
    assert world.states() == {first.arn: RETIRING, second.arn: ACTIVE}
    assert world.noted() == second.arn


def test_a_device_that_is_suspended_while_it_enrols_gets_nothing(world: World) -> None:
    request = csr(KEY, "sensor")

    def suspend() -> None:
        device = world.product.registry.show(OPERATOR, "sensor")
        world.product.store.transact(lambda tx: world.product.devices.set_state(tx, device, State.SUSPENDED))

    world.there.when_asked = suspend
    assert world.refused(request).code is ErrorCode.ACCESS_DENIED
    assert world.noted() is None
    assert set(world.states().values()) == {ISSUED}


def test_a_device_that_gets_another_key_while_it_enrols_gets_nothing_with_the_one_before(
    world: World,
) -> None:
    """It may be the stolen one."""
    other = ec.generate_private_key(ec.SECP256R1())
    world.there.when_asked = lambda: rekey(world, other)
    assert world.refused(csr(KEY, "sensor")).code is ErrorCode.ACCESS_DENIED
    assert world.noted() is None
    assert world.enrol(csr(other, "sensor")).arn == world.noted()


def rekey(world: World, key: ec.EllipticCurvePrivateKey) -> None:
    world.product.lifecycle.rekey(OPERATOR, "sensor", key_pem(key.public_key()))


def test_one_csr_is_a_request_of_its_own_to_each_issuer(world: World) -> None:
    """`/proto` may have another issuer than `/new`: neither answers with what the other has issued."""
    product, request = world.product, parse_pem(csr(KEY, "sensor"))
    device = product.registry.show(OPERATOR, "sensor")
    one, other = (
        vending_on(product, product.store, product.issuer(authority), {}, scope=scope)
        for authority, scope in [(world.authority, ""), (product.hierarchy(), "other")]
    )
    first, second = (each.vend(device, request, CALLER) for each in (one, other))
    assert first.chain != second.chain
    assert one.vend(device, request, CALLER) == first
    assert other.vend(device, request, CALLER) == second
    digests = {each["detail"]["csr_sha256"] for each in product.journal() if each["action"] == REQUESTED}
    assert digests == {hashlib.sha256(request.der).hexdigest()}


def test_whoever_is_overtaken_by_a_withdrawal_undoes_its_own_work(world: World) -> None:
    product = world.product

    def withdraw() -> None:
        (identity,) = world.identities().values()
        product.store.transact(
            lambda tx: product.identities.set_state(tx, identity, IdentityState.WITHDRAWING, None)
        )

    world.there.when_asked = withdraw
    assert world.refused(csr(KEY, "sensor")).code is ErrorCode.UNAVAILABLE
    assert world.here.active == world.there.active == []
    assert world.noted() is None


def test_no_transaction_is_open_while_a_registrar_is_asked(world: World) -> None:
    product = world.product
    watched = Interrupted(product.store)
    opened: list[int] = []
    world.here.when_asked = lambda: opened.append(watched.open)
    vending = vending_on(product, watched, product.issuer(world.authority), {"here": world.here})
    device = product.registry.show(OPERATOR, "sensor")
    vending.vend(device, parse_pem(csr(KEY, "sensor")), CALLER)
    assert opened
    assert set(opened) == {0}


def vending_on(
    product: Deployment, store: Store, issuer: Issuer, registrars: Mapping[str, Registrar], scope: str = ""
) -> Vending:
    registrations = Registrations(store, product.identities, product.steps, registrars)
    return Vending(store, product.devices, product.identities, issuer, registrations, scope=scope)
