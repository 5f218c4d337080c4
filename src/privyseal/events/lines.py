"""The journal as JSON lines, one entry each, in the order of time: for whoever keeps logs."""

import heapq
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from privyseal.events.journal import JournalRow, canonical
from privyseal.events.ports import UNREADABLE, JournalReader, Snapshots
from privyseal.store import Tx

_ROWS = 50
_WRITERS = 1000


class Lines:
    """Chains are read side by side only as far as their times overlap: memory does not grow with the
    journal.
    """

    def __init__(self, store: Snapshots, journal: JournalReader, since: datetime | None) -> None:
        self._store = store
        self._journal = journal
        self._since = since or datetime(1970, 1, 1, tzinfo=UTC)

    def __iter__(self) -> Iterator[str]:
        for row in self._rows():
            yield from _lines(row)

    def _rows(self) -> Iterator[JournalRow]:
        """Of all chains together. The heap holds the next row of each chain that has begun."""
        waiting = sorted(self._begun(), reverse=True)
        heap: list[tuple[datetime, str, int]] = []
        open_chains: dict[str, tuple[JournalRow, Iterator[JournalRow]]] = {}

        def advance(writer: str, rows: Iterator[JournalRow]) -> None:
            if row := next(rows, None):
                open_chains[writer] = (row, rows)
                heapq.heappush(heap, (row.at, writer, row.seq))
            else:
                open_chains.pop(writer, None)

        while waiting or heap:
            while waiting and (not heap or waiting[-1][0] <= heap[0][0]):
                writer = waiting.pop()[1]
                advance(writer, self._chain(writer))
            if heap:
                writer = heapq.heappop(heap)[1]
                row, rows = open_chains[writer]
                yield row
                advance(writer, rows)

    def _begun(self) -> Iterator[tuple[datetime, str]]:
        """When each chain has its first row of those that are wanted."""

        def read(tx: Tx) -> Sequence[tuple[datetime, str]]:
            found = []
            ends = self._journal.ends(tx, after, _WRITERS)
            for writer, _, last in ends:
                newest = self._journal.rows(tx, writer, last, last, 1)
                if newest and newest[0].at >= self._since:
                    first = self._journal.since(tx, writer, -1, self._since, 1)
                    found += [(row.at, writer) for row in first]
            positions.extend(writer for writer, _, _ in ends)
            return found

        after, positions = "", list[str]()
        while True:
            found = self._store.view(read)
            yield from found
            if not positions:
                return
            after = positions[-1]
            positions.clear()

    def _chain(self, writer: str) -> Iterator[JournalRow]:
        seq = -1

        def page(tx: Tx) -> Sequence[JournalRow]:
            return self._journal.since(tx, writer, seq, self._since, _ROWS)

        while rows := self._store.view(page):
            yield from rows
            seq = rows[-1].seq


def _lines(row: JournalRow) -> Iterator[str]:
    """What cannot be read is for `audit verify` to find; here it is named and passed over."""
    place = {"writer": row.writer, "seq": row.seq}
    try:
        entries = json.loads(row.entries)
    except (ValueError, TypeError, RecursionError):
        entries = None
    if not isinstance(entries, list) or row.at == UNREADABLE:
        yield canonical({**place, "error": "the row is damaged: run privyseal audit verify"})
        return
    for index, entry in enumerate(entries):
        told = entry if isinstance(entry, dict) else {"entry": entry}
        yield canonical({"at": row.at.isoformat(timespec="microseconds"), **place, "index": index, **told})
