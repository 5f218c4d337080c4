"""Issuing with keys that are outside this process, as in a KMS."""

import json
import threading
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.ca.model import StoredKey
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.sql import sql
from privyseal.x509.algorithms import PrivateKey
from tests.ca.fakes import ForwardingKey, WatchedKeys
from tests.ca.world import World, csr, in_memory, issue_request

TOGETHER = 4


class KeysElsewhere(WatchedKeys):
    """Keeps its keys itself: what is stored of one is its name."""

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        _, key = super().create(key_id, key_algorithm)
        return StoredKey(f"fake:{key_id}", None), key

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        assert stored.is_elsewhere
        key = self.made[key_id]
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return ForwardingKey(key, self._sign_now)

    def _sign_now(self) -> None:
        self.when_signing()  # as it is at that moment: an open key is kept


@pytest.fixture(name="world")
def world_fixture() -> Iterator[World]:
    with in_memory(KeysElsewhere()) as world:
        yield world


def test_signatures_of_a_batch_are_under_way_at_the_same_time(world: World) -> None:
    """Each waits for three others: one after the other they would wait for ever."""
    arn = world.root()
    world.keys.when_signing = threading.Barrier(TOGETHER, timeout=20).wait  # type: ignore[assignment]
    answers = world.answers(*(issue_request(arn, csr(f"device-{n}")) for n in range(2 * TOGETHER)))
    names = [_name(each.der) for each in answers if not isinstance(each, PrivySealError)]
    assert names == [f"device-{n}" for n in range(2 * TOGETHER)]


def test_what_they_are_about_to_sign_is_on_record_before_the_first_of_them_signs(world: World) -> None:
    arn = world.root()
    seen: list[int] = []
    world.keys.when_signing = lambda: seen.append(_intended(world))
    before = _intended(world)
    assert world.codes(*(issue_request(arn, csr(f"device-{n}")) for n in range(5))) == [None] * 5
    assert seen == [before + 5] * 5


def test_a_signature_that_fails_fails_its_own_request_alone(world: World) -> None:
    arn = world.root()
    calls: list[int] = []
    lock = threading.Lock()

    def fail_once() -> None:
        with lock:
            calls.append(len(calls))
            number = calls[-1]
        if number == 2:
            raise PrivySealError(ErrorCode.UNAVAILABLE, "The key cannot be had now.")
        if number == 3:
            raise ZeroDivisionError("a defect in a key store")

    world.keys.when_signing = fail_once
    answers = world.answers(*(issue_request(arn, csr(f"device-{n}")) for n in range(9)))
    good = {n: each for n, each in enumerate(answers) if not isinstance(each, PrivySealError)}
    codes = sorted(each.code for each in answers if isinstance(each, PrivySealError))
    assert codes == sorted((ErrorCode.UNAVAILABLE, ErrorCode.INTERNAL))
    assert {n: _name(each.der) for n, each in good.items()} == {n: f"device-{n}" for n in good}


def _name(der: bytes) -> object:
    (attribute,) = x509.load_der_x509_certificate(der).subject
    return attribute.value


def _intended(world: World) -> int:
    rows = world.store.view(lambda tx: sql(tx).rows("SELECT entries FROM journal"))
    actions = [each["action"] for row in rows for each in json.loads(row["entries"])]
    return actions.count("privyseal:IntendCertificate")
