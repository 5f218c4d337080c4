"""The contract of `devices.step_ports.Steps`, over every store."""

from dataclasses import replace
from datetime import timedelta

from privyseal.clock import FixedClock
from privyseal.devices.identities import Identity
from privyseal.devices.steps import Step, StepState
from privyseal.store import Store
from privyseal.stores.repositories.steps import SqlSteps
from tests.stores.rows import NOW
from tests.stores.test_identities import ACCOUNT, FIRST, SECOND

STEPS = SqlSteps()
PENDING, DONE, SUSPENDED, WITHDRAWN = StepState
LEASE = timedelta(minutes=2)


def step(registrar: str, state: StepState = PENDING, reference: str = "") -> Step:
    return Step(ACCOUNT, "sensor", "arn:1", registrar, state, reference)


def insert(store: Store, identity: Identity, *registrars: str) -> None:
    store.transact(lambda tx: STEPS.insert(tx, identity, registrars))


def want(store: Store, wanted: StepState) -> None:
    store.transact(lambda tx: STEPS.want(tx, FIRST, wanted))


def steps(store: Store, identity: Identity = FIRST) -> dict[str, Step]:
    return dict(store.view(lambda tx: STEPS.of(tx, identity)))


def due(store: Store, registrar: str = "a") -> Step | None:
    return store.view(lambda tx: STEPS.due(tx, registrar))


def begin(store: Store, registrar: str = "a") -> Step:
    """A lease from now on."""
    found = steps(store)[registrar]
    until = store.view(lambda tx: tx.now) + LEASE
    assert store.transact(lambda tx: STEPS.begin(tx, found, until))
    return replace(found, leased_until=until)


def test_a_step_is_pending_until_it_is_put(store: Store) -> None:
    insert(store, FIRST, "a", "b")
    store.transact(lambda tx: STEPS.put(tx, FIRST, "b", DONE, "there"))
    store.transact(lambda tx: STEPS.put(tx, FIRST, "c", DONE, ""))
    insert(store, FIRST, "a", "b")
    assert steps(store) == {"a": step("a"), "b": step("b", DONE, "there"), "c": step("c", DONE)}
    assert steps(store, SECOND) == {}


def test_nothing_is_due_until_something_is_wanted_that_is_not_done(store: Store) -> None:
    insert(store, FIRST, "a", "b")
    insert(store, SECOND, "a")
    store.transact(lambda tx: STEPS.put(tx, FIRST, "b", DONE, "there"))
    assert (due(store, "a"), due(store, "b")) == (None, None)
    want(store, DONE)
    assert due(store, "a") == replace(step("a"), due_at=NOW)
    assert due(store, "b") is None
    want(store, SUSPENDED)
    assert due(store, "b") == replace(step("b", DONE, "there"), wanted=SUSPENDED, due_at=NOW)
    want(store, DONE)
    assert due(store, "b") is None, "what was wanted is taken back before anybody has begun"


def test_what_is_wanted_withdrawn_stays_so(store: Store) -> None:
    insert(store, FIRST, "a")
    want(store, WITHDRAWN)
    want(store, DONE)
    found = due(store)
    assert found
    assert found.wanted is WITHDRAWN


def test_who_begins_has_it_alone_until_the_lease_is_over(store: Store, clock: FixedClock) -> None:
    insert(store, FIRST, "a")
    want(store, DONE)
    first = begin(store)
    assert due(store) is None
    assert not store.transact(lambda tx: STEPS.begin(tx, first, tx.now + LEASE))
    clock.advance(LEASE)
    second = begin(store)
    assert not store.transact(lambda tx: STEPS.finish(tx, first, "late")), "somebody else has taken over"
    store.transact(lambda tx: STEPS.fail(tx, first, "late", tx.now))
    assert store.transact(lambda tx: STEPS.finish(tx, second, "there"))
    assert steps(store)["a"] == step("a", DONE, "there")


def test_what_has_begun_is_not_known_until_it_is_finished(store: Store) -> None:
    """So that resuming repairs a suspension whose answer was lost."""
    insert(store, FIRST, "a")
    store.transact(lambda tx: STEPS.put(tx, FIRST, "a", DONE, "there"))
    want(store, SUSPENDED)
    begun = begin(store)
    store.transact(lambda tx: STEPS.fail(tx, begun, "cut", tx.now + timedelta(hours=1)))
    want(store, DONE)
    found = due(store)
    assert found
    assert (found.state, found.wanted, found.reference) == (PENDING, DONE, "there")


