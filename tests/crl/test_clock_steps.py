"""The clock is set back, or was far ahead: nothing that is revoked stays out of CRLs."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from privyseal.ca.revocation import timing
from privyseal.errors import ErrorCode, PrivySealError
from tests.ca.world import CALLER, STRANGER
from tests.crl.conftest import Scene, enabled, id_of
from tests.stores import journals

BACK = timedelta(minutes=-4)
MONTH = timedelta(days=30)


def test_a_delta_lists_what_was_revoked_after_the_clock_was_set_back(scenes: Callable[..., Scene]) -> None:
    """Though its base is of a later time; and the CRL is made within the interval."""
    scene = scenes(deltas=True)
    arn = scene.world.root(revocation=enabled())
    name = id_of(arn)
    bad = scene.issue(arn, "bad")
    scene.world.clock.advance(timedelta(minutes=1))
    scene.make()
    base = scene.document(name)
    scene.world.clock.advance(BACK)
    scene.revoke(arn, bad)
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    assert scene.document(name).number > base.number
    assert scene.serials(name) == scene.serials(name, delta=True) == {bad.serial_number}
    (entry,) = scene.crl(name)
    assert entry.revocation_date_utc == (scene.world.clock.now() - timing.GATHER).replace(microsecond=0)


def test_after_a_jump_ahead_crls_fail_loudly_until_they_are_restarted(scenes: Callable[..., Scene]) -> None:
    """At once and again, also where nothing is revoked; the restart publishes all, of the present."""
    scene = scenes(deltas=True)
    world = scene.world
    arn = world.root(revocation=enabled())
    name = id_of(arn)
    first, second, third = (
        scene.issue(arn, each, validity=("DAYS", 90)) for each in ("first", "second", "third")
    )
    scene.revoke(arn, first)
    scene.make()
    world.clock.advance(MONTH)
    scene.revoke(arn, second)
    world.clock.advance(timing.GATHER)
    scene.make()
    ahead = scene.document(name)
    world.clock.advance(-MONTH)
    scene.make()
    assert [each.get("result") for each in scene.told()][-1] == "failure"
    scene.revoke(arn, third)
    failures = len(scene.told())
    world.clock.advance(timing.RETRY_FIRST)
    scene.make()
    assert len(scene.told()) == failures + 1
    assert "clock" in scene.told()[-1]["reason"]
    assert scene.document(name) == ahead
    assert world.ca.crl_restarting.restart(CALLER, arn) == 1
    scene.make()
    found = scene.document(name)
    assert found.number > ahead.number
    assert found.this_update == world.clock.now().replace(microsecond=0)
    assert scene.serials(name) == {each.serial_number for each in (first, second, third)}
    assert scene.row(name).base == found.number
    told = [each for each in journals.entries(world.store) if each["action"] == "privyseal:RestartCrls"]
    assert [(each["resource"], each["detail"]) for each in told] == [(arn, {"crls": 1})]
    fourth = scene.issue(arn, "fourth")
    scene.revoke(arn, fourth)
    world.clock.advance(timing.INTERVAL)
    scene.make()
    assert scene.serials(name, delta=True) == {fourth.serial_number}


def test_a_revocation_alone_makes_a_crl_of_the_future_due_soon(scene: Scene) -> None:
    """An older failure that is to be tried again at a time of the future does not put it off."""
    arn = scene.world.root(revocation=enabled())
    bad = scene.issue(arn, "bad")
    scene.world.clock.advance(MONTH)
    scene.make()
    scene.world.clock.advance(-MONTH)
    scene.revoke(arn, bad)
    scene.world.clock.advance(timing.GATHER)
    scene.make()
    assert [each.get("result") for each in scene.told()] == [None, "failure"]


def test_only_crls_that_are_made_are_restarted_and_only_by_their_account(scene: Scene) -> None:
    """The others are not there."""
    restart = scene.world.ca.crl_restarting.restart
    for caller, arn, code in (
        (CALLER, scene.world.root(), ErrorCode.INVALID_STATE),
        (STRANGER, scene.world.root(revocation=enabled()), ErrorCode.NOT_FOUND),
    ):
        with pytest.raises(PrivySealError) as refusal:
            restart(caller, arn)
        assert refusal.value.code is code
