"""A thread for work that nobody waits for: it runs when it is woken, and now and then by itself.

For what every process or every host has to do itself. What one of them does for all is a job (`jobs/`).
"""

import threading
from collections.abc import Callable

from privyseal import log
from privyseal.sparing import Sparing

# How often a thread looks for what others have left behind.
INTERVAL_S = 30.0
# How long `close` waits: work looks at `stopping` often, but a remote store may be slow to answer.
CLOSE_S = 4.0
# The same failure is logged once in so long: a full disk fails each turn, and there are many.
LOGGED_S = 60.0


class Background:
    """`work(stopping)` does all that is due and returns; it ends early when `stopping` is set."""

    def __init__(
        self, name: str, work: Callable[[threading.Event], None], interval: float = INTERVAL_S
    ) -> None:
        self._work = work
        self._interval = interval
        self._logged = Sparing(LOGGED_S)
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something to do; no-op before `start`, whose first look finds it."""
        self._due.set()

    def stop(self) -> None:
        """Ask it to end, without waiting: who has several asks all of them first."""
        self._stopping.set()
        self._due.set()

    def close(self) -> None:
        self.stop()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.clear()
            try:
                self._work(self._stopping)
            except Exception as error:  # noqa: BLE001 - the thread outlives a defect; the next turn retries
                if self._logged.allow(repr(error)):
                    log.exception("background work failed", error, thread=self._thread.name)
            self._due.wait(self._interval)
