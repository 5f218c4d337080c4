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


class OneAtATime(Receiver):
    """So that `answer` can look at the last of `got`; and it knows who of its recipients has taken what."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        super().__init__(answer=answer)
        self._turn = threading.Lock()
        self._of: dict[str, list[str]] = {}

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        with self._turn:
            super().send(event, attempt)
            self._of.setdefault(attempt.recipient, []).append(event["id"])

    def of(self, recipient: str) -> list[str]:
        return self._of.get(recipient, [])
