"""Which registrars could be reached a moment ago, so that not every device waits for one that is away."""

import threading
import time
from collections.abc import Callable

# A registrar that did not answer is not asked for a device that waits until so much later, in seconds.
AWAY_S = 30.0


class Reach:
    """Of one process. Safe to share between threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_away(self, registrar: str) -> bool:
        with self._lock:
            return self._now() < self._until.get(registrar, 0.0)

    def lost(self, registrar: str) -> None:
        with self._lock:
            self._until[registrar] = self._now() + AWAY_S

    def found(self, registrar: str) -> None:
        with self._lock:
            self._until.pop(registrar, None)
