"""Keys are found without a read for each request, and soon after they change."""

from datetime import UTC, datetime, timedelta

import pytest

from privyseal.access import keyring
from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey, new_access_key
from privyseal.clock import FixedClock

KEY = AccessKey("AKIAEXAMPLE", "secret", "111122223333", "arn:aws:iam::111122223333:user/a", admin=True)


class Table:
    """Access keys that count how often they are read."""

    def __init__(self, *keys: AccessKey) -> None:
        self.keys = {key.id: key for key in keys}
        self.reads: list[str] = []

    def find(self, key_id: str) -> AccessKey | None:
        self.reads.append(key_id)
        return self.keys.get(key_id)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_key_is_read_once_and_remembered(clock: FixedClock) -> None:
    """Until two seconds have passed."""
    table = Table(KEY)
    ring = KeyRing(table.find, clock)
    with pytest.raises(LookupError):
        ring.cached(KEY.id, clock.now())
    assert ring.load(KEY.id) == KEY
    clock.advance(keyring.KNOWN_FOR - timedelta(microseconds=1))
    assert ring.cached(KEY.id, clock.now()) == KEY
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(LookupError):
        ring.cached(KEY.id, clock.now())
    assert table.reads == [KEY.id]


def test_an_unknown_key_is_remembered_for_a_moment(clock: FixedClock) -> None:
    """So that guessing does not read the database each time."""
    ring = KeyRing(Table().find, clock)
    assert ring.load("AKIANONE") is None
    assert ring.cached("AKIANONE", clock.now()) is None
    clock.advance(keyring.UNKNOWN_FOR)
    with pytest.raises(LookupError):
        ring.cached("AKIANONE", clock.now())


def test_a_key_that_has_come_or_gone_is_believed_at_the_next_read(clock: FixedClock) -> None:
    """An old answer never hides a newer one."""
    table = Table()
    ring = KeyRing(table.find, clock)
    ring.load(KEY.id)
    table.keys[KEY.id] = KEY
    ring.load(KEY.id)
    assert ring.cached(KEY.id, clock.now()) == KEY
    del table.keys[KEY.id]
    ring.load(KEY.id)
    assert ring.cached(KEY.id, clock.now()) is None


def test_a_flood_of_made_up_ids_is_bounded_and_evicts_no_key(clock: FixedClock) -> None:
    """The oldest made-up ids are forgotten; the real key stays."""
    ring = KeyRing(Table(KEY).find, clock, capacity=10)
    ring.load(KEY.id)
    for number in range(100):
        ring.load(f"AKIA{number}")
    assert ring.cached(KEY.id, clock.now()) == KEY
    assert ring.cached("AKIA99", clock.now()) is None
    with pytest.raises(LookupError):
        ring.cached("AKIA89", clock.now())


def test_new_keys_have_the_shape_of_aws_and_never_repeat() -> None:
    """AKIA and sixteen upper-case characters; forty characters of secret, kept out of messages."""
    keys = [new_access_key("111122223333", region="us-gov-west-1") for _ in range(100)]
    assert len({key.id for key in keys} | {key.secret for key in keys}) == 200
    for key in keys:
        assert len(key.id) == 20
        assert key.id.startswith("AKIA")
        assert key.id.isalnum()
        assert key.id.isupper()
        assert len(key.secret) == 40
        assert key.secret not in repr(key)
    assert keys[0].principal.arn == "arn:aws-us-gov:iam::111122223333:user/admin"
    assert keys[0].principal.admin
