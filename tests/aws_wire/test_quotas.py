"""Request rates: off unless they are set, a token bucket for each operation that is named."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from privyseal.access.model import Principal
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws.model import Call, Operation, Service
from privyseal.frontends.aws.quotas import Bucket, limited

CALL = Call(Principal("arn", "111122223333", "AKIA", admin=True), "r", datetime(2026, 1, 1, tzinfo=UTC), "x")


class Time:
    """A monotonic clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def answer(_call: Call, _request: Any) -> dict[str, str]:
    return {"Answer": "yes"}


def service() -> Service:
    operations = {name: Operation(name, Struct, answer) for name in ("Slow", "Free")}
    return Service("acm-pca", "acm-pca", "ACMPrivateCA", operations)


def answered(operation: Operation, count: int) -> int:
    """How many of `count` calls were answered; the others were throttled."""
    done = 0
    for _ in range(count):
        try:
            assert asyncio.run(_call(operation)) == {"Answer": "yes"}
            done += 1
        except PrivySealError as error:
            if error.code is not ErrorCode.THROTTLED:
                raise
    return done


async def _call(operation: Operation) -> Any:
    return await operation.handler(CALL, None)


def test_nothing_is_limited_that_is_not_named() -> None:
    plain = service()
    assert limited(plain, {}).operations == plain.operations
    slowed = limited(plain, {"Slow": 1.0}, Time())
    assert slowed.operations["Free"] is plain.operations["Free"]
    assert answered(slowed.operations["Free"], 20) == 20


def test_an_operation_runs_as_often_as_its_rate() -> None:
    time = Time()
    slow = limited(service(), {"Slow": 5.0}, time).operations["Slow"]
    assert answered(slow, 9) == 5
    time.seconds += 0.2
    assert answered(slow, 9) == 1
    time.seconds += 3600
    assert answered(slow, 9) == 5


def test_a_rate_below_one_lets_one_through() -> None:
    time = Time()
    slow = limited(service(), {"Slow": 0.5}, time).operations["Slow"]
    assert answered(slow, 3) == 1
    time.seconds += 1.5
    assert answered(slow, 3) == 0
    time.seconds += 0.5
    assert answered(slow, 3) == 1


def test_a_name_that_is_no_operation_is_refused() -> None:
    with pytest.raises(PrivySealError, match="'IssueCertificates'") as refusal:
        limited(service(), {"IssueCertificates": 1.0})
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT


@given(st.floats(0.1, 100), st.lists(st.floats(0, 3), max_size=50))
def test_never_more_than_the_rate_and_one_burst(rate: float, steps: list[float]) -> None:
    time = Time()
    bucket, taken, begun = Bucket(rate, time), 0, time.seconds
    for step in steps:
        time.seconds += step
        taken += sum(bucket.take() for _ in range(20))
    assert taken <= max(rate, 1) + (time.seconds - begun) * rate + 1e-6
