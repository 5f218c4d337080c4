"""Registrars of other regions: nobody waits for one that is away, and it catches up when it comes back."""

from datetime import timedelta
from threading import Event

import pytest

from privyseal.devices import limits
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.identities import IdentityState
from privyseal.devices.lifecycle import Change
from privyseal.devices.reach import AWAY_S, Reach
from privyseal.devices.registration import Registrations
from privyseal.devices.states import Event as DeviceEvent
from privyseal.devices.step_work import pause_after
from privyseal.devices.steps import Step, StepState
from privyseal.devices.vending import Enrolled, Vending
from privyseal.errors import ErrorCode, PrivySealError
from tests.ca.fakes import Interrupted
from tests.devices.deployment import ACCOUNT, OPERATOR, Deployment
from tests.devices.requests import csr
from tests.devices.test_retirement import retire
from tests.devices.test_vending import KEY, World

DONE, PENDING = StepState.DONE, StepState.PENDING
SUSPENDED, WITHDRAWN = StepState.SUSPENDED, StepState.WITHDRAWN


class Regions(World):
    """`here` is required, `there` is not. `seconds` is what the process measures time by."""

    def __init__(self, product: Deployment) -> None:
        super().__init__(product)
        self.seconds = 0.0
        self.reach = Reach(lambda: self.seconds)
        self.registrations = Registrations(
            product.store,
            product.identities,
            product.steps,
            {"here": self.here, "there": self.there},
            required={"here"},
            reach=self.reach,
        )

    def enrolment(self) -> Enrolment:
        product = self.product
        issuer = product.issuer(self.authority)
        vending = Vending(product.store, product.devices, product.identities, issuer, self.registrations)
        return Enrolment(product.store, product.devices, vending, account=ACCOUNT)

    def catch_up(self) -> None:
        """As another process does it, which has just been started."""
        product = self.product
        registrars = {"here": self.here, "there": self.there}
        another = Registrations(product.store, product.identities, product.steps, registrars)
        another.work.catch_up(Event())

    def step(self, issued: Enrolled, registrar: str = "there") -> Step:
        product, identity = self.product, self.identities()[issued.arn]
        return product.store.view(lambda tx: product.steps.of(tx, identity))[registrar]

    def happens(self, event: DeviceEvent) -> None:
        assert list(self.product.lifecycle.change(OPERATOR, event, ["sensor"])) == [Change.CHANGED]


@pytest.fixture(name="world")
def world_fixture(product: Deployment) -> Regions:
    return Regions(product)


