"""A registrar that is added later gets to know what devices have already."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from privyseal.ca.revocation.named import Name, Revoke
from privyseal.devices import limits
from privyseal.devices.catching_up import CatchingUp, Fit, Ordered, Rows
from privyseal.devices.enrolment import Enrolment
from privyseal.devices.identities import IdentityState
from privyseal.devices.lifecycle import Change
from privyseal.devices.registration import Registrations
from privyseal.devices.states import Event as DeviceEvent
from privyseal.devices.steps import StepState
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.registrars.device_ids import DEVICE_IDS
from privyseal.store import Tx
from privyseal.stores.sql import queries, sql
from tests.devices.deployment import ACCOUNT, OPERATOR, Deployment
from tests.devices.requests import csr
from tests.devices.test_retirement import retire
from tests.devices.test_vending import KEY, World
from tests.service import patience


class Later(World):
    """`here` is there from the beginning; `there` is added."""

    def enrolment(self) -> Enrolment:
        return self.product.enrolment(self.product.issuer(self.authority), {"here": self.here})

    def arn(self) -> str:
        return self.enrol(csr(KEY, "sensor")).arn

    def order(self, registrar: str | None = "there", after: str | None = None) -> Ordered:
        product = self.product
        rows = Rows(product.devices, product.identities, product.steps)
        woken: list[int] = []
        names = {"here": DEVICE_IDS["mosquitto"], "there": DEVICE_IDS["aws-iot"]}

        def fit(_: Tx) -> Fit:
            return lambda arn: () if ":iot:" in arn else names

        catching_up = CatchingUp(
            product.store, rows, product.witness, names, fit=fit, wake=lambda: woken.append(1)
        )
        found = catching_up.order(OPERATOR, registrar, after)
        assert bool(woken) == (found.ordered > 0)
        return found

    def catch_up(self) -> None:
        product = self.product
        registrars = {"here": self.here, "there": self.there}
        Registrations(product.store, product.identities, product.steps, registrars).work.catch_up(
            threading.Event()
        )

    def happens(self, event: DeviceEvent) -> None:
        assert list(self.product.lifecycle.change(OPERATOR, event, ["sensor"])) == [Change.CHANGED]

    def copies(self, count: int) -> None:
        """Certificates of other devices, made of one that there is."""
        product, (one,) = self.product, self.identities().values()

        def write(tx: Tx) -> None:
            for n in range(count):
                copy = replace(one, device_id=f"copy-{n}", arn=f"{one.arn[:-4]}{n:04x}")
                product.identities.insert(tx, copy)

        product.store.transact(write)


@pytest.fixture(name="world")
def world_fixture(product: Deployment) -> Later:
    return Later(product)


def test_what_a_device_may_use_is_registered_there(world: Later) -> None:
    """The one before too, as long as it works."""
    before, now = world.arn(), world.arn()
    found = world.order()
    assert (found.registrars, found.certificates, found.ordered, found.after) == (["there"], 2, 2, None)
    behind = world.product.store.view(lambda tx: world.product.steps.behind(tx, ACCOUNT, None, 10))
    assert {(each.arn, each.registrar, each.state) for each in behind} == {
        (arn, "there", StepState.PENDING) for arn in (before, now)
    }
    world.catch_up()
    assert sorted(world.there.active) == sorted([before, now])
    assert len(world.here.registered) == 2, "and nothing is done again where it was known"


def test_the_order_is_in_the_journal_in_its_commit(world: Later) -> None:
    world.arn()
    world.order()
    last = world.product.journal()[-1]
    assert (last["action"], last["principal"]) == (
        "privyseal:RegisterDeviceCertificates",
        OPERATOR.principal,
    )
    assert last["detail"] == {"registrars": ["there"], "certificates": 1, "ordered": 1}


def test_what_is_ordered_twice_is_done_once(world: Later) -> None:
    world.arn()
    assert [world.order().ordered for _ in range(2)] == [1, 0]
    world.catch_up()
    entries = len(world.product.journal())
    assert world.order().ordered == 0
    world.catch_up()
    assert len(world.there.registered) == 1
    assert len(world.product.journal()) == entries


def test_without_a_name_all_are_meant(world: Later) -> None:
    world.arn()
    found = world.order(None)
    assert (found.registrars, found.ordered) == (["here", "there"], 1)


def test_many_are_ordered_page_by_page_and_where_it_was_stopped_it_goes_on(world: Later) -> None:
    world.arn()
    world.copies(limits.REGISTRATIONS + 1)
    first = world.order()
    assert (first.certificates, first.ordered) == (limits.REGISTRATIONS, limits.REGISTRATIONS)
    again, rest = world.order(), world.order(after=first.after)
    assert (again.ordered, again.after) == (0, first.after)
    assert (rest.certificates, rest.ordered, rest.after) == (2, 2, None)
    world.catch_up()
    asked = Counter(each.arn for each in world.there.registered)
    assert (len(asked), set(asked.values())) == (limits.REGISTRATIONS + 2, {1})


def test_a_suspended_device_is_let_in_there_when_it_is_resumed(world: Later) -> None:
    arn = world.arn()
    world.happens(DeviceEvent.SUSPENDED)
    assert world.order().ordered == 1
    world.catch_up()
    assert world.there.registered == []
    world.happens(DeviceEvent.RESUMED)
    world.catch_up()
    assert world.there.active == [arn]


def test_what_is_on_hold_is_let_in_there_when_it_is_released(world: Later) -> None:
    arn, named = world.arn(), world.product.authorities.named_revoking
    named.revoke(OPERATOR, [Revoke(Name(arn), "CERTIFICATE_HOLD")])
    assert world.order().ordered == 1
    world.catch_up()
    assert world.there.registered == []
    named.release(OPERATOR, [Name(arn)])
    world.catch_up()
    assert world.there.active == [arn]


def test_what_nobody_may_use_is_not_registered(world: Later) -> None:
    """Retired, unfinished, and expired ones."""
    world.arn()
    world.happens(DeviceEvent.RETIRED)
    retire(world)
    assert world.order().certificates == 0


def test_what_is_not_finished_is_not_registered(world: Later) -> None:
    world.here.fail = ErrorCode.UNAVAILABLE
    world.refused(csr(KEY, "sensor"))
    assert set(world.states().values()) == {IdentityState.ISSUED}
    assert world.order().certificates == 0


def test_what_has_expired_is_not_registered(world: Later) -> None:
    world.arn()
    world.product.clock.advance(timedelta(days=4000))
    assert (world.order().certificates, world.order().ordered) == (1, 0)


def test_a_device_that_is_retired_meanwhile_is_not_let_in(world: Later) -> None:
    world.arn()
    world.order()
    world.happens(DeviceEvent.RETIRED)
    retire(world)
    world.catch_up()
    assert world.there.active == []
    assert set(world.states().values()) == {IdentityState.WITHDRAWN}


def test_what_a_registrar_cannot_have_is_left_out_or_named(world: Later) -> None:
    world.arn()
    product, (one,) = world.product, world.identities().values()
    wrong = replace(one, device_id="not a thing")
    elsewhere = replace(one, device_id="iot", arn="arn:aws:iot:eu-west-3:111122223333:cert/abc")
    for each in (wrong, elsewhere):
        product.store.transact(lambda tx, each=each: product.identities.insert(tx, each))  # type: ignore[misc]
    found = world.order()
    assert (found.certificates, found.ordered) == (3, 1)
    assert [(each.device_id, each.registrar) for each in found.unsuitable] == [("not a thing", "there")]


def test_a_registrar_that_there_is_not_is_refused_with_those_that_there_are(world: Later) -> None:
    with pytest.raises(PrivySealError, match="here, there") as caught:
        world.order("ther")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_what_is_taken_away_does_not_wait_for_what_is_caught_up_with(world: Later) -> None:
    arn = world.arn()
    world.order()
    world.catch_up()
    world.copies(5)
    world.product.clock.advance(timedelta(seconds=1))
    world.order()
    world.product.clock.advance(timedelta(seconds=1))
    world.happens(DeviceEvent.SUSPENDED)
    seen: list[int] = []
    suspend = world.there.suspend

    def noted(registration: object) -> None:
        seen.append(len(world.there.registered))
        suspend(registration)  # type: ignore[arg-type]

    world.there.suspend = noted  # type: ignore[method-assign]
    world.catch_up()
    assert seen == [1], "before the five others"
    assert arn not in world.there.active
    assert len(world.there.registered) == 6


def test_one_is_told_first_and_then_several_at_once(world: Later) -> None:
    """None of those goes on before all of them are there."""
    world.arn()
    world.copies(limits.STEPS_AT_ONCE)
    world.order()
    together = threading.Barrier(limits.STEPS_AT_ONCE, timeout=patience(20))

    def meet() -> None:
        if world.there.registered:
            together.wait()

    world.there.when_asked = meet
    world.catch_up()
    assert len(set(world.there.active)) == limits.STEPS_AT_ONCE + 1


def test_a_page_reads_no_more_than_it_shows(world: Later) -> None:
    """SQLite walks the index of certificates that devices have, and sorts nothing."""
    query = queries("device_identity")["released_page"]
    asked = {"account": ACCOUNT, "after": "arn", "limit": 5}

    def read(tx: Tx) -> list[str]:
        return [row["detail"] for row in sql(tx).rows(f"EXPLAIN QUERY PLAN {query}", **asked)]

    (plan,) = world.product.store.view(read)
    assert "USING INDEX device_certificate_issuer (account=? AND arn>?)" in plan


@pytest.mark.parametrize(("name", "index"), [("due_urgently", "urgent"), ("due", "due")])
def test_what_is_due_first_is_found_at_once_however_much_is_due(world: Later, name: str, index: str) -> None:
    query = queries("device_registration")[name]

    def read(tx: Tx) -> list[str]:
        asked = {"registrar": "there", "now": 1}
        return [row["detail"] for row in sql(tx).rows(f"EXPLAIN QUERY PLAN {query}", **asked)]

    (plan,) = world.product.store.view(read)
    assert f"USING INDEX device_registration_{index} (registrar=? AND due_at>? AND due_at<?)" in plan
