"""Request rates by operation, where the operator has set them: a token bucket each, per process."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws.model import Call, Operation, Service

# AWS's quotas are named "Rate of <operation> requests" and count per second; a burst of one
# second's worth is let through.
Seconds = Callable[[], float]


class Bucket:
    """Fills with `rate` tokens a second, up to one second's worth and at least one."""

    def __init__(self, rate: float, now: Seconds) -> None:
        self._rate = rate
        self._size = max(rate, 1.0)
        self._now = now
        self._tokens = self._size
        self._at = now()

    def take(self) -> bool:
        now = self._now()
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def limited(
    service: Service,
    rates: Mapping[str, float],
    now: Seconds = time.monotonic,
    setting: str = "requests-per-second",
) -> Service:
    """The service, its named operations at most so often a second. Raises INVALID_ARGUMENT for a
    name that is none of its operations; `setting` is where it stands.
    """
    if unknown := rates.keys() - service.operations.keys():
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f"The setting quotas.{setting} names {min(unknown)!a}, which is no operation of {service.name}.",
        )
    slowed = {name: _slowed(service.operations[name], Bucket(rate, now)) for name, rate in rates.items()}
    return replace(service, operations={**service.operations, **slowed})


def _slowed(operation: Operation, bucket: Bucket) -> Operation:
    async def handle(call: Call, request: Any) -> Any:
        if not bucket.take():
            raise PrivySealError(ErrorCode.THROTTLED, "Rate exceeded")  # AWS's words
        return await operation.handler(call, request)

    return replace(operation, handler=handle)
