"""Which authority issues for devices: the one that is configured, or whoever has taken its place.

A rotation (`ca_rotation/`) records a successor; successors have successors. The configured name stays
what it is, so an installation needs no other settings afterwards. Every process sees a switch with its
next certificate, without a restart: what was read is kept for as long as `Store.generation` stands still.
"""

from collections.abc import Callable
from typing import Protocol

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store, Tx

_MOST = 1000  # successions in a row; more are a circle


class Successions(Protocol):
    def successor(self, tx: Tx, authority: str) -> str | None: ...

    def put(self, tx: Tx, authority: str, successor: str) -> None: ...

    def remove(self, tx: Tx, authority: str) -> None: ...


def current(tx: Tx, successions: Successions, configured: str) -> str:
    """The ARN at the end of the succession."""
    return line(tx, successions, configured)[-1]


def line(tx: Tx, successions: Successions, configured: str) -> list[str]:
    """`configured`, its successor, the successor of that …"""
    found = [configured]
    while (following := successions.successor(tx, found[-1])) is not None:
        found.append(following)
        if len(found) > _MOST:
            raise PrivySealError(ErrorCode.INTERNAL, f"The authorities after {configured} go in a circle.")
    return found


class Issuing:
    """Safe to share between threads: a race costs a look, never a wrong answer."""

    def __init__(self, store: Store, successions: Successions, configured: Callable[[], str]) -> None:
        """`configured` is asked at each look that is not answered from memory."""
        self._store = store
        self._successions = successions
        self._configured = configured
        self._kept: tuple[int, str] | None = None

    def __call__(self) -> str:
        """The authority's ARN."""
        generation, kept = self._store.generation(), self._kept
        if kept is not None and kept[0] == generation:
            return kept[1]
        found = self._store.view(self.current)
        if generation is not None:
            self._kept = generation, found
        return found

    def current(self, tx: Tx) -> str:
        return current(tx, self._successions, self._configured())
