"""The contract of `devices.ports.Devices`, over every store that there is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.clock import FixedClock
from privyseal.devices.model import Claim, Device
from privyseal.devices.ports import Devices, Selection
from privyseal.devices.states import Event, State, transition
from privyseal.store import Store, Tx
from privyseal.stores.repositories.devices import SqlDevices
from privyseal.stores.sql import sql
from privyseal.stores.sqlite import MEMORY, SqliteStore

HOME, ABROAD = "111122223333", "444455556666"
NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
ARN = "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/x/certificate/"


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    path = MEMORY if request.param == "memory" else tmp_path / "privyseal.db"
    made = SqliteStore(path, FixedClock(NOW))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def devices() -> Devices:
    return SqlDevices()


def device(device_id: str, key: bytes = b"key", account: str = HOME) -> Device:
    return Device(account, device_id, key, NOW)


def insert(store: Store, devices: Devices, *rows: Device, account: str = HOME) -> list[Device | None]:
    return list(store.transact(lambda tx: devices.insert_many(tx, account, rows)))


def test_a_device_comes_back_as_it_was_stored(store: Store, devices: Devices) -> None:
    later = NOW + timedelta(microseconds=1)
    stored = Device(HOME, "sensor-1", b"\x00\xff", NOW, f"{ARN}1", later, State.SUSPENDED, "lot 7")
    insert(store, devices, stored)
    assert store.view(lambda tx: devices.find(tx, HOME, "sensor-1")) == stored


def test_insert_many_answers_with_the_device_that_is_there(store: Store, devices: Devices) -> None:
    insert(store, devices, device("old"))
    answers = insert(store, devices, device("new"), device("old"), device("old", b"other"), device("newer"))
    assert answers == [None, device("old"), device("old"), None]


def test_a_conflict_leaves_the_stored_key_alone(store: Store, devices: Devices) -> None:
    insert(store, devices, device("old", b"first"))
    insert(store, devices, device("old", b"second"))
    found = store.view(lambda tx: devices.find(tx, HOME, "old"))
    assert found
    assert found.public_key == b"first"


def test_an_id_twice_in_one_list_meets_its_first_occurrence(store: Store, devices: Devices) -> None:
    answers = insert(store, devices, device("a"), device("a"), device("a", b"other"))
    assert answers == [None, device("a"), device("a")]


def test_the_same_id_in_two_accounts_is_two_devices(store: Store, devices: Devices) -> None:
    insert(store, devices, device("a", b"home"))
    assert insert(store, devices, device("a", b"abroad", ABROAD), account=ABROAD) == [None]
    found = store.view(lambda tx: [devices.find(tx, account, "a") for account in (HOME, ABROAD)])
    assert [each and each.public_key for each in found] == [b"home", b"abroad"]


@pytest.mark.parametrize("other", ["Sensor", "sensor ", "sensor\x00", "sens\u043er", "sensor%", "s_nsor"])
def test_ids_are_compared_exactly(store: Store, devices: Devices, other: str) -> None:
    insert(store, devices, device("sensor"))
    assert store.view(lambda tx: devices.find(tx, HOME, other)) is None


def test_find_many_answers_for_those_that_are_there(store: Store, devices: Devices) -> None:
    insert(store, devices, device("a"), device("b"))
    found = store.view(lambda tx: devices.find_many(tx, HOME, ["b", "c", "a"]))
    assert dict(found) == {"a": device("a"), "b": device("b")}
    assert store.view(lambda tx: devices.find_many(tx, HOME, [])) == {}


def test_pages_follow_each_other_in_order_of_ids(store: Store, devices: Devices) -> None:
    ids = ["B", "a", "b", "ä", "\U0001f600", "10", "9"]
    insert(store, devices, *(device(each) for each in ids))
    insert(store, devices, device("elsewhere", account=ABROAD), account=ABROAD)
    seen: list[str] = []
    after = None
    while page := store.view(lambda tx, after=after: devices.page(tx, HOME, Selection(), after, 2)):  # type: ignore[misc]
        assert len(page) <= 2
        seen += [each.id for each in page]
        after = seen[-1]
    assert seen == sorted(ids)


def _chosen(store: Store, devices: Devices, selection: Selection, size: int = 2) -> list[str]:
    """The ids of a selection, page by page."""
    seen: list[str] = []
    after = None
    while page := store.view(lambda tx, after=after: devices.page(tx, HOME, selection, after, size)):  # type: ignore[misc]
        assert len(page) <= size
        seen += [each.id for each in page]
        after = seen[-1]
    return seen


@given(
    ids=st.sets(st.text(alphabet="aA-é😀", min_size=1, max_size=5), max_size=12),
    prefix=st.text(alphabet="aA-é😀", max_size=3),
)
def test_a_prefix_selects_what_begins_with_it(ids: set[str], prefix: str) -> None:
    """As Python's `startswith` has it, page by page, in order of code points."""
    store, devices = SqliteStore(MEMORY, FixedClock(NOW)), SqlDevices()
    store.migrate()
    insert(store, devices, *map(device, ids))
    expected = sorted(each for each in ids if each.startswith(prefix))
    assert _chosen(store, devices, Selection(prefix)) == expected
    store.close()


def test_batch_state_and_prefix_select_together(store: Store, devices: Devices) -> None:
    made = [
        replace(device(f"{letter}{n}"), state=state, batch=batch)
        for letter in "ab"
        for n, (state, batch) in enumerate(product(State, ("lot 1", "lot 2", None)))
    ]
    insert(store, devices, *made)
    insert(store, devices, device("a0", account=ABROAD), account=ABROAD)
    for prefix, state, batch in product(("", "a", "b1", "c"), (None, *State), (None, "lot 1", "lot 3")):
        expected = [
            each.id
            for each in made
            if each.id.startswith(prefix) and state in {None, each.state} and batch in {None, each.batch}
        ]
        assert _chosen(store, devices, Selection(prefix, state, batch)) == sorted(expected)