def test_where_everybody_can_be_reached_everybody_is_told_before_the_release(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    assert world.here.active == world.there.active == [issued.arn]
    assert (world.step(issued).state, world.step(issued).due_at) == (DONE, None)


@pytest.mark.parametrize("code", [ErrorCode.UNAVAILABLE, ErrorCode.THROTTLED, ErrorCode.FAILED])
def test_a_device_gets_its_certificate_though_another_region_is_away(world: Regions, code: ErrorCode) -> None:
    world.there.fail = code
    issued = world.enrol(csr(KEY, "sensor"))
    assert world.here.active == [issued.arn]
    assert issued.endpoint == "here.example", "never where the certificate is not yet"
    found = world.step(issued)
    assert (found.state, found.wanted, found.due_at) == (PENDING, DONE, world.product.clock.now())


def test_what_is_required_still_has_to_succeed(world: Regions) -> None:
    world.here.fail = ErrorCode.UNAVAILABLE
    assert world.refused(csr(KEY, "sensor")).code is ErrorCode.UNAVAILABLE
    assert world.there.registered == [], "the required ones come first"
    assert world.noted() is None


def test_it_catches_up_when_the_region_is_back_once(world: Regions) -> None:
    world.there.fail = ErrorCode.UNAVAILABLE
    issued = world.enrol(csr(KEY, "sensor"))
    world.catch_up()
    found = world.step(issued)
    assert (found.attempts, found.problem) == (1, "what the operator should know")
    world.there.fail = None
    world.catch_up()
    assert world.there.active == [], "not before some time has passed"
    world.product.clock.advance(limits.PROBE)
    world.catch_up()
    world.catch_up()
    assert world.there.active == [issued.arn]
    assert len(world.there.registered) == 1
    assert (world.step(issued).state, world.step(issued).problem) == (DONE, "")
    told = world.product.journal()[-1]
    assert (told["action"], told["principal"]) == (
        "privyseal:RegisterDeviceCertificate",
        "service:registrars",
    )


def test_devices_do_not_wait_for_a_region_that_was_away_a_moment_ago(world: Regions) -> None:
    asked: list[int] = []
    world.there.when_asked = lambda: asked.append(1)
    world.there.fail = ErrorCode.UNAVAILABLE
    for _ in range(3):
        world.enrol(csr(KEY, "sensor"))
    assert len(asked) == 1
    world.there.fail = None
    world.seconds += AWAY_S
    issued = world.enrol(csr(KEY, "sensor"))
    assert world.there.active == [issued.arn], "… and are there at once when it is back"


def test_a_refusal_is_about_one_certificate_and_not_about_the_region(world: Regions) -> None:
    world.there.fail = ErrorCode.FAILED
    world.enrol(csr(KEY, "sensor"))
    world.there.fail = None
    issued = world.enrol(csr(KEY, "sensor"))
    assert world.there.active == [issued.arn]


def test_a_region_that_is_away_is_tried_with_one_certificate_and_not_with_each(world: Regions) -> None:
    world.there.fail = ErrorCode.UNAVAILABLE
    issued = [world.enrol(csr(KEY, "sensor")) for _ in range(3)]
    asked: list[int] = []
    world.there.when_asked = lambda: asked.append(1)
    world.catch_up()
    assert len(asked) == 1
    world.product.clock.advance(limits.PROBE)
    world.there.fail = None
    world.catch_up()
    assert sorted(world.there.active) == sorted(each.arn for each in issued)


def test_one_that_is_refused_does_not_keep_the_others_waiting(world: Regions) -> None:
    world.there.fail = ErrorCode.UNAVAILABLE
    issued = [world.enrol(csr(KEY, "sensor")) for _ in range(2)]

    def refuse_once() -> None:
        world.there.fail = ErrorCode.FAILED if not failed else None
        failed.append(1)

    failed: list[int] = []
    world.there.when_asked = refuse_once
    world.catch_up()
    assert len(world.there.active) == 1
    assert len([each for each in issued if world.step(each).problem]) == 1


def test_an_unfinished_enrolment_is_nobody_s_to_catch_up_with(world: Regions) -> None:
    world.here.fail = ErrorCode.UNAVAILABLE
    world.refused(csr(KEY, "sensor"))
    world.here.fail = None
    world.catch_up()
    assert world.here.registered == world.there.registered == []


def test_whoever_dies_at_it_is_replaced_when_the_lease_is_over(world: Regions) -> None:
    world.there.fail = ErrorCode.UNAVAILABLE
    issued = world.enrol(csr(KEY, "sensor"))
    world.there.fail = None

    class KilledError(Exception):
        pass

    def die() -> None:
        raise KilledError

    world.there.when_asked = die
    with pytest.raises(KilledError):
        world.catch_up()
    world.there.when_asked = lambda: None
    world.catch_up()
    assert world.there.active == [], "somebody may still be at it"
    world.product.clock.advance(limits.STEP_LEASE)
    world.catch_up()
    assert world.there.active == [issued.arn]


def test_suspending_and_resuming_are_told_to_every_registrar(world: Regions) -> None:
    before, now = (world.enrol(csr(KEY, "sensor")) for _ in range(2))
    world.happens(DeviceEvent.SUSPENDED)
    world.catch_up()
    assert world.here.active == world.there.active == []
    assert {told.reference for told in world.here.suspended} == {
        f"reference of {each.arn}" for each in (before, now)
    }
    assert [each["action"] for each in world.product.journal()[-4:]] == [
        "privyseal:SuspendDeviceCertificate"
    ] * 4
    world.happens(DeviceEvent.RESUMED)
    world.catch_up()
    assert sorted(world.here.active) == sorted(world.there.active) == sorted([before.arn, now.arn])


def test_a_suspension_reaches_a_region_that_was_away(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    world.there.fail = ErrorCode.UNAVAILABLE
    world.happens(DeviceEvent.SUSPENDED)
    world.catch_up()
    assert (world.here.active, world.there.active) == ([], [issued.arn])
    world.there.fail = None
    world.product.clock.advance(limits.PROBE)
    world.catch_up()
    assert world.there.active == []
    assert world.step(issued).state is SUSPENDED


def test_a_device_that_is_suspended_before_a_region_has_it_is_not_let_in_there(world: Regions) -> None:
    world.there.fail = ErrorCode.UNAVAILABLE
    issued = world.enrol(csr(KEY, "sensor"))
    world.there.fail = None
    world.happens(DeviceEvent.SUSPENDED)
    world.catch_up()
    assert world.there.registered == []
    world.happens(DeviceEvent.RESUMED)
    world.catch_up()
    assert world.there.active == [issued.arn]


def test_a_suspension_whose_answer_is_lost_is_undone_by_resuming(world: Regions) -> None:
    """The registrar has it suspended, and we do not know."""
    issued = world.enrol(csr(KEY, "sensor"))
    suspend = world.there.suspend

    def lose(registration: object) -> None:
        suspend(registration)  # type: ignore[arg-type]
        raise PrivySealError(ErrorCode.UNAVAILABLE, "cut")

    world.there.suspend = lose  # type: ignore[method-assign]
    world.happens(DeviceEvent.SUSPENDED)
    world.catch_up()
    assert world.there.active == []
    world.happens(DeviceEvent.RESUMED)
    world.catch_up()
    assert world.there.active == [issued.arn]


def test_what_is_resumed_while_it_is_being_suspended_is_active_in_the_end(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))

    def resume() -> None:
        world.there.when_asked = lambda: None
        world.happens(DeviceEvent.RESUMED)

    world.happens(DeviceEvent.SUSPENDED)
    world.there.when_asked = resume
    world.catch_up()
    world.catch_up()
    assert world.here.active == world.there.active == [issued.arn]
    assert len(world.there.suspended) == 1


@pytest.mark.parametrize("was", ["behind", "suspended", "registered"])
def test_a_retired_device_is_withdrawn_everywhere_however_it_was(world: Regions, was: str) -> None:
    if was == "behind":
        world.there.fail = ErrorCode.UNAVAILABLE
    issued = world.enrol(csr(KEY, "sensor"))
    world.there.fail = None
    if was == "suspended":
        world.happens(DeviceEvent.SUSPENDED)
        world.catch_up()
    world.happens(DeviceEvent.RETIRED)
    retire(world)
    world.catch_up()
    assert world.here.active == world.there.active == []
    assert {world.step(issued, name).state for name in ("here", "there")} == {WITHDRAWN}
    assert world.states() == {issued.arn: IdentityState.WITHDRAWN}


def test_one_region_that_is_away_does_not_keep_the_others_from_withdrawing(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    world.here.fail = ErrorCode.UNAVAILABLE
    world.happens(DeviceEvent.RETIRED)
    retire(world)
    assert (world.here.active, world.there.active) == ([issued.arn], [])
    assert world.states() == {issued.arn: IdentityState.WITHDRAWING}
    world.here.fail = None
    world.product.clock.advance(limits.PROBE)
    world.catch_up()
    assert world.here.active == [], "as soon as it is back"
    world.product.clock.advance(timedelta(minutes=10))
    retire(world)
    assert world.states() == {issued.arn: IdentityState.WITHDRAWN}
    assert len(world.there.withdrawn) == len(world.here.withdrawn) == 1


def test_a_suspended_device_that_is_retired_is_not_let_in_again_by_what_came_before(world: Regions) -> None:
    world.enrol(csr(KEY, "sensor"))
    world.happens(DeviceEvent.SUSPENDED)
    world.happens(DeviceEvent.RETIRED)
    retire(world)
    world.catch_up()
    assert world.here.active == world.there.active == []


def test_no_transaction_is_open_while_a_registrar_catches_up(world: Regions) -> None:
    product = world.product
    world.there.fail = ErrorCode.UNAVAILABLE
    world.enrol(csr(KEY, "sensor"))
    world.there.fail = None
    watched, opened = Interrupted(product.store), []
    world.there.when_asked = lambda: opened.append(watched.open)
    registrars = {"there": world.there}
    Registrations(watched, product.identities, product.steps, registrars).work.catch_up(Event())
    assert opened == [0]


def test_there_is_work_waiting_only_when_there_is(world: Regions) -> None:
    work, store = world.registrations.work, world.product.store
    world.enrol(csr(KEY, "sensor"))
    assert not store.view(work.waiting)
    world.happens(DeviceEvent.SUSPENDED)
    assert store.view(work.waiting)
    work.catch_up(Event())
    assert not store.view(work.waiting)


def test_pauses_grow_up_to_their_end() -> None:
    pauses = [pause_after(attempts, limits.STEP_PAUSE_AWAY) for attempts in range(100)]
    assert pauses[:3] == [limits.PROBE, 2 * limits.PROBE, 4 * limits.PROBE]
    assert pauses == sorted(pauses)
    assert pauses[-1] == limits.STEP_PAUSE_AWAY
