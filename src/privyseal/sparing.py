"""What strangers can provoke is done now and then, not each time."""

import time
from collections.abc import Callable

CAPACITY = 10_000


class Sparing:
    """Says yes once per key and `seconds`. Keys beyond `capacity` push out the oldest. Not thread-safe."""

    def __init__(
        self, seconds: float, *, capacity: int = CAPACITY, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._now = now
        self._last: dict[str, float] = {}

    def allow(self, key: str) -> bool:
        now = self._now()
        last = self._last.get(key)
        if last is not None and now < last + self._seconds:
            return False
        self._last.pop(key, None)
        while len(self._last) >= self._capacity:
            del self._last[next(iter(self._last))]
        self._last[key] = now
        return True
