"""When `privyseal gitops watch` tries files again whose run has failed."""

import time
from collections.abc import Callable

LONGEST_S = 3600.0


class Patience:
    """What made the run of a revision fail may be mended without another revision (a repository is repaired,
    a signer is allowed): it is tried again, each time after twice the time. Another revision has no wait.
    """

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._revision = ""
        self._wait = self._due = 0.0

    def rests(self, revision: str) -> bool:
        return revision == self._revision and self._clock() < self._due

    def failed(self, revision: str) -> None:
        again = revision == self._revision
        self._wait = min(2 * self._wait, LONGEST_S) if again else self._every
        self._revision, self._due = revision, self._clock() + self._wait
