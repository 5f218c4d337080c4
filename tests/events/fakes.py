"""Targets that tests steer."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from privyseal.events.ports import Attempt


class Receiver:
    """A target that keeps what it gets. `answer` may raise, or wait."""

    def __init__(self, name: str = "t", answer: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        self._name = name
        self._answer = answer
        self._lock = threading.Lock()
        self.got: list[tuple[str, Attempt]] = []  # the ids of events, attempt by attempt
        self.taken: list[Mapping[str, Any]] = []

    @property
    def name(self) -> str:
        return self._name

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        with self._lock:
            self.got.append((event["id"], attempt))
        if self._answer:
            self._answer(event)
        with self._lock:
            self.taken.append(event)

    def close(self) -> None:
        pass
