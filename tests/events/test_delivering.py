"""Delivering: at least once, in order for each subject, side by side for others, given up in the end."""

import itertools
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from privyseal.caller import Caller
from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.delivering import AT_ONCE, LAST_DELAY, Delivering
from privyseal.events.history import REPLAYED, History
from privyseal.events.repositories import Selection
from privyseal.events.shapes.model import Event
from privyseal.meter import SilentMeter
from privyseal.store import Store, Tx
from privyseal.stores.repositories.events import SqlDeliveries, SqlEvents
from privyseal.stores.sqlite import SqliteStore
from tests.events.fakes import OneAtATime, Receiver
from tests.stores import journals
from tests.stores.rows import ACCOUNT, CALLER, NOW

GIVE_UP = timedelta(hours=24)
PATIENCE_S = 20


def add(store: Store, *subjects: str, targets: Sequence[str] = ("t",)) -> list[str]:
    """The ids of the events."""
    made = [
        Event(each, NOW, {"id": str(uuid.uuid4()), "account": ACCOUNT, "detail-type": "K"})
        for each in subjects
    ]

    def write(tx: Tx) -> None:
        for number, event in zip(SqlEvents().add(tx, made), made, strict=True):
            for target in targets:
                SqlDeliveries().add(tx, number, target, event.subject)

    store.transact(write)
    return [event.body["id"] for event in made]


def delivering(store: Store, *receivers: Receiver, **recipients: list[str]) -> Delivering:
    several = {name: lambda _tx, target: list(recipients[target]) for name in recipients}
    named = {each.name: each for each in receivers}
    return Delivering(store, SqlDeliveries(), named, recipients=several, give_up=GIVE_UP, meter=SilentMeter())


def run(store: Store, *receivers: Receiver, **recipients: list[str]) -> None:
    delivering(store, *receivers, **recipients).run(threading.Event())


def states(store: Store) -> list[tuple[str, int]]:
    """Of each delivery, oldest event first: its state and the attempts."""
    found = store.view(lambda tx: SqlEvents().page(tx, ACCOUNT, Selection(), None, 1000))
    return [(sent.state.value, sent.attempts) for each in reversed(found) for sent in each.sent]


def void(_value: object) -> None:
    """For a lambda that is to return nothing."""


def failing(code: ErrorCode, times: int = 10**6) -> Receiver:
    left = [times]

    def answer(_event: Mapping[str, Any]) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise PrivySealError(code, "not now")

    return Receiver(answer=answer)


def test_what_is_due_is_sent_once(store: SqliteStore) -> None:
    receiver = Receiver()
    ids = add(store, "a", "b", "c")
    assert store.view(delivering(store, receiver).waiting)
    run(store, receiver)
    run(store, receiver)
    assert sorted(each["id"] for each in receiver.taken) == sorted(ids)
    assert {attempt.number for _, attempt in receiver.got} == {1}
    assert states(store) == [("DELIVERED", 1)] * 3
    assert not store.view(delivering(store, receiver).waiting)


def test_the_events_of_one_subject_come_in_order(store: SqliteStore) -> None:
    """However many threads there are, and whatever else is sent."""
    receiver = Receiver(answer=lambda _event: time.sleep(0.001))
    ids = add(store, *["a", "b", "c", "d", "e", "f"] * 20)
    run(store, receiver)
    order = {each: n for n, each in enumerate(ids)}
    got = [order[event["id"]] for event in receiver.taken]
    assert sorted(got) == list(range(120))
    for subject in range(6):
        mine = [n for n in got if n % 6 == subject]
        assert mine == sorted(mine)


def test_one_that_fails_holds_up_its_own_subject_and_no_other(store: SqliteStore, clock: FixedClock) -> None:
    ids = add(store, "a", "b", "a")
    receiver = Receiver()

    def answer(event: Mapping[str, Any]) -> None:
        if event["id"] == ids[0] and len(receiver.got) < 3:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "away")

    receiver._answer = answer
    run(store, receiver)
    assert [event["id"] for event in receiver.taken] == [ids[1]]
    assert states(store) == [("WAITING", 1), ("DELIVERED", 1), ("WAITING", 0)]
    clock.advance(timedelta(seconds=2))
    run(store, receiver)
    assert [event["id"] for event in receiver.taken] == [ids[1], ids[0], ids[2]]
    assert len({attempt.delivery for event, attempt in receiver.got if event == ids[0]}) == 1


