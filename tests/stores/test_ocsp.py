"""The contracts of `ca.revocation.ocsp_ports`, for every store."""

from dataclasses import replace
from datetime import timedelta

from privyseal.ca.model import StoredKey
from privyseal.ca.revocation.ocsp_model import (
    LEASE,
    LIFE,
    CertificateStatus,
    OcspAnswer,
    OcspCredential,
    OcspResponder,
)
from privyseal.clock import FixedClock
from privyseal.stores.repositories.certificates import SqlCertificates
from privyseal.stores.repositories.ocsp_answers import SqlOcspAnswers
from privyseal.stores.repositories.ocsp_responders import SqlOcspResponders
from privyseal.x509.ocsp_request import SHA1, SHA256, hashed
from tests.stores.conftest import Database
from tests.stores.rows import NOW, certificate

RESPONDERS, ANSWERS = SqlOcspResponders(), SqlOcspAnswers()
KEYS = {name: hashed(name.encode()) for name in ("a", "b", "c")}
LATER = NOW + timedelta(days=3)
CREDENTIAL = OcspCredential(
    "ocsp-1", StoredKey("software:1", b"\x00wrapped"), b"der", b"\x01" * 32, NOW, LATER
)


def want(store: Database, *names: str) -> None:
    for name in names:
        store.transact(lambda tx, each=name: RESPONDERS.want(tx, each, KEYS[each]))  # type: ignore[misc]


def found(store: Database, name: str) -> OcspResponder:
    (row,) = store.view(lambda tx: RESPONDERS.by_issuers(tx, [(SHA1, KEYS[name][SHA1])]))
    return row


def due(store: Database) -> OcspResponder | None:
    return store.view(RESPONDERS.next_due)


def lease(store: Database, responder: OcspResponder) -> OcspResponder | None:
    return store.transact(lambda tx: RESPONDERS.lease(tx, responder, tx.now + timedelta(minutes=1)))


def test_a_responder_is_found_by_either_hash_of_its_issuers_key(store: Database) -> None:
    want(store, "a", "b", "c")
    asked = [(SHA1, KEYS["a"][SHA1]), (SHA256, KEYS["b"][SHA256]), (SHA1, KEYS["b"][SHA256]), ("1.2.3", b"")]
    rows = store.view(lambda tx: RESPONDERS.by_issuers(tx, asked))
    assert sorted(each.authority_id for each in rows) == ["a", "b"]
    assert found(store, "a") == OcspResponder("a", KEYS["a"], None, NOW, 0)
    assert list(store.view(lambda tx: RESPONDERS.by_issuers(tx, []))) == []


def test_who_has_waited_longest_is_looked_after_first(store: Database, clock: FixedClock) -> None:
    want(store, "a")
    clock.advance(timedelta(seconds=1))
    want(store, "b", "a")
    first = due(store)
    assert first
    assert first.authority_id == "a"  # of two at once, by id
    assert lease(store, first)
    second = due(store)
    assert second
    assert second.authority_id == "b"
    assert lease(store, second)
    assert due(store) is None
    clock.advance(timedelta(minutes=2))  # the leases have run out
    assert due(store)


def test_only_one_begins_and_only_who_was_last_ends(store: Database, clock: FixedClock) -> None:
    want(store, "a")
    row = found(store, "a")
    leased = lease(store, row)
    assert leased == replace(row, attempts=1)
    assert lease(store, row) is None
    clock.advance(timedelta(minutes=2))
    again = lease(store, leased)
    assert again
    assert not store.transact(lambda tx: RESPONDERS.replace(tx, leased, CREDENTIAL, LATER))
    assert not store.transact(lambda tx: RESPONDERS.settle(tx, leased, None))
    assert found(store, "a").credential is None
    assert store.transact(lambda tx: RESPONDERS.replace(tx, again, CREDENTIAL, LATER))
    assert found(store, "a") == OcspResponder("a", KEYS["a"], CREDENTIAL, LATER, 2)


def test_to_want_it_again_overtakes_who_has_begun(store: Database) -> None:
    """What was made on older terms comes to nothing, and what there is stays until there is better."""
    want(store, "a")
    leased = lease(store, found(store, "a"))
    assert leased
    assert store.transact(lambda tx: RESPONDERS.replace(tx, leased, CREDENTIAL, LATER))
    assert due(store) is None
    want(store, "a")
    begun = lease(store, found(store, "a"))
    assert begun
    want(store, "a")
    assert not store.transact(lambda tx: RESPONDERS.settle(tx, begun, LATER))
    assert due(store) == found(store, "a")
    assert found(store, "a").credential == CREDENTIAL


def test_what_a_clock_that_was_ahead_wrote_binds_nobody(store: Database, clock: FixedClock) -> None:
    """Neither a lease nor a time to look again that lies further ahead than any may."""
    want(store, "a")
    ahead = LIFE + LEASE
    clock.advance(ahead)
    begun = lease(store, found(store, "a"))
    assert begun
    clock.advance(-ahead)
    assert due(store) == begun
    again = lease(store, begun)
    assert again
    assert due(store) is None
    for due_at, expected in ((NOW + LIFE / 2, None), (NOW + LIFE, "a")):
        assert store.transact(lambda tx, at=due_at: RESPONDERS.settle(tx, again, at))  # type: ignore[misc]
        row = due(store)
        assert (row and row.authority_id) == expected


