"""The journal read as a feed of events: what a sink consumes, in its own time, missing nothing.

A cursor says for each writer up to which row a sink has come. Rows of one writer come in order;
between writers there is no order, as they are processes side by side.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from privyseal.events.eventbridge import envelope
from privyseal.events.journal import JournalRow
from privyseal.store import Store, Tx

# Writer → the seq of the last row that has been consumed; a writer that is not there: none yet.
Cursor = Mapping[str, int]
_BEFORE_THE_FIRST = -1


class Journal(Protocol):
    """The reading side of the journal. Implemented beside the store that writes it."""

    def writers(self, tx: Tx) -> Sequence[str]:
        """Every writer that there ever was; there is one for each process start."""
        ...

    def after(self, tx: Tx, writer: str, seq: int, limit: int) -> Sequence[JournalRow]:
        """Rows of one writer in order, those after `seq`."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Events, and the cursor that stands behind all of them. `cursor` is the old one when nothing was new."""

    events: Sequence[dict[str, Any]]
    cursor: Cursor


class Feed:
    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def read(self, cursor: Cursor, rows: int) -> Batch:
        """At most `rows` rows of the journal after `cursor`; they may hold no event at all."""

        def read(tx: Tx) -> Sequence[JournalRow]:
            found: list[JournalRow] = []
            for writer in self._journal.writers(tx):
                if len(found) < rows:
                    seen = cursor.get(writer, _BEFORE_THE_FIRST)
                    found += self._journal.after(tx, writer, seen, rows - len(found))
            return found

        found = self._store.view(read)
        events = [event for row in found for event in _events(row)]
        return Batch(events, {**cursor, **{row.writer: row.seq for row in found}})


def _events(row: JournalRow) -> Iterator[dict[str, Any]]:
    for index, entry in enumerate(json.loads(row.entries)):
        event = envelope(entry, writer=row.writer, seq=row.seq, index=index, at=row.at)
        if event is not None:
            yield event
