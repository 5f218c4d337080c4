"""The journal read as a feed: in its own time, missing nothing.

A cursor says for each writer up to which row it has been read. Rows of one writer come in order, and
those of several processes by their times, as far as one snapshot goes: what one process did because of
another's commit comes after it.
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from typing import Protocol

from privyseal.events.journal import JournalRow
from privyseal.events.repositories import Cursor
from privyseal.store import Tx

_PAGE = 100


class Journal(Protocol):
    """The reading side of the journal. Implemented beside the store that writes it."""

    def after(self, tx: Tx, writer: str, seq: int, limit: int) -> Sequence[JournalRow]:
        """Rows of one writer in order, those after `seq`."""
        ...


def rows_after(tx: Tx, journal: Journal, cursor: Cursor, limit: int) -> Sequence[JournalRow]:
    """At most `limit` rows of the writers that a cursor names, those after it."""
    chains = [_chain(tx, journal, writer, seq, min(limit, _PAGE)) for writer, seq in cursor.items()]
    return list(itertools.islice(heapq.merge(*chains, key=lambda row: row.at), limit))


def _chain(tx: Tx, journal: Journal, writer: str, seq: int, page: int) -> Iterator[JournalRow]:
    while rows := journal.after(tx, writer, seq, page):
        yield from rows
        seq = rows[-1].seq
