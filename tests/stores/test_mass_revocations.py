"""The contract of `ca.revocation.ports.MassRevocations`, for every store."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from privyseal.ca.model import Certificate
from privyseal.ca.revocation.mass_model import Filter, MassRevocation, Refusal, State, Step
from privyseal.ca.revocation.reasons import HOLD
from privyseal.clock import FixedClock
from privyseal.names import AuthorityArn, new_id
from privyseal.store import Tx, UniqueError
from privyseal.stores.repositories.certificates import SqlCertificates
from privyseal.stores.repositories.mass_revocations import SCAN, SqlMassRevocations
from tests.stores.conftest import Database
from tests.stores.rows import ACCOUNT, CALLER, NOW, REGION, certificate

ROWS = SqlMassRevocations()
A = new_id()
SECOND = timedelta(seconds=1)
FULL = Filter("EndEntityCertificate/V1", "O=Zürich", NOW - SECOND, NOW)


def order(**changes: Any) -> MassRevocation:
    made = MassRevocation(
        id=new_id(),
        authority=AuthorityArn(REGION, ACCOUNT, new_id()),
        filter=None,
        reason="KEY_COMPROMISE",
        invalidity_date=None,
        caller=CALLER,
        state=State.RUNNING,
        created_at=NOW,
        leased_until=NOW,
    )
    return replace(made, **changes)


def add(store: Database, *orders: MassRevocation) -> None:
    def write(tx: Tx) -> None:
        for each in orders:
            ROWS.insert(tx, each)

    store.transact(write)


def put(store: Database, step: Step) -> None:
    store.transact(lambda tx: ROWS.put_step(tx, step))


def find(store: Database, made: MassRevocation) -> MassRevocation | None:
    return store.view(lambda tx: ROWS.find(tx, ACCOUNT, made.id))


def take(store: Database, holder: str, seconds: int = 10) -> MassRevocation | None:
    return store.transact(lambda tx: ROWS.take(tx, holder, tx.now + seconds * SECOND))


def test_an_order_comes_back_as_it_was_stored(store: Database) -> None:
    plain = order()
    filled = order(filter=FULL, invalidity_date=NOW, finished_at=NOW, failure="x", state=State.FAILED)
    add(store, plain, filled)
    assert [find(store, plain), find(store, filled)] == [plain, filled]
    assert [plain.scope, filled.scope] == ["CASCADE", "FILTER"]
    assert store.view(lambda tx: ROWS.find(tx, "444455556666", plain.id)) is None


def test_an_authority_has_one_running_order(store: Database) -> None:
    first = order()
    add(store, first)
    with pytest.raises(UniqueError):
        add(store, order(authority=first.authority))
    assert store.view(lambda tx: ROWS.running_on(tx, str(first.authority))) == first
    store.transact(lambda tx: ROWS.change_state(tx, first, State.PUBLISHING))
    assert store.view(lambda tx: ROWS.running_on(tx, str(first.authority))) is None
    add(store, order(authority=first.authority))


def test_an_order_is_one_holders_until_its_lease_is_over(store: Database, clock: FixedClock) -> None:
    add(store, order())
    mine = take(store, "me")
    assert mine is not None
    assert (mine.holder, mine.attempts, mine.leased_until) == ("me", 1, NOW + 10 * SECOND)
    assert find(store, mine) == mine
    assert take(store, "you") is None
    assert not store.view(ROWS.is_due)
    clock.advance(10 * SECOND)
    assert store.view(ROWS.is_due)
    yours = take(store, "you")
    assert yours is not None
    assert yours.attempts == 2
    assert not store.transact(lambda tx: ROWS.hold(tx, mine, tx.now + SECOND))
    assert store.transact(lambda tx: ROWS.hold(tx, yours, tx.now + SECOND))
    assert find(store, yours) == replace(yours, attempts=0, leased_until=NOW + 11 * SECOND)


def test_a_clock_that_was_wrong_keeps_nobody_away(store: Database, clock: FixedClock) -> None:
    """It was years ahead when somebody took the order, and is right again."""
    add(store, order())
    clock.advance(timedelta(days=3650))
    assert take(store, "me") is not None
    clock.advance(-timedelta(days=3650))
    assert store.view(ROWS.is_due)
    assert take(store, "you") is not None
    assert take(store, "me") is None


def test_the_one_that_waits_longest_is_next(store: Database) -> None:
    late, early = order(), order(leased_until=NOW - SECOND)
    add(store, late, early, order(leased_until=NOW + SECOND))
    taken = [take(store, "me"), take(store, "me"), take(store, "me")]
    assert [each and each.id for each in taken] == [early.id, late.id, None]


def test_who_gives_it_back_leaves_it_to_the_next_at_once(store: Database) -> None:
    add(store, order())
    mine = take(store, "me")
    assert mine is not None
    store.transact(lambda tx: ROWS.give_back(tx, replace(mine, holder="you")))  # not yours to give
    assert take(store, "you") is None
    store.transact(lambda tx: ROWS.give_back(tx, mine))
    assert take(store, "you") is not None


def test_a_state_is_left_once(store: Database) -> None:
    made = order()
    add(store, made)
    assert store.transact(lambda tx: ROWS.change_state(tx, made, State.PUBLISHING))
    assert not store.transact(lambda tx: ROWS.change_state(tx, made, State.FAILED, "no"))
    waiting = replace(made, state=State.PUBLISHING)
    assert store.view(ROWS.publishing) == [waiting]
    assert take(store, "me") is None
    assert store.transact(lambda tx: ROWS.change_state(tx, waiting, State.COMPLETED))
    assert store.view(ROWS.publishing) == []
    assert find(store, made) == replace(made, state=State.COMPLETED, finished_at=NOW)


def test_a_failure_says_why(store: Database) -> None:
    made = order()
    add(store, made)
    assert store.transact(lambda tx: ROWS.change_state(tx, made, State.FAILED, "begun too often"))
    assert find(store, made) == replace(made, state=State.FAILED, finished_at=NOW, failure="begun too often")


def test_orders_are_listed_in_order_of_time_and_for_each_account(store: Database) -> None:
    orders = [order(created_at=NOW + n // 2 * SECOND) for n in range(7)]
    foreign = order(authority=AuthorityArn(REGION, "444455556666", new_id()))
    add(store, *orders, foreign)
    expected = sorted(orders, key=lambda each: (each.created_at, each.id))
    for limit in (1, 2, 7, 9):
        seen: list[MassRevocation] = []
        after = None
        while shown := store.view(lambda tx, at=after, n=limit: ROWS.page(tx, ACCOUNT, at, n)):  # type: ignore[misc]
            assert len(shown) <= limit
            seen += shown
            after = shown[-1].created_at, shown[-1].id
        assert seen == expected


def test_steps_are_kept_from_above_to_below(store: Database) -> None:
    made = order()
    steps = [Step(made.id, new_id(), position, 3) for position in range(4)]
    for each in reversed(steps):
        put(store, each)
    assert store.view(lambda tx: ROWS.steps(tx, made.id)) == steps
    further = replace(
        steps[1],
        authority_version=4,
        after=(NOW, 2**127),
        done=True,
        expected=9,
        revoked=5,
        last_revoked_at=NOW,
    )
    put(store, further)
    assert store.view(lambda tx: ROWS.steps(tx, made.id)) == [steps[0], further, *steps[2:]]
    assert store.view(lambda tx: ROWS.steps(tx, new_id())) == []


def test_a_refusal_is_noted_once(store: Database) -> None:
    made = order()
    refusals = [Refusal(f"arn:{n}", "why") for n in range(5)]
    for each in [*refusals, *refusals]:
        store.transact(lambda tx, refusal=each: ROWS.refuse(tx, made.id, refusal))  # type: ignore[misc]
    assert store.view(lambda tx: ROWS.refusals(tx, made.id, 3)) == (refusals[:3], 5)
    assert store.view(lambda tx: ROWS.refusals(tx, new_id(), 3)) == ([], 0)


def candidates(store: Database, wanted: Filter, limit: int = 3) -> list[tuple[datetime, int]]:
    """All of them, by pages; as many as were counted."""
    seen: list[tuple[datetime, int]] = []
    after = None
    while True:
        page, after = store.view(
            lambda tx, at=after: ROWS.candidates(tx, A, wanted, at, limit)  # type: ignore[misc]
        )
        assert len(page) <= limit
        seen += page
        if after is None:
            break
    assert store.view(lambda tx: ROWS.count_candidates(tx, A, wanted)) == len(seen)
    return seen


def insert(store: Database, *rows: Certificate) -> None:
    store.transact(lambda tx: SqlCertificates().insert_many(tx, rows))


def revoke(store: Database, row: Certificate, reason: str) -> None:
    store.transact(lambda tx: SqlCertificates().revoke(tx, A, row.serial, at=NOW, reason=reason))


def positions(*rows: Certificate) -> list[tuple[datetime, int]]:
    return sorted((row.issued_at, row.serial) for row in rows)


def test_what_lives_and_is_not_revoked_for_good_is_a_candidate(store: Database) -> None:
    good, held, revoked, last, expired = (
        certificate(A),
        certificate(A),
        certificate(A),
        certificate(A, not_after=NOW),
        certificate(A, not_after=NOW - timedelta(microseconds=1)),
    )
    responder = certificate(A, service_principal="privyseal:ocsp")
    root = certificate(A, template="RootCACertificate/V1")
    insert(store, good, held, revoked, last, expired, responder, root, certificate(new_id()))
    revoke(store, held, HOLD)
    revoke(store, revoked, "SUPERSEDED")
    assert candidates(store, Filter()) == positions(good, held, last)


def test_candidates_come_in_order_of_issue_and_none_is_missed(store: Database) -> None:
    rows = [certificate(A, issued_at=NOW + n // 7 * timedelta(microseconds=1)) for n in range(40)]
    insert(store, *rows)
    for limit in (1, 6, 40, 50):
        assert candidates(store, Filter(), limit) == positions(*rows)


def test_a_look_ends_among_many_that_do_not_fit(store: Database) -> None:
    """However few are wanted, a page is not searched for in millions."""
    rows = [certificate(A, issued_at=NOW + n * SECOND, not_after=NOW - SECOND) for n in range(SCAN + 1)]
    last = certificate(A, issued_at=NOW + (SCAN + 2) * SECOND)
    insert(store, *rows, last)
    page, after = store.view(lambda tx: ROWS.candidates(tx, A, Filter(), None, 5))
    assert (page, after) == ([], positions(*rows)[SCAN - 1])
    page, after = store.view(lambda tx: ROWS.candidates(tx, A, Filter(), after, 5))
    assert (page, after) == (positions(last), None)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Filter(template="A/V1"), [0, 1]),
        (Filter(subject="O=Zürich"), [1, 2]),
        (Filter(subject="o=zürich"), []),
        (Filter(subject="%"), [3]),
        (Filter(issued_after=NOW + SECOND), [1, 2, 3]),
        (Filter(issued_before=NOW + 2 * SECOND), [0, 1]),
        (Filter(template="A/V1", subject="CN=b", issued_after=NOW, issued_before=NOW + 9 * SECOND), [1]),
    ],
)
def test_a_filter_takes_what_fits_all_of_it(store: Database, wanted: Filter, fits: list[int]) -> None:
    rows = [
        certificate(A, template="A/V1", subject="CN=a", issued_at=NOW),
        certificate(A, template="A/V1", subject="CN=b,O=Zürich", issued_at=NOW + SECOND),
        certificate(A, template="B/V1", subject="CN=c,O=Zürich", issued_at=NOW + 2 * SECOND),
        certificate(A, template="B/V1", subject="CN=100%", issued_at=NOW + 3 * SECOND),
    ]
    insert(store, *rows)
    assert candidates(store, wanted) == positions(*(rows[n] for n in fits))
