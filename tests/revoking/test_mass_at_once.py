"""Mass revocations beside everything else: processes stop, and authorities are changed meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

from privyseal.ca.revocation.mass import Progress
from privyseal.ca.revocation.mass_model import State
from privyseal.ca.revocation.mass_work import LEASE, MAX_ATTEMPTS
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from tests.ca.test_promises import Promises
from tests.ca.world import CALLER, TEMPLATE, Refused, World, csr, pem
from tests.revoking.conftest import MIDDLE_TEMPLATE, Revoking, state, tree
from tests.stores import journals


def test_another_process_goes_on_where_one_has_stopped(workers: list[Revoking]) -> None:
    first, second = workers
    world = first.world
    low = world.subordinate(world.root())
    first.issue_many(low, 10)
    first.revoke_authority(low)
    progress = first.cascade(low, wait=False)
    lose_after(first.world, 4)
    first.work.work(Event())
    left = len(second.living(low))
    assert 0 < left < 10
    assert len(second.living(low)) == left
    assert second.carry_out(progress).order.state is State.RUNNING  # it is still the first one's
    world.clock.advance(LEASE)
    assert state(second.carry_out(progress)) == (State.COMPLETED, 10)
    told = [e["resource"] for e in journals.entries(world.store) if e["detail"].get("order")]
    assert len([each for each in told if "/certificate/" in each]) == 10
    assert len(set(told)) == len([each for each in told if "/certificate/" in each]) + 1


def lose_after(world: World, commits: int) -> None:
    """The store of a process fails after so many commits, as when it is killed: for good."""

    def count() -> None:
        nonlocal commits
        commits -= 1
        if commits < 0:
            world.store.commits_to_lose = 1
        world.store.before_commit = count

    world.store.before_commit = count


def test_who_was_too_slow_writes_nothing(workers: list[Revoking]) -> None:
    """Its lease has run out and another one has taken the order: it stops at once."""
    slow, quick = workers
    low = slow.world.subordinate(slow.world.root())
    slow.issue_many(low, 10)
    slow.revoke_authority(low)
    progress = slow.cascade(low, wait=False)
    ends: list[tuple[State, int]] = []

    def overtake() -> None:
        slow.world.clock.advance(timedelta(minutes=2))
        ends.append(state(quick.carry_out(progress)))

    wait_for_commit(slow.world, 3, overtake)
    slow.work.work(Event())
    assert ends == [(State.COMPLETED, 10)]
    assert state(slow.show(progress)) == (State.COMPLETED, 10)
    told = [e["resource"] for e in journals.entries(slow.world.store) if e["detail"].get("order")]
    assert len([each for each in told if "/certificate/" in each]) == 10


def wait_for_commit(world: World, number: int, act: Callable[[], None]) -> None:
    """`act` runs just before that commit of the process."""
    commits = iter(range(1, number))
    before_commit_when(world, lambda: next(commits, None) is None, act)


def before_commit_when(world: World, condition: Callable[[], bool], act: Callable[[], None]) -> None:
    """`act` runs just before the first commit that finds the condition true."""

    def look() -> None:
        if condition():
            act()
        else:
            world.store.before_commit = look

    world.store.before_commit = look


def test_an_order_that_never_comes_further_is_given_up(revoking: Revoking) -> None:
    low = revoking.world.subordinate(revoking.world.root())
    revoking.issue_many(low, 2)
    revoking.revoke_authority(low)
    progress = revoking.cascade(low, wait=False)
    for _ in range(MAX_ATTEMPTS):
        wait_for_commit(revoking.world, 2, lambda: lose(revoking.world))
        revoking.work.work(Event())
        assert revoking.show(progress).order.state is State.RUNNING
        revoking.world.clock.advance(LEASE)
    failed = revoking.carry_out(progress).order
    assert (failed.state, failed.failure) == (State.FAILED, "It was begun too often: the log says why.")
    assert state(revoking.cascade(low)) == (State.COMPLETED, 2)  # the same again


def lose(world: World) -> None:
    world.store.commits_to_lose = 1


def test_certificates_in_the_making_do_not_slip_through(revoking: Revoking, refused: Refused) -> None:
    """Signed before the order, not stored: the authority is another one by then."""
    world = revoking.world
    low = world.subordinate(world.root())
    revoking.issue_many(low, 2)
    revoking.revoke_authority(low)
    orders: list[Progress] = []

    def order() -> None:
        orders.append(revoking.cascade(low))

    world.store.before_commit = order
    refused(ErrorCode.INVALID_STATE, world.issue, low, csr("late"))
    assert state(orders[0]) == (State.COMPLETED, 2)
    assert revoking.living(low) == set()


def test_an_authority_that_is_switched_on_meanwhile_is_gone_through_again(revoking: Revoking) -> None:
    world = revoking.world
    root, high, middle, low = tree(revoking)
    for arn in (high, middle, low):
        revoking.issue_many(arn, 4)
    revoking.revoke_authority(high)
    progress = revoking.cascade(high, wait=False)

    def meddle() -> None:
        world.ca.authorities.update(CALLER, high, "ACTIVE", None)
        world.issue(high, csr("late"))

    def all_seen() -> bool:
        return all(step.done for _, step in revoking.show(progress).steps)

    before_commit_when(world, all_seen, meddle)
    assert state(revoking.carry_out(progress)) == (State.COMPLETED, 15)
    assert [revoking.living(arn) for arn in (high, middle, low)] == [set()] * 3
    assert world.status(high) is Status.DISABLED
    assert root


def test_an_authority_that_comes_to_life_meanwhile_is_switched_off(revoking: Revoking) -> None:
    """It had its certificate from above already, and had not installed it."""
    world = revoking.world
    root = world.root()
    high = world.subordinate(root, MIDDLE_TEMPLATE)
    late = world.create("SUBORDINATE")
    made = world.issue(
        high, world.csr_of(late), template_arn=f"{TEMPLATE}SubordinateCACertificate_PathLen0/V1"
    )
    above = world.ca.certification.certificate(CALLER, high)
    revoking.revoke_authority(high)
    progress = revoking.cascade(high, wait=False)
    chain = f"{above.certificate}\n{above.chain}".encode()
    world.ca.certification.install(CALLER, late, pem(made.der), chain)
    revoking.issue_many(late, 2)
    assert state(revoking.carry_out(progress)) == (State.COMPLETED, 3)
    assert (revoking.living(late), world.status(late)) == (set(), Status.DISABLED)


def test_promises_below_fail(revoking: Revoking) -> None:
    world = revoking.world
    low = world.subordinate(world.root())
    promises = Promises(world)
    promised = promises.promise(low, csr())
    revoking.revoke_authority(low)
    revoking.cascade(low)
    promises.sign()
    assert promises.state(low, promised) == "failed"
    assert revoking.living(low) == set()
