"""How many managed certificates there are, and which of them end first: what monitoring asks.

The counts are kept in the commit that changes a certificate. Reading them costs a row for each day on
which one ends, however many do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from privyseal.managed.states import Kind, Status
from privyseal.names import ManagedArn
from privyseal.store import Store, Tx

# How many are read in one snapshot where all are looked at.
PAGE = 500


@dataclass(frozen=True, slots=True)
class Tally:
    kind: Kind
    status: Status
    renewal_status: str  # a RenewalStatus, "" where there has been no renewal
    day: date | None  # on which they end (UTC), of ISSUED ones
    certificates: int


@dataclass(frozen=True, slots=True)
class ManagedEnd:
    """Of one ISSUED certificate."""

    arn: ManagedArn
    domain: str
    serial: int
    not_after: datetime


class ManagedTallies(Protocol):
    """Every method runs inside the transaction it is given."""

    def all(self, tx: Tx) -> Sequence[Tally]: ...

    def ending(self, tx: Tx, after: ManagedEnd | None, limit: int) -> Sequence[ManagedEnd]:
        """ISSUED ones in the order of their ends, those after the given one."""
        ...


class ManagedEnds:
    """All ISSUED certificates, a page at a time: for a job, not for who is waiting."""

    def __init__(self, store: Store, tallies: ManagedTallies, page: int = PAGE) -> None:
        self._store = store
        self._page = page
        self._tallies = tallies

    def pages(self) -> Iterator[Sequence[ManagedEnd]]:
        page: Sequence[ManagedEnd] = ()
        while True:
            last = page[-1] if page else None
            page = self._store.view(lambda tx, last=last: self._tallies.ending(tx, last, self._page))  # type: ignore[misc]
            if not page:
                return
            yield page