def test_a_revoked_credential_is_withdrawn_and_no_other(store: Database) -> None:
    want(store, "a", "b")
    for name in ("a", "b"):
        begun = lease(store, found(store, name))
        assert begun
        assert store.transact(lambda tx, row=begun: RESPONDERS.replace(tx, row, CREDENTIAL, LATER))  # type: ignore[misc]
    begun = lease(store, found(store, "a"))
    assert begun
    store.transact(lambda tx: RESPONDERS.withdraw(tx, "a", [b"an earlier one"]))
    assert due(store) == found(store, "a")
    assert found(store, "a").credential == CREDENTIAL
    assert not store.transact(lambda tx: RESPONDERS.settle(tx, begun, LATER))  # it may be what is being made
    store.transact(lambda tx: RESPONDERS.withdraw(tx, "a", [b"x", CREDENTIAL.certificate]))
    assert found(store, "a").credential is None
    assert found(store, "b").credential == CREDENTIAL


def test_what_needs_nothing_is_not_due(store: Database, clock: FixedClock) -> None:
    want(store, "a")
    leased = lease(store, found(store, "a"))
    assert leased
    assert store.transact(lambda tx: RESPONDERS.settle(tx, leased, None))
    clock.advance(timedelta(days=1000))
    assert due(store) is None


def answer(name: str, serial: int, cert_id: bytes = b"id", **changes: object) -> OcspAnswer:
    made = OcspAnswer(name, serial, cert_id, "ocsp-1", b"\x30response", NOW, NOW + timedelta(minutes=30))
    return replace(made, **changes)  # type: ignore[arg-type]


def put(store: Database, *answers: OcspAnswer) -> None:
    store.transact(lambda tx: ANSWERS.put_many(tx, answers))


def stored(store: Database, *serials: int) -> dict[tuple[str, bytes], OcspAnswer]:
    return dict(store.view(lambda tx: ANSWERS.find_many(tx, serials)))


def test_answers_are_kept_by_authority_and_cert_id(store: Database) -> None:
    rows = [answer("a", 1, b"1"), answer("a", 1, b"2"), answer("b", 1, b"3"), answer("a", 2**128 - 1, b"4")]
    put(store, *rows)
    newer = answer("a", 1, b"2", response=b"newer", expires_at=NOW + timedelta(hours=2))
    put(store, newer)
    assert stored(store, 1) == {("a", b"1"): rows[0], ("a", b"2"): newer, ("b", b"3"): rows[2]}
    assert stored(store, 2**128 - 1, 7) == {("a", b"4"): rows[3]}
    assert stored(store) == {}


def test_all_answers_about_a_certificate_go_together(store: Database) -> None:
    put(store, answer("a", 1, b"1"), answer("a", 1, b"2"), answer("b", 1, b"3"), answer("a", 2, b"4"))
    store.transact(lambda tx: ANSWERS.remove_many(tx, [("a", 1), ("a", 3)]))
    assert sorted(stored(store, 1, 2)) == [("a", b"4"), ("b", b"3")]


def test_expired_answers_are_not_found_and_are_removed(store: Database, clock: FixedClock) -> None:
    put(store, *(answer("a", n, expires_at=NOW + timedelta(minutes=n)) for n in range(1, 6)))
    clock.advance(-timedelta(minutes=1))
    assert stored(store, *range(1, 6)) == {}  # of the future: a clock was set back
    clock.advance(timedelta(minutes=5))
    assert [each.serial for each in stored(store, *range(1, 6)).values()] == [5]
    assert store.transact(lambda tx: ANSWERS.remove_expired(tx, 3)) == 3
    assert store.transact(lambda tx: ANSWERS.remove_expired(tx, 3)) == 1
    assert store.transact(lambda tx: ANSWERS.remove_expired(tx, 3)) == 0
    assert len(stored(store, *range(1, 6))) == 1


def test_statuses_are_those_of_the_certificates(store: Database) -> None:
    rows = SqlCertificates()
    good, revoked, other = certificate("a"), certificate("a"), certificate("b", serial=5)
    store.transact(lambda tx: rows.insert_many(tx, [good, revoked, other]))
    store.transact(
        lambda tx: rows.revoke(tx, "a", revoked.serial, at=NOW, reason="KEY_COMPROMISE", invalidity_date=None)
    )
    serials = {good.serial, revoked.serial, 5, 6, 2**200}
    assert store.view(lambda tx: ANSWERS.statuses(tx, serials)) == {
        ("a", good.serial): CertificateStatus(),
        ("a", revoked.serial): CertificateStatus(NOW, "KEY_COMPROMISE"),
        ("b", 5): CertificateStatus(),
    }