@pytest.mark.parametrize("state", [None, State.RETIRED])
@pytest.mark.parametrize("batch", [None, "lot 1"])
def test_a_page_reads_no_more_than_it_shows(state: State | None, batch: str | None) -> None:
    """SQLite walks an index from where the page begins, and sorts nothing."""
    selection = Selection("sensor-", state, batch)
    store, devices = SqliteStore(MEMORY, FixedClock(NOW)), SqlDevices()
    store.migrate()
    plans: list[str] = []

    def read(tx: Tx) -> None:
        run = sql(tx).rows

        def explained(query: str, **parameters: Any) -> list[Any]:
            plans.extend(row["detail"] for row in run(f"EXPLAIN QUERY PLAN {query}", **parameters))
            return []

        sql(tx).rows = explained  # type: ignore[method-assign]
        devices.page(tx, HOME, selection, "sensor-5", 100)

    store.view(read)
    (plan,) = plans
    assert plan.startswith("SEARCH device USING")
    assert "id>? AND id<?" in plan
    for column in ("state", "batch"):
        assert (f"{column}=?" in plan) == (getattr(selection, column) is not None)
    store.close()


def test_a_state_changes_only_from_the_one_that_was_read(store: Store, devices: Devices) -> None:
    read = device("a")
    insert(store, devices, read)
    assert store.transact(lambda tx: devices.set_state(tx, read, State.SUSPENDED))
    assert not store.transact(lambda tx: devices.set_state(tx, read, State.RETIRED))
    found = store.view(lambda tx: devices.find(tx, HOME, "a"))
    assert found == replace(read, state=State.SUSPENDED)


def test_a_key_changes_only_from_the_one_that_was_read(store: Store, devices: Devices) -> None:
    read = device("a")
    insert(store, devices, read, device("b"))
    assert store.transact(lambda tx: devices.set_key(tx, read, b"new"))
    assert not store.transact(lambda tx: devices.set_key(tx, read, b"newer"))
    found = store.view(lambda tx: [devices.find(tx, HOME, each) for each in "ab"])
    assert [each and each.public_key for each in found] == [b"new", b"key"]


@pytest.mark.parametrize("state", State)
def test_the_first_certificate_changes_the_state_as_the_table_says(
    store: Store, devices: Devices, state: State
) -> None:
    insert(store, devices, replace(device("a"), state=state))
    assert store.transact(lambda tx: devices.set_certificate(tx, HOME, "a", f"{ARN}1", NOW))
    found = store.view(lambda tx: devices.find(tx, HOME, "a"))
    assert found
    assert found.state is transition(state, Event.CERTIFIED, certified=False)


def test_the_newest_certificate_is_the_one_that_was_asked_for_last(store: Store, devices: Devices) -> None:
    insert(store, devices, device("a"))

    def note(arn: str, at: datetime) -> bool:
        return store.transact(lambda tx: devices.set_certificate(tx, HOME, "a", arn, at))

    assert note(f"{ARN}1", NOW)
    assert not note(f"{ARN}1", NOW), "noted already"
    assert note(f"{ARN}2", NOW + timedelta(seconds=1))
    assert not note(f"{ARN}1", NOW), "a late retry of the older request"
    found = store.view(lambda tx: devices.find(tx, HOME, "a"))
    assert found == Device(HOME, "a", b"key", NOW, f"{ARN}2", NOW + timedelta(seconds=1), State.ACTIVE)


def test_no_certificate_is_noted_for_a_device_that_is_not_there(store: Store, devices: Devices) -> None:
    insert(store, devices, device("a", account=ABROAD), account=ABROAD)
    assert not store.transact(lambda tx: devices.set_certificate(tx, HOME, "a", f"{ARN}1", NOW))


def test_a_claim_is_found_by_device_and_digest_and_can_be_renewed(store: Store, devices: Devices) -> None:
    later = NOW + timedelta(minutes=6)
    for claim in (Claim(HOME, "a", b"1", NOW), Claim(HOME, "a", b"2", NOW), Claim(HOME, "a", b"1", later)):
        store.transact(lambda tx, claim=claim: devices.put_claim(tx, claim))  # type: ignore[misc]

    def find(account: str, device_id: str, digest: bytes) -> Claim | None:
        return store.view(lambda tx: devices.find_claim(tx, account, device_id, digest))

    assert find(HOME, "a", b"1") == Claim(HOME, "a", b"1", later)
    assert find(HOME, "a", b"2") == Claim(HOME, "a", b"2", NOW)
    assert [find(ABROAD, "a", b"1"), find(HOME, "b", b"1"), find(HOME, "a", b"3")] == [None, None, None]


def test_pruning_takes_the_oldest_claims_and_no_living_one(store: Store, devices: Devices) -> None:
    claims = [Claim(HOME, "a", bytes([n]), NOW + timedelta(seconds=n)) for n in range(5)]

    def left() -> list[int]:
        found = store.view(
            lambda tx: [devices.find_claim(tx, HOME, "a", claim.csr_digest) for claim in claims]
        )
        return [each.csr_digest[0] for each in found if each]

    for claim in reversed(claims):
        store.transact(lambda tx, claim=claim: devices.put_claim(tx, claim))  # type: ignore[misc]
    until = NOW + timedelta(seconds=2)
    assert store.transact(lambda tx: devices.prune_claims(tx, until, 2)) == 2
    assert left() == [2, 3, 4]
    assert store.transact(lambda tx: devices.prune_claims(tx, until, 2)) == 1
    assert left() == [3, 4]
