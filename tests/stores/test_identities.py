"""The contracts of `devices.identity_ports`, over every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from privyseal.clock import FixedClock
from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.identity_ports import Intent
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.store import Store, Tx, UniqueError
from privyseal.stores.repositories.identities import SqlIdentities
from privyseal.stores.repositories.intents import SqlIntents
from tests.stores.rows import NOW

IDENTITIES, INTENTS = SqlIdentities(), SqlIntents()
ACCOUNT = "111122223333"
DAY = timedelta(days=1)
FIRST = Identity(
    account=ACCOUNT,
    device_id="sensor",
    arn="arn:1",
    csr_digest=bytes(32),
    requested_at=NOW,
    certificate=b"der",
    chain="chain",
    issued_at=NOW + timedelta(seconds=1),
    not_after=NOW + 365 * DAY,
    state=IdentityState.ISSUED,
    due_at=NOW + DAY,
)
SECOND = replace(FIRST, arn="arn:2", requested_at=NOW + timedelta(minutes=1), due_at=NOW + 2 * DAY)


def insert(store: Store, *identities: Identity) -> None:
    def write(tx: Tx) -> None:
        for each in identities:
            IDENTITIES.insert(tx, each)

    store.transact(write)


def test_what_is_inserted_is_found_as_it_was(store: Store) -> None:
    insert(store, FIRST, SECOND, replace(FIRST, device_id="meter"))
    assert store.view(lambda tx: IDENTITIES.find(tx, ACCOUNT, "sensor", "arn:1")) == FIRST
    assert store.view(lambda tx: IDENTITIES.of_device(tx, ACCOUNT, "sensor")) == [SECOND, FIRST]
    assert store.view(lambda tx: IDENTITIES.of_device(tx, "4" * 12, "sensor")) == []
    assert store.view(lambda tx: IDENTITIES.find(tx, ACCOUNT, "Sensor", "arn:1")) is None


def test_what_is_there_stays_as_it_is(store: Store) -> None:
    insert(store, FIRST)
    insert(store, replace(FIRST, chain="other", state=IdentityState.ACTIVE))
    assert store.view(lambda tx: IDENTITIES.of_device(tx, ACCOUNT, "sensor")) == [FIRST]


def test_it_is_held_until_it_is_not(store: Store) -> None:
    insert(store, FIRST, SECOND)
    store.transact(lambda tx: IDENTITIES.set_held(tx, FIRST, held=True))
    assert store.view(lambda tx: IDENTITIES.of_device(tx, ACCOUNT, "sensor")) == [
        SECOND,
        replace(FIRST, held=True),
    ]
    store.transact(lambda tx: IDENTITIES.set_held(tx, FIRST, held=False))
    assert store.view(lambda tx: IDENTITIES.find(tx, ACCOUNT, "sensor", "arn:1")) == FIRST


def test_of_a_request_the_newest_counts(store: Store) -> None:
    insert(store, SECOND, FIRST, replace(SECOND, arn="arn:3", csr_digest=b"1" * 32))
    assert store.view(lambda tx: IDENTITIES.of_request(tx, ACCOUNT, "sensor", bytes(32))) == SECOND
    assert store.view(lambda tx: IDENTITIES.of_request(tx, ACCOUNT, "meter", bytes(32))) is None


def test_a_device_has_one_active_identity_at_most(store: Store) -> None:
    insert(store, FIRST, SECOND)
    assert store.view(lambda tx: IDENTITIES.active(tx, ACCOUNT, "sensor")) is None
    store.transact(lambda tx: IDENTITIES.set_state(tx, FIRST, IdentityState.ACTIVE, None))
    active = replace(FIRST, state=IdentityState.ACTIVE, due_at=None)
    assert store.view(lambda tx: IDENTITIES.active(tx, ACCOUNT, "sensor")) == active
    with pytest.raises(UniqueError):
        store.transact(lambda tx: IDENTITIES.set_state(tx, SECOND, IdentityState.ACTIVE, None))
    assert store.view(lambda tx: IDENTITIES.active(tx, ACCOUNT, "sensor")) == active


def test_due_is_what_has_come_the_oldest_first(store: Store, clock: FixedClock) -> None:
    insert(store, SECOND, FIRST, replace(FIRST, arn="arn:3", due_at=None))
    assert store.view(lambda tx: IDENTITIES.due(tx, 9)) == []
    clock.advance(DAY)
    assert store.view(lambda tx: IDENTITIES.due(tx, 9)) == [FIRST]
    clock.advance(DAY)
    assert store.view(lambda tx: IDENTITIES.due(tx, 9)) == [FIRST, SECOND]
    assert store.view(lambda tx: IDENTITIES.due(tx, 1)) == [FIRST]


def put(store: Store, intent: Intent) -> None:
    store.transact(lambda tx: INTENTS.put(tx, intent))


def test_an_intent_is_what_was_put_last(store: Store) -> None:
    begun = Intent("token", bytes(32), NOW, NOW + DAY)
    known = replace(begun, issued=IssuedDeviceCertificate("pem", "", "arn:1"))
    assert store.view(lambda tx: INTENTS.find(tx, "token")) is None
    for each in (begun, known):
        put(store, each)
        assert store.view(lambda tx: INTENTS.find(tx, "token")) == each
    store.transact(lambda tx: INTENTS.drop(tx, "token"))
    assert store.view(lambda tx: INTENTS.find(tx, "token")) is None


def test_the_oldest_intents_are_pruned(store: Store) -> None:
    for hour in range(4):
        intent = Intent(f"token-{hour}", bytes(32), NOW + timedelta(hours=hour), NOW)
        put(store, intent)
    assert store.transact(lambda tx: INTENTS.prune(tx, NOW + timedelta(hours=2), 2)) == 2
    assert store.transact(lambda tx: INTENTS.prune(tx, NOW + timedelta(hours=2), 2)) == 1
    assert store.view(lambda tx: INTENTS.find(tx, "token-3")) is not None
