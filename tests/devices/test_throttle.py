"""Who asks too often waits, and nobody else does."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.throttle import UNLIMITED, Throttle, TooOftenError
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.provisioning.addresses import address_key
from tests.devices.deployment import Deployment
from tests.devices.requests import csr


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def takes(throttle: Throttle, key: str = "a") -> bool:
    try:
        throttle.take(key)
    except TooOftenError:
        return False
    return True


def test_a_burst_then_the_rate() -> None:
    time = Time()
    throttle = Throttle(0.5, 3, now=time)
    assert [takes(throttle) for _ in range(4)] == [True, True, True, False]
    time.now += 2
    assert [takes(throttle) for _ in range(2)] == [True, False]
    time.now += 1000
    assert [takes(throttle) for _ in range(4)] == [True, True, True, False]


def test_who_waits_as_long_as_it_was_told_is_let_through() -> None:
    time = Time()
    throttle = Throttle(0.3, 1, now=time)
    throttle.take("a")
    with pytest.raises(TooOftenError) as caught:
        throttle.take("a")
    assert caught.value.code is ErrorCode.THROTTLED
    time.now += caught.value.retry_after
    throttle.take("a")


def test_one_key_does_not_use_up_anothers_requests() -> None:
    throttle = Throttle(0.1, 1, now=Time())
    assert [takes(throttle, key) for key in "aabb"] == [True, False, True, False]


def test_without_a_rate_there_is_no_limit() -> None:
    assert all(takes(UNLIMITED) for _ in range(1000))


def test_memory_is_bounded_by_forgetting_who_was_quiet_longest() -> None:
    throttle = Throttle(0.001, 1, now=Time(), most=2)
    assert [takes(throttle, key) for key in "abab"] == [True, True, False, False]
    assert takes(throttle, "c")
    assert not takes(throttle, "b")
    assert takes(throttle, "a")


@given(st.floats(0.01, 100), st.integers(1, 50), st.lists(st.floats(0, 20), min_size=1, max_size=200))
def test_no_pattern_gets_more_than_burst_and_rate(rate: float, burst: int, pauses: list[float]) -> None:
    time = Time()
    throttle = Throttle(rate, burst, now=time)
    taken = 0
    for pause in pauses:
        time.now += pause
        taken += takes(throttle)
    assert taken <= burst + rate * sum(pauses) + 1e-3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("", "", True),
    ],
)
def test_an_address_counts_as_one_subscriber(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


def test_only_who_has_proved_the_key_uses_up_what_a_device_may_ask(product: Deployment) -> None:
    mine, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    product.register("a", mine.public_key())
    made = product.enrolment(product.issuer(product.hierarchy()))
    limited = Enrolment(
        product.store,
        product.devices,
        made._vending,
        account=made.account,
        throttle=Throttle(0.001, 1, now=Time()),
    )
    for _ in range(3):
        with pytest.raises(PrivySealError) as caught:
            limited.enrol(csr(other, "a"), "a", request_id="r")
        assert caught.value.code is ErrorCode.ACCESS_DENIED
    limited.enrol(csr(mine, "a"), "a", request_id="r")
    with pytest.raises(TooOftenError):
        limited.enrol(csr(mine, "a"), "a", request_id="r")