def test_what_is_wanted_meanwhile_is_due_at_once(store: Store) -> None:
    insert(store, FIRST, "a", "b")
    want(store, DONE)
    one, other = begin(store, "a"), begin(store, "b")
    want(store, SUSPENDED)
    assert store.transact(lambda tx: STEPS.finish(tx, one, "there"))
    store.transact(lambda tx: STEPS.fail(tx, other, "no", tx.now + timedelta(hours=1)))
    for name, state in (("a", DONE), ("b", PENDING)):
        found = due(store, name)
        assert found
        assert (found.state, found.wanted, found.due_at) == (state, SUSPENDED, NOW)


def test_who_puts_what_is_not_wanted_any_more_leaves_something_to_do(store: Store) -> None:
    insert(store, FIRST, "a")
    want(store, WITHDRAWN)
    begun = begin(store)
    assert store.transact(lambda tx: STEPS.finish(tx, begun, ""))
    assert due(store) is None
    store.transact(lambda tx: STEPS.put(tx, FIRST, "a", DONE, "there"))
    found = due(store)
    assert found
    assert (found.state, found.wanted) == (DONE, WITHDRAWN)


def test_a_failure_is_told_and_due_again_later(store: Store, clock: FixedClock) -> None:
    insert(store, FIRST, "a")
    want(store, DONE)
    for attempts in (1, 2):
        begun = begin(store)
        store.transact(lambda tx, begun=begun: STEPS.fail(tx, begun, "no", tx.now + LEASE))  # type: ignore[misc]
        assert due(store) is None
        clock.advance(LEASE)
        found = due(store)
        assert found
        assert (found.attempts, found.problem, found.leased_until) == (attempts, "no", None)
    begun = begin(store)
    assert store.transact(lambda tx: STEPS.finish(tx, begun, "there"))
    assert steps(store)["a"] == step("a", DONE, "there")


def test_what_is_behind_is_listed_page_by_page(store: Store) -> None:
    for each in (FIRST, SECOND, replace(FIRST, device_id="meter"), replace(FIRST, account="4" * 12)):
        insert(store, each, "b", "a")
        store.transact(lambda tx, each=each: STEPS.want(tx, each, DONE))  # type: ignore[misc]
    store.transact(lambda tx: STEPS.put(tx, SECOND, "a", DONE, ""))
    expected = [
        ("meter", "arn:1", "a"),
        ("meter", "arn:1", "b"),
        ("sensor", "arn:1", "a"),
        ("sensor", "arn:1", "b"),
        ("sensor", "arn:2", "b"),
    ]
    found, after = [], None
    while page := store.view(lambda tx, after=after: STEPS.behind(tx, ACCOUNT, after, 2)):  # type: ignore[misc]
        found += [(each.device_id, each.arn, each.registrar) for each in page]
        after = found[-1]
    assert found == expected


def test_a_step_that_is_added_is_due_and_one_that_is_there_stays(store: Store) -> None:
    insert(store, FIRST, "a")
    added = store.transact(lambda tx: [STEPS.add(tx, FIRST, name, DONE) for name in ("a", "b", "b")])
    assert added == [False, True, False]
    assert (due(store, "a"), steps(store)["b"]) == (None, replace(step("b"), due_at=NOW))
    assert store.transact(lambda tx: STEPS.add(tx, SECOND, "b", SUSPENDED))
    assert steps(store, SECOND)["b"].wanted is SUSPENDED


def test_what_is_to_be_taken_away_is_due_first(store: Store, clock: FixedClock) -> None:
    """However long there is something else to do."""
    store.transact(lambda tx: STEPS.add(tx, FIRST, "a", DONE))
    clock.advance(timedelta(minutes=1))
    store.transact(lambda tx: STEPS.add(tx, SECOND, "a", SUSPENDED))
    found = due(store)
    assert found is not None
    assert (found.arn, found.wanted) == (SECOND.arn, SUSPENDED)
    assert store.transact(lambda tx: STEPS.begin(tx, found, tx.now + LEASE))
    left = due(store)
    assert left is not None
    assert left.wanted is DONE


def test_settled_is_what_is_wanted_and_what_is_not_is_due(store: Store) -> None:
    insert(store, FIRST, "a", "b", "c")
    store.transact(lambda tx: STEPS.put(tx, FIRST, "b", DONE, "there"))
    store.transact(lambda tx: STEPS.settle(tx, FIRST))
    assert [each.registrar for each in steps(store).values() if each.due_at] == ["a", "c"]
    want(store, SUSPENDED)
    store.transact(lambda tx: STEPS.settle(tx, FIRST))
    assert {each.wanted for each in steps(store).values()} == {SUSPENDED}
