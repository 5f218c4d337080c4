"""How often somebody may ask: a token bucket for each, in bounded memory.

A bucket is kept as the time at which it is full again (GCRA, as in ATM's traffic management), so it
takes one number, and one that is full takes none.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from privyseal.errors import ErrorCode, PrivySealError

# Of one throttle. When there are more, the longest unused goes: with it a sender who comes from that
# many addresses in turn wins a burst, and nobody else loses one.
MAX_BUCKETS = 65_536

Seconds = Callable[[], float]


class TooOftenError(PrivySealError):
    """THROTTLED because of who asks: `retry_after` are the seconds until the next request is let through."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            ErrorCode.THROTTLED, f"There are too many requests from here: try again after {retry_after} s."
        )
        self.retry_after = retry_after


class Throttle:
    """`rate` requests a second for each key and `burst` at once; without a rate there is no limit.

    Safe to share between threads. Each process counts for itself.
    """

    def __init__(
        self, rate: float, burst: int, *, now: Seconds = time.monotonic, most: int = MAX_BUCKETS
    ) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._slack = (burst - 1) * self._interval
        self._now = now
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """One request of `key`. Raises TooOftenError, and then nothing was taken."""
        if not self._interval:
            return
        with self._lock:
            now = self._now()
            full_at = max(self._full_at.pop(key, now), now)
            wait = full_at - now - self._slack
            self._full_at[key] = full_at if wait > 0 else full_at + self._interval
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        if wait > 0:
            raise TooOftenError(math.ceil(wait))


UNLIMITED = Throttle(0, 1)