def test_subjects_go_side_by_side_up_to_a_bound(store: SqliteStore) -> None:
    barrier = threading.Barrier(AT_ONCE)
    receiver = Receiver(answer=lambda _event: void(barrier.wait(PATIENCE_S)))
    add(store, *[str(n) for n in range(2 * AT_ONCE)])
    run(store, receiver)
    assert len(receiver.taken) == 2 * AT_ONCE


def test_a_target_that_hangs_delays_no_other(store: SqliteStore) -> None:
    begun, go, arrived = threading.Event(), threading.Event(), threading.Event()

    def hang(_event: Mapping[str, Any]) -> None:
        begun.set()
        go.wait(PATIENCE_S)

    slow = Receiver("slow", hang)
    quick = Receiver("quick", lambda event: arrived.set() if event["id"] == later else None)
    later = ""
    add(store, "a", targets=["slow", "quick"])
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run, store, slow, quick)
        assert begun.wait(PATIENCE_S)
        (later,) = add(store, "b", targets=["quick"])
        assert arrived.wait(PATIENCE_S)
        go.set()
        running.result(PATIENCE_S)


def test_the_delays_grow_until_it_is_given_up(store: SqliteStore, clock: FixedClock) -> None:
    receiver = failing(ErrorCode.UNAVAILABLE)
    add(store, "a")
    times = []
    for _ in range(200_000):
        before = len(receiver.got)
        run(store, receiver)
        if len(receiver.got) > before:
            times.append(clock.now())
        if states(store)[0][0] == "DEAD":
            break
        clock.advance(timedelta(seconds=1) if len(times) < 5 else timedelta(minutes=1))
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
    assert [round(gap) for gap in gaps[:3]] == [pytest.approx(n, abs=1.5) for n in (1, 2, 4)]
    assert max(gaps) <= LAST_DELAY.total_seconds() * 1.2 + 60
    assert GIVE_UP - timedelta(minutes=20) <= times[-1] - times[0] <= GIVE_UP
    assert states(store) == [("DEAD", len(receiver.got))]
    assert 90 <= len(receiver.got) <= 130


def test_what_a_target_refuses_is_a_dead_letter_at_once(store: SqliteStore) -> None:
    run_with = failing(ErrorCode.VALIDATION, times=1)
    ids = add(store, "a", "a")
    run(store, run_with)
    assert states(store) == [("DEAD", 1), ("DELIVERED", 1)]
    assert [event["id"] for event in run_with.taken] == ids[1:]


def test_a_defect_of_a_target_loses_no_event(store: SqliteStore) -> None:
    def answer(_event: Mapping[str, Any]) -> None:
        raise ZeroDivisionError

    add(store, "a")
    run(store, Receiver(answer=answer))
    assert states(store) == [("WAITING", 1)]


def test_what_was_on_its_way_at_a_kill_is_sent_again(store: SqliteStore) -> None:
    """Nobody came back from `send`: nothing is on record of it."""
    (sent,) = add(store, "a")
    store.view(lambda tx: SqlDeliveries().due(tx, "t", 1))
    receiver = Receiver()
    run(store, receiver)
    assert [event["id"] for event in receiver.taken] == [sent]


def test_at_an_orderly_end_nothing_more_is_sent(store: SqliteStore) -> None:
    add(store, *map(str, range(50)))
    stopping = threading.Event()
    receiver = Receiver(answer=lambda _event: stopping.set())
    delivering(store, receiver).run(stopping)
    assert 1 <= len(receiver.taken) <= AT_ONCE
    assert states(store).count(("DELIVERED", 1)) == len(receiver.taken)


def test_a_target_that_is_gone_keeps_what_waits_for_it(store: SqliteStore) -> None:
    add(store, "a", targets=["gone"])
    run(store, Receiver())
    assert states(store) == [("WAITING", 0)]
    back = Receiver("gone")
    run(store, back)
    assert len(back.taken) == 1


def test_each_recipient_gets_every_event_in_order_whatever_another_does(
    store: SqliteStore, clock: FixedClock
) -> None:
    """One whose mailbox is full costs the others nothing, and gets its own later, nobody anything twice."""
    ids = add(store, "x", "x", "x")
    full = {"a"}

    def answer(_event: Mapping[str, Any]) -> None:
        if receiver.got[-1][1].recipient in full:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "mailbox full")

    receiver = OneAtATime(answer)
    for _ in range(3):
        run(store, receiver, t=["a", "b", "c"])
        clock.advance(LAST_DELAY * 2)
    assert [receiver.of(each) for each in ("a", "b", "c")] == [[], ids, ids]
    assert states(store).count(("WAITING", 3)) == 1
    full.clear()
    run(store, receiver, t=["a", "b", "c"])
    assert [receiver.of(each) for each in ("a", "b", "c")] == [ids, ids, ids]
    assert len({attempt.delivery for _, attempt in receiver.got}) == 9
    assert {state for state, _ in states(store)} == {"DELIVERED"}


