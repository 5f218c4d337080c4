"""Dispatch: the journal is told as events, which go into the history and, where rules say so, to targets.

Events, what targets have to get of them, and how far the journal has been told are one commit. Whoever is
killed before it has told nothing, and after it nothing is lost: what a change leaves in the journal is
told once, and delivered at least once.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from privyseal import log
from privyseal.errors import PrivySealError
from privyseal.events.feed import Journal, rows_after
from privyseal.events.journal import JournalRow
from privyseal.events.repositories import Cursor, Deliveries, Events
from privyseal.events.rules import Rules
from privyseal.events.shapes import events_of
from privyseal.events.shapes.model import Event, Place
from privyseal.meter import Meter
from privyseal.store import Store, Tx

_ROWS = 200  # of the journal, from one snapshot
_EVENTS = 500  # that are enough for a commit; a row of the journal stays whole
_FORGOTTEN = 500  # events at once


@dataclass(slots=True)
class _Batch:
    """What one commit adds. `events` are those to keep, each with the targets that get it."""

    cursor: dict[str, int] = field(default_factory=dict)
    events: list[tuple[Event, Sequence[str]]] = field(default_factory=list)


class Dispatch:
    """One process at a time runs it. If two did, the ids of events would let only one of them commit."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        events: Events,
        deliveries: Deliveries,
        rules: Rules,
        *,
        region: str,
        history: timedelta,
        wake: Callable[[], None],
        meter: Meter,
    ) -> None:
        """`wake`: something is due for a target."""
        self._store = store
        self._journal = journal
        self._events = events
        self._deliveries = deliveries
        self._rules = rules
        self._region = region
        self._history = history
        self._wake = wake
        self._meter = meter

    def waiting(self, tx: Tx) -> bool:
        return bool(self._events.moved(tx))

    def run(self, stopping: threading.Event) -> None:
        """Tell all there is to tell, then forget what is too old."""
        while not stopping.is_set() and (rows := self._store.view(self._read)):
            for batch in self._batches(rows):
                self._store.transact(lambda tx, batch=batch: self._write(tx, batch))  # type: ignore[misc]
                self._committed(batch)
        self._forget(stopping)

    def _committed(self, batch: _Batch) -> None:
        for event, _ in batch.events:
            self._meter.count("events", source=str(event.body["source"]))
        if any(targets for _, targets in batch.events):
            self._wake()

    def _read(self, tx: Tx) -> Sequence[JournalRow]:
        cursor: Cursor = self._events.moved(tx)
        return rows_after(tx, self._journal, cursor, _ROWS)

    def _batches(self, rows: Sequence[JournalRow]) -> Iterator[_Batch]:
        batch = _Batch()
        for row in rows:
            batch.cursor[row.writer] = row.seq
            batch.events += self._told(row)
            if len(batch.events) >= _EVENTS:
                yield batch
                batch = _Batch()
        if batch.cursor:
            yield batch

    def _told(self, row: JournalRow) -> Iterator[tuple[Event, Sequence[str]]]:
        if not self._rules.want(row.entries):
            return
        for index, entry in enumerate(json.loads(row.entries)):
            for event in self._events_of(entry, Place(row.writer, row.seq, index, row.at)):
                targets = self._rules.targets_of(event.body)
                if self._rules.keep(entry["action"], targets):
                    yield event, targets

    def _events_of(self, entry: dict[str, object], place: Place) -> Sequence[Event]:
        """An entry that cannot be told must not hold up those behind it."""
        try:
            return list(events_of(entry, place, self._region))
        except (PrivySealError, LookupError, TypeError, ValueError, AttributeError) as error:
            log.exception("an entry of the journal has no event", error, writer=place.writer, seq=place.seq)
            return ()

    def _write(self, tx: Tx, batch: _Batch) -> None:
        numbers = self._events.add(tx, [event for event, _ in batch.events])
        for number, (event, targets) in zip(numbers, batch.events, strict=True):
            for target in targets:
                self._deliveries.add(tx, number, target, event.subject)
        self._events.put_cursor(tx, batch.cursor)

    def _forget(self, stopping: threading.Event) -> None:
        def prune(tx: Tx) -> int:
            return self._events.prune(tx, tx.now - self._history, _FORGOTTEN)

        def any_old(tx: Tx) -> bool:
            return self._events.any_before(tx, tx.now - self._history)

        while not stopping.is_set() and self._store.view(any_old):
            if self._store.transact(prune) < _FORGOTTEN:
                return
