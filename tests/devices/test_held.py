"""A hold on a device's certificate, and its release, are told to every registrar."""

import pytest

from privyseal.ca.revocation.named import Name, Revoke
from privyseal.ca.revocation.standing import Standing
from privyseal.devices import limits
from privyseal.devices.identities import IdentityState
from privyseal.devices.lifecycle import Change
from privyseal.devices.states import Event
from privyseal.devices.steps import StepState
from privyseal.errors import ErrorCode
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql
from tests.devices.deployment import ACCOUNT, OPERATOR, Deployment
from tests.devices.requests import csr
from tests.devices.test_following import certificate, stands
from tests.devices.test_many_regions import Regions
from tests.devices.test_retirement import retire
from tests.devices.test_vending import KEY

DONE, SUSPENDED, WITHDRAWN = StepState.DONE, StepState.SUSPENDED, StepState.WITHDRAWN


@pytest.fixture(name="world")
def world_fixture(product: Deployment) -> Regions:
    return Regions(product)


def hold(world: Regions, *arns: str, reason: str = "CERTIFICATE_HOLD") -> None:
    orders = [Revoke(Name(arn), reason) for arn in arns]
    answers = world.product.authorities.named_revoking.revoke(OPERATOR, orders)
    assert not any(isinstance(each, Exception) for each in answers)


def release(world: Regions, arn: str) -> None:
    (answer,) = world.product.authorities.named_revoking.release(OPERATOR, [Name(arn)])
    assert not isinstance(answer, Exception)


def test_what_is_held_is_let_in_nowhere_until_it_is_released(world: Regions) -> None:
    before, now = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    hold(world, now)
    world.catch_up()
    assert world.here.active == world.there.active == [before]
    assert [each["action"] for each in world.product.journal()[-2:]] == [
        "privyseal:SuspendDeviceCertificate"
    ] * 2
    release(world, now)
    world.catch_up()
    assert sorted(world.here.active) == sorted(world.there.active) == sorted([before, now])
    assert len(world.here.suspended) == 1


def test_what_is_behind_is_in_the_commit_of_the_hold(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    hold(world, issued.arn)
    step = world.step(issued)
    assert (step.state, step.wanted, step.due_at) == (DONE, SUSPENDED, world.product.clock.now())
    release(world, issued.arn)
    assert (world.step(issued).wanted, world.step(issued).due_at) == (DONE, None), "nobody has been told"


def test_a_hold_reaches_a_region_that_was_away(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    world.there.fail = ErrorCode.UNAVAILABLE
    hold(world, issued.arn)
    world.catch_up()
    assert (world.here.active, world.there.active) == ([], [issued.arn])
    world.there.fail = None
    world.product.clock.advance(limits.PROBE)
    world.catch_up()
    assert world.there.active == []


def test_resuming_a_device_lets_nothing_in_that_somebody_else_has_put_on_hold(world: Regions) -> None:
    held, good = (world.enrol(csr(KEY, "sensor")).arn for _ in range(2))
    hold(world, held)
    for event in (Event.SUSPENDED, Event.RESUMED):
        world.happens(event)
        world.catch_up()
    assert world.here.active == world.there.active == [good]
    assert stands(world, held, good) == [Standing.HELD, Standing.GOOD]
    release(world, held)
    world.catch_up()
    assert sorted(world.there.active) == sorted([held, good])


def test_releasing_a_hold_lets_no_suspended_device_in(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    hold(world, issued.arn)
    world.happens(Event.SUSPENDED)
    release(world, issued.arn)
    world.catch_up()
    assert world.here.active == world.there.active == []
    world.happens(Event.RESUMED)
    world.catch_up()
    assert world.here.active == world.there.active == [issued.arn]


def test_what_is_held_and_then_revoked_is_withdrawn_for_good(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    hold(world, issued.arn)
    hold(world, issued.arn, reason="KEY_COMPROMISE")
    retire(world)
    world.catch_up()
    assert {world.step(issued, name).state for name in ("here", "there")} == {WITHDRAWN}
    assert world.states() == {issued.arn: IdentityState.WITHDRAWN}


def test_what_is_held_before_it_is_finished_is_not_let_in_when_it_is(world: Regions) -> None:
    request = csr(KEY, "sensor")
    world.here.fail = ErrorCode.UNAVAILABLE
    world.refused(request)
    world.here.fail = None
    (arn,) = world.states()
    hold(world, arn)
    assert world.enrol(request).arn == arn
    world.catch_up()
    assert world.here.active == world.there.active == []
    release(world, arn)
    world.catch_up()
    assert world.here.active == world.there.active == [arn]


def test_certificates_that_no_device_has_are_nobody_s_to_follow(world: Regions) -> None:
    arn, product = world.enrol(csr(KEY, "sensor")).arn, world.product
    other = product.enrolment(product.issuer(world.authority))
    unregistered = other.enrol(csr(KEY, "sensor"), "sensor", request_id="r").arn
    hold(world, unregistered)
    world.catch_up()
    assert world.here.active == [arn]
    assert certificate(world, unregistered).revoked_at


def test_a_retired_device_stays_so_whatever_is_released(world: Regions) -> None:
    issued = world.enrol(csr(KEY, "sensor"))
    hold(world, issued.arn)
    assert list(world.product.lifecycle.change(OPERATOR, Event.RETIRED, ["sensor"])) == [Change.CHANGED]
    release(world, issued.arn)
    retire(world)
    world.catch_up()
    assert world.here.active == world.there.active == []
    assert stands(world, issued.arn) == [Standing.REVOKED]


@pytest.mark.parametrize("name", ["held", "released_from_hold"])
def test_a_hold_looks_for_its_certificates_along_indexes(world: Regions, name: str) -> None:
    query = queries("device_identity")[name]
    asked = {"account": ACCOUNT, "arns": ["a", "b"], "now": 1}

    def read(tx: Tx) -> list[str]:
        return [row["detail"] for row in sql(tx).rows(f"EXPLAIN QUERY PLAN {query}", **asked)]

    plan = world.product.store.view(read)
    assert not [line for line in plan if line.startswith("SCAN")], plan
    assert any("device_certificate_issuer (account=? AND arn=? AND state=?)" in line for line in plan), plan
