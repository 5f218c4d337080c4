"""Waiting between attempts: twice as long each time, a random part of it, so that a fleet does not come
back in step, and never less than the service asks for.
"""

import random
import time
from collections.abc import Callable

from privyseal.client.errors import ClientError

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0

# Of why, and for how long.
Told = Callable[[str, float], None]


class Patience:
    """Of one question, which ends after `seconds`."""

    def __init__(
        self,
        seconds: float,
        *,
        told: Told | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._until = monotonic() + seconds
        self._told = told
        self._sleep = sleep
        self._monotonic = monotonic
        self._most = FIRST_WAIT_S

    def wait(self, failure: ClientError, least: float = 0.0) -> None:
        """After `failure`. Raises it when there is not that much time left."""
        wait = self._next(least, failure)
        if self._told:
            self._told(str(failure), wait)
        self._sleep(wait)

    def wait_for_answer(self, least: float) -> None:
        """Nothing has failed. Raises ClientError when there is not that much time left."""
        self._sleep(self._next(least, ClientError("the certificate was not ready in time", "Ask again.")))

    def _next(self, least: float, failure: ClientError) -> float:
        wait = max(least, random.uniform(self._most / 2, self._most))  # noqa: S311 - it keeps no secret
        if self._monotonic() + wait > self._until:
            raise failure
        self._most = min(2 * self._most, LONGEST_WAIT_S)
        return wait