def test_who_refuses_for_good_is_a_dead_letter_alone_and_so_is_its_replay(store: SqliteStore) -> None:
    refusing = {"a"}

    def answer(_event: Mapping[str, Any]) -> None:
        if receiver.got[-1][1].recipient in refusing:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "no such user")

    receiver = OneAtATime(answer)
    history = History(store, SqlEvents(), SqlDeliveries(), {"t"}, lambda: None)
    ids = add(store, "x", "y")
    run(store, receiver, t=["a", "b"])
    letters, following = history.dead_letters(CALLER, None, None, 1)
    more, _ = history.dead_letters(CALLER, None, following, 1)
    assert [(each.target, each.recipient) for each in [*letters, *more]] == [("t", "a")] * 2
    refusing.clear()
    assert history.replay(CALLER, "t", ids[1]) == 1
    run(store, receiver, t=["a", "b"])
    assert (receiver.of("a"), sorted(receiver.of("b"))) == ([ids[1]], sorted(ids))


def test_recipients_are_those_that_there_are_when_its_turn_comes(store: SqliteStore) -> None:
    recipients: list[str] = []
    receiver, other = OneAtATime(), Receiver("other")
    add(store, "x", targets=["t", "other"])
    run(store, receiver, other, t=recipients)
    assert (receiver.got, len(other.taken)) == ([], 1)
    assert states(store) == [("DELIVERED", 1)] * 2
    recipients.append("a")
    add(store, "x")
    run(store, receiver, other, t=recipients)
    assert [attempt.recipient for _, attempt in receiver.got] == ["a"]
    assert other.got[0][1].recipient == ""


def test_a_target_with_many_recipients_is_not_asked_by_all_at_once(store: SqliteStore) -> None:
    barrier = threading.Barrier(AT_ONCE)
    receiver = Receiver(answer=lambda _event: void(barrier.wait(PATIENCE_S)))
    add(store, "x")
    run(store, receiver, t=[f"{n:02}" for n in range(3 * AT_ONCE)])
    assert len(receiver.taken) == 3 * AT_ONCE


def test_dead_letters_are_replayed_and_on_record(store: SqliteStore) -> None:
    woken: list[None] = []
    history = History(store, SqlEvents(), SqlDeliveries(), {"t", "u"}, lambda: woken.append(None))
    ids = add(store, "a", "b", targets=["t", "u"])
    run(store, failing(ErrorCode.VALIDATION, times=2))
    letters, following = history.dead_letters(CALLER, None, None, 1)
    assert [(each.target, each.error) for each in letters] == [("t", "not now")]
    assert following is not None
    more, end = history.dead_letters(CALLER, None, following, 1)
    assert end is None
    assert {each.event_id for each in [*letters, *more]} == set(ids)
    assert history.dead_letters(Caller("arn", "999999999999", "r"), None, None, 10) == ([], None)
    assert history.replay(CALLER, "u", None) == 0
    assert woken == []
    assert history.replay(CALLER, "t", ids[0]) == 1
    assert history.replay(CALLER, None, None) == 1
    assert len(woken) >= 2
    receiver = Receiver()
    run(store, receiver)
    assert sorted(event["id"] for event in receiver.taken) == sorted(ids)
    told = [each for each in journals.entries(store) if each["action"] == REPLAYED]
    assert [each["detail"]["count"] for each in told] == [1, 1]


@pytest.mark.parametrize("token", ["", "x", "/", "2026-01-01", "2026-01-01/x", "x/1", "1/", "-1/t", "9" * 30])
def test_a_page_begins_where_an_answer_said(store: SqliteStore, token: str) -> None:
    history = History(store, SqlEvents(), SqlDeliveries(), {"t", "u"}, lambda: None)
    with pytest.raises(PrivySealError) as caught:
        history.page(CALLER, Selection(), token, 10)
    assert caught.value.code is ErrorCode.INVALID_PAGE_TOKEN
