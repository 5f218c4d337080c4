"""The contracts of `managed.ports`, over every store."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from privyseal.clock import FixedClock
from privyseal.managed.model import (
    AccountConfiguration,
    Attempt,
    IssuedSerial,
    ManagedCertificate,
    Material,
    Renewal,
    Revoked,
)
from privyseal.managed.states import Kind, RenewalStatus, Status
from privyseal.names import AuthorityArn, CertificateArn, ManagedArn
from privyseal.store import Store, Tx, UniqueError
from privyseal.stores.functions import FUNCTIONS
from privyseal.stores.migrate import migrations
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.stores.repositories.managed_rows import MANAGED_ROWS
from privyseal.stores.sql import queries
from tests.ca.world import csr
from tests.stores.rows import NOW

ROWS = MANAGED_ROWS.certificates
SERIALS, ACCOUNTS = MANAGED_ROWS.serials, MANAGED_ROWS.accounts
ACCOUNT, REGION = "111122223333", "eu-central-1"
AUTHORITY = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/00000000-0000-4000-8000-00000000000a"
DAY = timedelta(days=1)


def certificate(number: int = 1, **changes: Any) -> ManagedCertificate:
    made = ManagedCertificate(
        arn=ManagedArn(REGION, ACCOUNT, f"00000000-0000-4000-8000-{number:012d}"),
        kind=Kind.PRIVATE,
        status=Status.PENDING_VALIDATION,
        domain="www.example.com",
        names=("www.example.com", "example.com"),
        key_algorithm="EC_prime256v1",
        authority_arn=AUTHORITY,
        options={"Export": "ENABLED"},
        created_at=NOW + timedelta(seconds=number),
        request_digest=b"digest",
        attempt_at=NOW,
    )
    return replace(made, **changes)


def leaf() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 5, NOW, NOW + DAY)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def insert(store: Store, *many: ManagedCertificate) -> None:
    def write(tx: Tx) -> None:
        for each in many:
            ROWS.insert(tx, each)

    store.transact(write)


def found(store: Store, each: ManagedCertificate) -> ManagedCertificate | None:
    return store.view(lambda tx: ROWS.find(tx, each.arn.id))


def test_what_is_inserted_is_found_as_it_was(store: Store) -> None:
    plain = certificate(1)
    full = certificate(
        2,
        token="token",
        issued_at=NOW,
        imported_at=NOW + DAY,
        failure_reason="OTHER",
        exported_at=NOW,
        first_exported_at=NOW - DAY,
        in_use_by=("arn:1", "arn:2"),
        renewal=Renewal(RenewalStatus.PENDING_AUTO_RENEWAL, "PCA_ACCESS_DENIED", NOW),
        revoked=Revoked(NOW, "KEY_COMPROMISE"),
        attempt=Attempt(2**159 - 1, b"wrapped", csr().decode()),
        failures=3,
        notice_at=NOW + DAY,
        noticed_days=12,
        version=7,
    )
    insert(store, plain, full)
    assert found(store, plain) == plain
    assert found(store, full) == full
    assert found(store, certificate(3)) is None


def test_an_update_counts_only_on_what_was_read(store: Store) -> None:
    insert(store, certificate())
    after = certificate(status=Status.FAILED, failure_reason="OTHER", attempt_at=None, version=2)
    assert store.transact(lambda tx: ROWS.update(tx, after))
    assert not store.transact(lambda tx: ROWS.update(tx, after))
    assert found(store, after) == after


def test_a_plan_changes_what_is_done_next_alone(store: Store) -> None:
    insert(store, certificate())
    attempt = Attempt(5, b"wrapped", "csr")
    planned: dict[str, Any] = {
        "attempt": attempt,
        "attempt_at": NOW + DAY,
        "failures": 1,
        "notice_at": NOW,
        "noticed_days": 4,
    }
    asked = certificate(domain="other.example.com", status=Status.FAILED, version=2, **planned)
    assert store.transact(lambda tx: ROWS.plan(tx, asked))
    assert not store.transact(lambda tx: ROWS.plan(tx, asked))
    assert found(store, asked) == certificate(version=2, **planned)


def test_it_is_removed_with_its_serials_as_it_was_read(store: Store) -> None:
    insert(store, certificate())
    serial = IssuedSerial(certificate().arn.id, AUTHORITY, 5, NOW + DAY)
    store.transact(lambda tx: SERIALS.insert(tx, serial))
    assert not store.transact(lambda tx: ROWS.remove(tx, certificate(version=2)))
    assert store.transact(lambda tx: ROWS.remove(tx, certificate()))
    assert found(store, certificate()) is None
    assert store.view(lambda tx: SERIALS.unexpired(tx, certificate().arn.id)) == []


def test_a_token_belongs_to_one_certificate_of_an_account_and_region(store: Store) -> None:
    first = certificate(1, token="token")
    insert(store, first)
    with pytest.raises(UniqueError):
        insert(store, certificate(2, token="token"))
    insert(store, certificate(3, token="token", arn=ManagedArn("us-east-1", ACCOUNT, "3" * 36)))
    assert store.view(lambda tx: ROWS.by_token(tx, ACCOUNT, REGION, "token")) == first
    assert store.view(lambda tx: ROWS.by_token(tx, "4" * 12, REGION, "token")) is None
    store.transact(lambda tx: ROWS.forget_token(tx, first))
    assert store.view(lambda tx: ROWS.by_token(tx, ACCOUNT, REGION, "token")) is None
    insert(store, certificate(2, token="token"))


def test_pages_are_in_order_of_creation(store: Store) -> None:
    many = [certificate(number) for number in range(1, 6)]
    insert(store, *reversed(many), certificate(9, arn=ManagedArn(REGION, "4" * 12, "9" * 36)))
    first = store.view(lambda tx: ROWS.page(tx, ACCOUNT, REGION, None, 2))
    assert first == many[:2]
    last = (first[-1].created_at, first[-1].arn.id)
    assert store.view(lambda tx: ROWS.page(tx, ACCOUNT, REGION, last, 9)) == many[2:]


def test_what_is_to_be_attempted_has_come_and_is_of_that_status(store: Store, clock: FixedClock) -> None:
    first, second = certificate(1, attempt_at=NOW + DAY), certificate(2, attempt_at=NOW + DAY / 2)
    insert(store, first, second, certificate(3, attempt_at=None), certificate(4, status=Status.ISSUED))

    def due(limit: int) -> object:
        return store.view(lambda tx: ROWS.to_attempt(tx, Status.PENDING_VALIDATION, limit))

    assert due(9) == []
    clock.advance(DAY)
    assert due(9) == [second, first]
    assert due(1) == [second]


def test_an_attempt_that_a_wrong_clock_has_put_off_is_due(store: Store) -> None:
    attempt = Attempt(5, b"wrapped", "csr")
    wrong = certificate(1, status=Status.ISSUED, attempt=attempt, attempt_at=NOW + 2 * DAY)
    right = certificate(2, status=Status.ISSUED, attempt=attempt, attempt_at=NOW + DAY)
    planned = certificate(3, status=Status.ISSUED, attempt_at=NOW + 2 * DAY)
    insert(store, wrong, right, planned)
    assert store.view(lambda tx: ROWS.to_attempt(tx, Status.ISSUED, 9)) == [wrong]


def test_a_request_that_a_wrong_clock_has_put_off_is_due(store: Store) -> None:
    wrong, right = certificate(1, attempt_at=NOW + 2 * DAY), certificate(2, attempt_at=NOW + DAY)
    insert(store, wrong, right)
    assert store.view(lambda tx: ROWS.to_attempt(tx, Status.PENDING_VALIDATION, 9)) == [wrong]


def test_a_renewal_that_a_wrong_clock_has_put_off_is_due(store: Store) -> None:
    """What is planned for later, without anybody having asked for it, is not."""
    pending, done = (
        Renewal(each, None, NOW) for each in (RenewalStatus.PENDING_AUTO_RENEWAL, RenewalStatus.SUCCESS)
    )
    wrong = certificate(1, status=Status.ISSUED, attempt_at=NOW + 2 * DAY, renewal=pending)
    right = certificate(2, status=Status.ISSUED, attempt_at=NOW + DAY, renewal=pending)
    planned = certificate(3, status=Status.ISSUED, attempt_at=NOW + 2 * DAY, renewal=done)
    insert(store, wrong, right, planned)
    assert store.view(lambda tx: ROWS.to_attempt(tx, Status.ISSUED, 9)) == [wrong]


def test_what_a_wrong_clock_has_let_expire_is_to_be_restored(store: Store) -> None:
    wrong, right = (
        certificate(n, status=Status.EXPIRED, material=Material(leaf(), None, b"", n, NOW, NOW + n * DAY))
        for n in (2, 1)
    )
    insert(store, wrong, right, certificate(3))
    assert store.view(lambda tx: ROWS.to_restore(tx, 9)) == [wrong]


@pytest.mark.parametrize("query", ["to_attempt", "to_restore", "to_expire"])
def test_what_is_looked_for_all_the_time_is_found_by_an_index(query: str) -> None:
    """Through which nobody walks past certificates that are not meant."""
    wanted = {"status": "ISSUED", "now": 0, "far": 0, "limit": 1}
    text = queries("managed")[query]
    values = {name: value for name, value in wanted.items() if f":{name}" in text}
    with closing(sqlite3.connect(":memory:")) as connection:
        for name, function in FUNCTIONS.items():
            connection.create_function(name, -1, function, deterministic=True)
        for each in migrations("sqlite"):
            for statement in each.statements:
                connection.execute(statement)
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    searched = [step for step in plan if "managed_certificate" in step]
    assert searched
    assert all("USING INDEX" in step and ("attempt_at" in step or "not_after" in step) for step in searched)
    if query == "to_attempt":
        assert any("managed_certificate_pending" in step for step in searched)


def test_a_serial_that_is_revoked_is_to_be_followed_until_it_was(store: Store) -> None:
    mine = IssuedSerial("id", AUTHORITY, 5, NOW + DAY)
    other = IssuedSerial("id", AUTHORITY, 6, NOW + DAY)
    authority = AuthorityArn.parse(AUTHORITY)

    def write(tx: Tx) -> None:
        for each in (mine, other):
            SERIALS.insert(tx, each)
        for bearers in REPOSITORIES.bearers:
            bearers.revoked(tx, [CertificateArn(authority, 5), CertificateArn(authority, 99)])

    store.transact(write)
    assert store.view(lambda tx: SERIALS.to_follow(tx, 9)) == [mine]
    store.transact(lambda tx: SERIALS.followed(tx, mine))
    assert store.view(lambda tx: SERIALS.to_follow(tx, 9)) == []


def test_what_is_to_be_noticed_has_come(store: Store, clock: FixedClock) -> None:
    first, second = certificate(1, notice_at=NOW + DAY), certificate(2, notice_at=NOW + 2 * DAY)
    insert(store, second, first, certificate(3))
    assert store.view(lambda tx: ROWS.to_notice(tx, 9)) == []
    clock.advance(DAY)
    assert store.view(lambda tx: ROWS.to_notice(tx, 9)) == [first]


def test_attempts_are_counted_within_their_time_up_to_a_bound(store: Store) -> None:
    insert(store, *(certificate(n, status=Status.ISSUED, attempt_at=NOW + n * DAY) for n in range(1, 6)))
    insert(store, certificate(9, attempt_at=NOW + 2 * DAY))
    assert store.view(lambda tx: ROWS.attempts_between(tx, NOW + DAY, NOW + 4 * DAY, 99)) == 3
    assert store.view(lambda tx: ROWS.attempts_between(tx, NOW + DAY, NOW + 4 * DAY, 2)) == 2


def test_serials_count_until_they_expire(store: Store, clock: FixedClock) -> None:
    old = IssuedSerial("id", AUTHORITY, 5, NOW + DAY)
    new = IssuedSerial("id", AUTHORITY, 6, NOW + 2 * DAY)

    def write(tx: Tx) -> None:
        for each in (old, new, new, IssuedSerial("other", AUTHORITY, 7, NOW + DAY)):
            SERIALS.insert(tx, each)

    store.transact(write)
    assert store.view(lambda tx: SERIALS.unexpired(tx, "id")) == [new, old]
    clock.advance(DAY + timedelta(seconds=1))
    assert store.view(lambda tx: SERIALS.unexpired(tx, "id")) == [new]


def test_an_account_configuration_is_what_was_put_last(store: Store) -> None:
    first = AccountConfiguration(ACCOUNT, REGION, 90, "token", NOW)
    half = replace(first, applied_to=(NOW, "id"))
    done = replace(first, applied=True)
    for each in (first, half, done):
        store.transact(lambda tx, each=each: ACCOUNTS.put(tx, each))  # type: ignore[misc]
        assert store.view(lambda tx: ACCOUNTS.find(tx, ACCOUNT, REGION)) == each
        assert store.view(ACCOUNTS.next_unapplied) == (None if each.applied else each)
    assert store.view(lambda tx: ACCOUNTS.find(tx, ACCOUNT, "us-east-1")) is None


def test_material_is_kept_and_expires(store: Store, clock: FixedClock) -> None:
    material = Material(leaf(), "chain", b"wrapped", 2**159 - 1, NOW, NOW + DAY)
    kept = certificate(status=Status.ISSUED, material=material)
    insert(store, kept)
    assert found(store, kept) == kept
    clock.advance(DAY)
    assert store.view(lambda tx: ROWS.to_expire(tx, 9)) == []
    clock.advance(timedelta(seconds=1))
    assert store.view(lambda tx: ROWS.to_expire(tx, 9)) == [kept]
