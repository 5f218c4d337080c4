"""Access keys that were read a moment ago, so that a request does not read the database for its own."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from privyseal.access.model import AccessKey
from privyseal.clock import Clock

# How long an answer is believed: a key that is switched off elsewhere still works this long.
KNOWN_FOR = timedelta(seconds=2)
UNKNOWN_FOR = timedelta(seconds=1)
# How many answers are kept, each of known and unknown ids: a flood of made-up ids evicts no real key.
CAPACITY = 10_000

_Entries = dict[str, tuple[datetime, AccessKey | None]]


class KeyRing:
    """`cached` never blocks; on a LookupError the caller runs `load` where blocking is allowed."""

    def __init__(
        self, read: Callable[[str], AccessKey | None], clock: Clock, *, capacity: int = CAPACITY
    ) -> None:
        self._read = read
        self._clock = clock
        self._capacity = capacity
        self._known: _Entries = {}
        self._unknown: _Entries = {}
        self._lock = threading.Lock()

    def cached(self, key_id: str, now: datetime) -> AccessKey | None:
        """The key, or None when there is no such key; LookupError when that has to be read first."""
        entry = self._known.get(key_id) or self._unknown.get(key_id)
        if entry is None or now >= entry[0]:
            raise LookupError
        return entry[1]

    def load(self, key_id: str) -> AccessKey | None:
        """Read the key and remember the answer. Blocks as long as the reader does."""
        key = self._read(key_id)
        fresh, stale = (self._known, self._unknown) if key else (self._unknown, self._known)
        until = self._clock.now() + (KNOWN_FOR if key else UNKNOWN_FOR)
        with self._lock:
            stale.pop(key_id, None)
            fresh.pop(key_id, None)
            while len(fresh) >= self._capacity:
                del fresh[next(iter(fresh))]
            fresh[key_id] = (until, key)
        return key
