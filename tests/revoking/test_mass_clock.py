"""Mass revocations while the clock is set back, or an authority is switched on before the end."""

from datetime import timedelta
from threading import Event

from privyseal.ca.revocation import timing
from privyseal.ca.revocation.mass_model import Filter, State
from privyseal.ca.states import Status
from tests.ca.world import CALLER
from tests.crl.conftest import enabled, id_of
from tests.revoking.conftest import Revoking, serials, state, tree

BACK = timedelta(minutes=-4)


def test_an_order_waits_for_a_crl_that_lists_it_after_the_clock_was_set_back(revoking: Revoking) -> None:
    """The CRL before is of a later time, but knows nothing of it."""
    root = revoking.world.root(revocation=enabled())
    issued = revoking.issue_many(root, 4)
    revoking.world.clock.advance(timedelta(minutes=1))
    revoking.make()
    revoking.world.clock.advance(BACK)
    progress = revoking.filtered(root, Filter(subject="device"))
    assert progress.order.state is State.PUBLISHING
    assert progress.waiting_for == [id_of(root)]
    revoking.world.clock.advance(timing.GATHER)
    revoking.make()
    assert state(revoking.carry_out(progress)) == (State.COMPLETED, 4)
    assert revoking.serials(id_of(root)) == serials(issued)


def test_a_filter_finds_what_was_issued_before_the_clock_was_set_back(revoking: Revoking) -> None:
    """It is of a later time than the order."""
    root = revoking.world.root()
    issued = serials(revoking.issue_many(root, 4))
    revoking.world.clock.advance(BACK)
    assert state(revoking.filtered(root, Filter(subject="device"))) == (State.COMPLETED, 4)
    assert not issued & revoking.living(root)


def test_an_authority_that_is_switched_on_while_crls_are_waited_for_is_gone_through_again(
    revoking: Revoking,
) -> None:
    """What it has issued meanwhile goes too, before the order is done."""
    world = revoking.world
    _, high, *_ = tree(revoking)
    world.ca.authorities.update(CALLER, high, None, enabled())
    revoking.make()
    revoking.issue_many(high, 2)
    revoking.revoke_authority(high)
    progress = revoking.cascade(high)
    assert progress.order.state is State.PUBLISHING
    world.ca.authorities.update(CALLER, high, Status.ACTIVE, None)
    (late,) = revoking.issue_many(high, 1)
    for _ in range(3):
        world.clock.advance(timing.INTERVAL + timing.GATHER)
        revoking.make()
        revoking.work.work(Event())
    assert revoking.show(progress).order.state is State.COMPLETED
    assert late.arn.serial not in revoking.living(high)
    assert late.arn.serial in revoking.serials(id_of(high))
    assert world.status(high) is Status.DISABLED
