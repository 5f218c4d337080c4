"""The transaction port: how the domain reads and writes, whatever database is underneath.

Each domain declares its repositories (`ca/ports.py`, `devices/ports.py` …) whose methods take
the `Tx` that this port hands out. What a transaction does and what it records are one commit.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

# One journal entry: a flat JSON object. `events/journal.py` says which members it has.
Entry = dict[str, Any]


class UniqueError(Exception):
    """A unique index refused a row: somebody else was first. Raised by writing repositories."""


class Tx(Protocol):
    """One open transaction. Its clock stands still: `now` is the same at every look."""

    @property
    def now(self) -> datetime: ...

    def record(self, entry: Entry) -> None:
        """Add an entry to the journal row that is committed together with everything else."""
        ...

    def invalidate(self) -> None:
        """Answers that were kept from before this commit are wrong after it: see `Store.generation`."""
        ...


class Store(Protocol):
    def view(self, read: Callable[[Tx], T]) -> T:
        """Run `read` on one consistent snapshot. It must not write."""
        ...

    def transact(self, write: Callable[[Tx], T]) -> T:
        """Run `write` and commit; when this returns, the result is durable.

        `write` may run more than once (a serialisation failure, 40001), so it must have no effects
        outside the transaction, and it must never sign. Any exception rolls everything back.
        Raises PrivySealError(UNAVAILABLE) when the database cannot commit; the outcome is then
        unknown to the caller, who may retry.
        """
        ...

    def generation(self) -> int | None:
        """A number that changes with every commit that called `Tx.invalidate`, in whatever process.

        An answer made from a snapshot may be kept with the number that was read before the snapshot
        was taken, and is right for as long as the number is the same. None while such a commit is
        under way: then nothing that was kept may be used. Costs next to nothing: no I/O.
        """
        ...
