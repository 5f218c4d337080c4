"""The contracts of `events.repositories`, for every store."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from privyseal.clock import FixedClock
from privyseal.events.repositories import Delivery, DeliveryState, HistoryPlace, Recorded, Selection
from privyseal.events.shapes.model import Event
from privyseal.store import Store, UniqueError
from privyseal.stores.repositories.events import LONGEST, SqlDeliveries, SqlEvents
from tests.stores.conftest import Database
from tests.stores.rows import ACCOUNT, NOW

EVENTS, DELIVERIES = SqlEvents(), SqlDeliveries()
SECOND = timedelta(seconds=1)


def event(subject: str = "arn:a", at: datetime = NOW, kind: str = "Kind", account: str = ACCOUNT) -> Event:
    body = {"id": str(uuid.uuid4()), "account": account, "detail-type": kind, "detail": {"x": [1, None]}}
    return Event(subject, at, body)


def add(store: Store, *events: Event, targets: Sequence[str] = ()) -> list[int]:
    def write(tx: object) -> list[int]:
        numbers = list(EVENTS.add(tx, events))  # type: ignore[arg-type]
        for number, each in zip(numbers, events, strict=True):
            for target in targets:
                DELIVERIES.add(tx, number, target, each.subject)  # type: ignore[arg-type]
        return numbers

    return store.transact(write)


def page(
    store: Store, selection: Selection | None = None, after: HistoryPlace | None = None, limit: int = 100
) -> list[Recorded]:
    return list(store.view(lambda tx: EVENTS.page(tx, ACCOUNT, selection or Selection(), after, limit)))


def due(store: Store, target: str = "t", limit: int = 100) -> list[Delivery]:
    return list(store.view(lambda tx: DELIVERIES.due(tx, target, limit)))


def dead(store: Store, target: str | None = None, event_id: str | None = None) -> list[Delivery]:
    return list(
        store.view(
            lambda tx: DELIVERIES.dead(
                tx, ACCOUNT, target=target, event_id=event_id, after=(0, "", ""), limit=100
            )
        )
    )


def test_an_event_is_found_by_its_id_in_its_account_alone(store: Database) -> None:
    mine, other = event(), event(account="999988887777")
    add(store, mine, other)
    found = [
        store.view(lambda tx, each=each: EVENTS.has(tx, ACCOUNT, each.body["id"]))  # type: ignore[misc]
        for each in (mine, other, event())
    ]
    assert found == [True, False, False]


def test_every_event_has_the_next_number_and_comes_back_whole(store: Database) -> None:
    first, second, third = event(), event("arn:b"), event()
    assert add(store, first, second) == [1, 2]
    assert add(store, third) == [3]
    assert [each.event for each in page(store)] == [third.body, second.body, first.body]
    assert page(store)[1].subject == "arn:b"
    assert page(store)[0].at == NOW


def test_no_event_is_added_twice(store: Database) -> None:
    once = event()
    add(store, once)
    with pytest.raises(UniqueError):
        add(store, event(), once)
    assert len(page(store)) == 1


def test_the_cursor_names_writers_with_rows_that_were_not_told(store: Database) -> None:
    store.transact(lambda tx: tx.record({"n": 1}))
    ((writer, seq),) = store.view(EVENTS.moved).items()
    assert seq == -1
    store.transact(lambda tx: tx.record({"n": 2}))
    store.transact(lambda tx: EVENTS.put_cursor(tx, {writer: 0}))
    assert store.view(EVENTS.moved) == {writer: 0}
    store.transact(lambda tx: EVENTS.put_cursor(tx, {writer: 1}))
    assert store.view(EVENTS.moved) == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), [0, 1, 2, 3, 4, 5]),
        (Selection(since=NOW + 2 * SECOND), [2, 3, 4, 5]),
        (Selection(until=NOW + 2 * SECOND), [0, 1]),
        (Selection(since=NOW + SECOND, until=NOW + 4 * SECOND), [1, 2, 3]),
        (Selection(subject="arn:1"), [1, 3, 5]),
        (Selection(detail_type="Kind 2"), [2, 5]),
        (Selection(subject="arn:1", detail_type="Kind 2", since=NOW), [5]),
    ],
)
def test_the_history_is_selected_and_paged(
    store: Database, selection: Selection, wanted: list[int], limit: int
) -> None:
    made = [event(f"arn:{n % 2}", NOW + n * SECOND, f"Kind {n % 3}") for n in range(6)]
    add(store, *made, event(account="999999999999"))
    found: list[Recorded] = []
    while more := page(
        store, selection, HistoryPlace(found[-1].at, found[-1].number) if found else None, limit
    ):
        assert len(more) <= limit
        found += more
    assert [made.index(next(m for m in made if m.body == each.event)) for each in found] == wanted[::-1]


def test_events_of_one_moment_are_all_found(store: Database) -> None:
    add(store, *[event() for _ in range(5)])
    first = page(store, limit=2)
    rest = page(store, after=HistoryPlace(first[-1].at, first[-1].number))
    assert [each.number for each in [*first, *rest]] == [5, 4, 3, 2, 1]


def test_what_follows_a_number_comes_in_order(store: Database) -> None:
    add(store, event(at=NOW + SECOND), event(at=NOW), event(account="999999999999"), event())
    found = store.view(lambda tx: EVENTS.following(tx, ACCOUNT, 1, 100))
    assert [each.number for each in found] == [2, 4]
    assert store.view(EVENTS.last_number) == 4


def test_old_events_are_forgotten_with_their_deliveries_and_the_newest_stays(store: Database) -> None:
    add(store, *[event(at=NOW + n * SECOND) for n in range(5)], targets=["t"])
    assert not store.view(lambda tx: EVENTS.any_before(tx, NOW))
    assert store.view(lambda tx: EVENTS.any_before(tx, NOW + SECOND))
    assert store.transact(lambda tx: EVENTS.prune(tx, NOW + 3 * SECOND, 2)) == 2
    assert [each.number for each in page(store)] == [5, 4, 3]
    assert store.transact(lambda tx: EVENTS.prune(tx, NOW + 9 * SECOND, 100)) == 2
    assert not store.view(lambda tx: EVENTS.any_before(tx, NOW + 9 * SECOND))
    assert [[sent.target for sent in each.sent] for each in page(store)] == [["t"]]
    assert add(store, event()) == [6]


def test_a_line_goes_on_when_its_first_is_too_old(store: Database) -> None:
    """A target that was gone for longer than the history is kept, or a very old letter that was replayed."""
    add(store, *[event(at=NOW + n * SECOND) for n in range(3)], targets=["t"])
    assert [each.number for each in due(store)] == [1]
    store.transact(lambda tx: EVENTS.prune(tx, NOW + SECOND, 100))
    assert [each.number for each in due(store)] == [2]


def test_only_the_first_of_a_line_is_due(store: Database) -> None:
    add(store, event("a"), event("b"), event("a"), targets=["t", "u"])
    assert [(each.number, each.target) for each in due(store)] == [(1, "t"), (2, "t")]
    assert len(due(store, "u")) == 2
    assert due(store, "another") == []
    first = due(store)[0]
    store.transact(lambda tx: DELIVERIES.delivered(tx, first))
    assert [each.number for each in due(store)] == [2, 3]
    assert [each.number for each in due(store, "u")] == [1, 2]


def test_a_delivery_has_one_id_that_is_a_uuid(store: Database) -> None:
    add(store, event("a"), targets=["t", "u"])
    ids = {due(store)[0].id, due(store, "u")[0].id}
    assert len(ids) == 2
    assert {str(uuid.UUID(each)) for each in ids} == ids
    assert due(store)[0].id in ids


def test_what_is_put_off_holds_up_its_line_until_it_is_due(store: Database, clock: FixedClock) -> None:
    add(store, event("a"), event("a"), targets=["t"])
    (first,) = due(store)
    store.transact(lambda tx: DELIVERIES.put_off(tx, first, NOW + SECOND, "away"))
    assert due(store) == []
    assert not store.view(lambda tx: DELIVERIES.any_due(tx, ["t"]))
    clock.advance(SECOND)
    (again,) = due(store)
    assert (again.number, again.attempts) == (1, 1)
    assert store.view(lambda tx: DELIVERIES.any_due(tx, ["t"]))
    assert not store.view(lambda tx: DELIVERIES.any_due(tx, ["u"]))
    assert not store.view(lambda tx: DELIVERIES.any_due(tx, []))


def test_a_clock_that_was_ahead_holds_up_nothing(store: Database, clock: FixedClock) -> None:
    clock.advance(3 * LONGEST)
    add(store, event("a"), targets=["t"])
    clock.advance(-3 * LONGEST)
    assert [each.number for each in due(store)] == [1]


def test_an_attempt_is_settled_once(store: Database) -> None:
    add(store, event("a"), targets=["t"])
    (first,) = due(store)
    store.transact(lambda tx: DELIVERIES.put_off(tx, first, NOW, "away"))
    store.transact(lambda tx: DELIVERIES.give_up(tx, first, "somebody else was slower"))
    assert dead(store) == []
    assert [each.attempts for each in due(store)] == [1]


def test_a_dead_letter_lets_its_line_go_on_and_can_be_replayed(store: Database) -> None:
    add(store, event("a"), event("a"), targets=["t"])
    (first,) = due(store)
    store.transact(lambda tx: DELIVERIES.give_up(tx, first, "refused"))
    assert [each.number for each in due(store)] == [2]
    (letter,) = dead(store)
    assert (letter.error, letter.attempts, letter.attempted_at) == ("refused", 1, NOW)
    assert store.transact(lambda tx: DELIVERIES.replay(tx, letter))
    assert not store.transact(lambda tx: DELIVERIES.replay(tx, letter))
    assert dead(store) == []
    (second,) = due(store)  # one of a line is on its way at a time
    assert second.number == 2
    store.transact(lambda tx: DELIVERIES.delivered(tx, second))
    assert [(each.number, each.attempts) for each in due(store)] == [(1, 0)]
    states = {each.number: [sent.state for sent in each.sent] for each in page(store)}
    assert states == {1: [DeliveryState.WAITING], 2: [DeliveryState.DELIVERED]}


def test_dead_letters_are_listed_by_target_event_and_account(store: Database) -> None:
    mine, other = event("a"), event("b")
    add(store, mine, other, event("c", account="999999999999"), targets=["t", "u"])
    for target in ("t", "u"):
        for each in due(store, target):
            store.transact(lambda tx, one=each: DELIVERIES.give_up(tx, one, "no"))  # type: ignore[misc]
    assert [(each.number, each.target) for each in dead(store)] == [(1, "t"), (1, "u"), (2, "t"), (2, "u")]
    assert [each.number for each in dead(store, target="u")] == [1, 2]
    assert [each.target for each in dead(store, event_id=other.body["id"])] == ["t", "u"]
    later = store.view(
        lambda tx: DELIVERIES.dead(tx, ACCOUNT, target=None, event_id=None, after=(1, "t", ""), limit=2)
    )
    assert [(each.number, each.target) for each in later] == [(1, "u"), (2, "t")]


def test_what_is_spread_is_a_line_for_each_recipient(store: Database) -> None:
    add(store, event("a"), event("a"), targets=["t"])
    (first,) = due(store)
    store.transact(lambda tx: DELIVERIES.spread(tx, first, ["r", "s"]))
    store.transact(lambda tx: DELIVERIES.spread(tx, first, ["r", "s"]))
    assert [(each.number, each.recipient) for each in due(store)] == [(1, "r"), (1, "s"), (2, "")]
    second = due(store)[2]
    store.transact(lambda tx: DELIVERIES.spread(tx, second, ["r", "s"]))
    r, s = due(store)
    assert [(each.number, each.recipient) for each in (r, s)] == [(1, "r"), (1, "s")]
    store.transact(lambda tx: DELIVERIES.delivered(tx, r))
    store.transact(lambda tx: DELIVERIES.give_up(tx, s, "full"))
    assert [(each.number, each.recipient) for each in due(store)] == [(2, "r"), (2, "s")]
    (letter,) = dead(store)
    assert (letter.number, letter.target, letter.recipient) == (1, "t", "s")
    assert len({letter.id, *(each.id for each in due(store)), first.id}) == 4
    assert [(sent.recipient, sent.state) for sent in page(store)[1].sent] == [
        ("r", DeliveryState.DELIVERED),
        ("s", DeliveryState.DEAD),
    ]
    store.transact(lambda tx: EVENTS.prune(tx, NOW + SECOND, 100))
    store.transact(lambda tx: DELIVERIES.replay(tx, letter))
    assert [(each.number, each.recipient) for each in due(store)] == [(2, "r"), (2, "s")]
