"""The contract of `devices.ports.Devices`, over every store that there is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from privyseal.clock import FixedClock
from privyseal.devices.model import Claim, Device
from privyseal.devices.ports import Devices, Insertion
from privyseal.store import Store
from privyseal.stores.repositories.devices import SqlDevices
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


def insert(store: Store, devices: Devices, *rows: Device, account: str = HOME) -> list[Insertion]:
    return list(store.transact(lambda tx: devices.insert_many(tx, account, rows)))


def test_a_device_comes_back_as_it_was_stored(store: Store, devices: Devices) -> None:
    stored = Device(HOME, "sensor-1", b"\x00\xff", NOW, f"{ARN}1", NOW + timedelta(microseconds=1))
    insert(store, devices, stored)
    assert store.view(lambda tx: devices.find(tx, HOME, "sensor-1")) == stored


def test_insert_many_tells_new_unchanged_and_conflicting_rows_apart(store: Store, devices: Devices) -> None:
    insert(store, devices, device("old"))
    answers = insert(store, devices, device("new"), device("old"), device("old", b"other"), device("newer"))
    assert answers == [Insertion.NEW, Insertion.UNCHANGED, Insertion.CONFLICT, Insertion.NEW]


def test_a_conflict_leaves_the_stored_key_alone(store: Store, devices: Devices) -> None:
    insert(store, devices, device("old", b"first"))
    insert(store, devices, device("old", b"second"))
    found = store.view(lambda tx: devices.find(tx, HOME, "old"))
    assert found
    assert found.public_key == b"first"


def test_an_id_twice_in_one_list_meets_its_first_occurrence(store: Store, devices: Devices) -> None:
    answers = insert(store, devices, device("a"), device("a"), device("a", b"other"))
    assert answers == [Insertion.NEW, Insertion.UNCHANGED, Insertion.CONFLICT]


def test_the_same_id_in_two_accounts_is_two_devices(store: Store, devices: Devices) -> None:
    insert(store, devices, device("a", b"home"))
    assert insert(store, devices, device("a", b"abroad", ABROAD), account=ABROAD) == [Insertion.NEW]
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
    while page := store.view(lambda tx, after=after: devices.page(tx, HOME, after, 2)):  # type: ignore[misc]
        assert len(page) <= 2
        seen += [each.id for each in page]
        after = seen[-1]
    assert seen == sorted(ids)


def test_the_newest_certificate_is_the_one_that_was_asked_for_last(store: Store, devices: Devices) -> None:
    insert(store, devices, device("a"))

    def note(arn: str, at: datetime) -> bool:
        return store.transact(lambda tx: devices.set_certificate(tx, HOME, "a", arn, at))

    assert note(f"{ARN}1", NOW)
    assert not note(f"{ARN}1", NOW), "noted already"
    assert note(f"{ARN}2", NOW + timedelta(seconds=1))
    assert not note(f"{ARN}1", NOW), "a late retry of the older request"
    found = store.view(lambda tx: devices.find(tx, HOME, "a"))
    assert found == Device(HOME, "a", b"key", NOW, f"{ARN}2", NOW + timedelta(seconds=1))


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
