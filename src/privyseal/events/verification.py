"""Verifying the audit trail: entries → root → chain → checkpoint → exported checkpoints.

It needs the database (which the service may be using) and the public key, and nothing that is
secret. Everything is read in pages: memory grows with the number of process starts, not with rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from privyseal.events.checkpoint import BEFORE_THE_FIRST, Checkpoint, Signed, Span
from privyseal.events.diagnosis import Diagnosis, Link, Stretch
from privyseal.events.findings import Finding, Kind, Report
from privyseal.events.journal import JournalRow
from privyseal.events.ports import NO_HEAD, UNREADABLE, Chain, JournalReader, Snapshots, Trail
from privyseal.events.tree import Tree
from privyseal.signing import VerifyingKey
from privyseal.store import Tx
from privyseal.value import changed

_ROWS = 200
_CHECKPOINTS = 50
_WRITERS = 1000

# (leaves verified, leaves in all)
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Position:
    """Up to where a chain has been followed; `head` is None after a checkpoint that is missing."""

    seq: int = -1
    head: bytes | None = NO_HEAD
    shift: int = 0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    now: datetime
    last: Signed | None
    ends: dict[str, tuple[int, int]]  # writer → its first and its last seq
    chains: dict[str, Chain]


class Verification:
    def __init__(
        self, store: Snapshots, trail: Trail, journal: JournalReader, key: VerifyingKey, report: Report
    ) -> None:
        self._store = store
        self._trail = trail
        self._journal = journal
        self._key = key
        self._report = report
        self._positions: dict[str, _Position] = {}
        self._tree: Tree | None = Tree()
        self._known = True  # whether the checkpoint before was there and genuine
        self._gaps = False  # whether one was not: then rows may be in none that is left

    def run(self, progress: Progress) -> None:
        """Add to the report what is verified and found."""
        snapshot = self._snapshot = self._store.view(self._read)
        number, previous = 0, BEFORE_THE_FIRST
        total = _size(snapshot.last)
        for signed in self._checkpoints(snapshot.last.number if snapshot.last else 0):
            if signed.number != number + 1:
                self._lose("it is not in the database", number + 1, signed.number - 1)
                previous = ""
            number = signed.number
            self._checkpoint(signed, previous)
            previous = signed.digest
            progress(self._report.records, total)
        self._check_chains()
        for writer, (first, last) in snapshot.ends.items():
            self._tail(writer, first, last)

    def _read(self, tx: Tx) -> _Snapshot:
        ends: dict[str, tuple[int, int]] = {}
        while page := self._journal.ends(tx, next(reversed(ends), ""), _WRITERS):
            ends |= {writer: (first, last) for writer, first, last in page}
        chains: dict[str, Chain] = {}
        while known := self._trail.chains(tx, next(reversed(chains), ""), _WRITERS):
            chains |= {chain.writer: chain for chain in known}
        return _Snapshot(tx.now, self._trail.last(tx), ends, chains)

    def _checkpoints(self, until: int) -> Iterator[Signed]:
        number = 0

        def page(tx: Tx) -> Sequence[Signed]:
            return self._trail.after(tx, number, min(_CHECKPOINTS, until - number))

        while number < until and (found := self._store.view(page)):
            yield from found
            number = found[-1].number

    def _checkpoint(self, signed: Signed, previous: str) -> None:
        try:
            told = Checkpoint.parse(signed.body)
        except (ValueError, TypeError, RecursionError):
            self._forge("it is not a checkpoint", signed.number)
            return
        if not genuine(self._key, told, signed.body, signed.signature):
            self._forge("it is not signed with the key of this installation", signed.number)
            return
        if told.number != signed.number:
            self._forge(f"it is checkpoint {told.number} under another number", signed.number)
            return
        if previous and told.previous != previous and self._known:
            text = "it does not follow the checkpoint before, which has been replaced"
            self._report.add(Finding(Kind.FORGED_CHECKPOINT, text, first=told.number, last=told.number))
        self._report.checkpoints += 1
        before = self._report.added
        for span in told.spans:
            self._span(span, told.number)
        self._compare(told, signed, whole=self._report.added == before)
        self._known = True

    def _compare(self, told: Checkpoint, signed: Signed, *, whole: bool) -> None:
        """The tree so far with the signed root. After damage it goes on from the stored frontier."""
        known = self._tree is not None and whole
        if known and self._tree and (self._tree.size, self._tree.root()) != (told.size, told.root):
            self._forge("its root is not that of its records", told.number)
        try:
            stored = Tree(told.size, signed.frontier)
        except (ValueError, TypeError):
            stored = Tree()
        if (stored.size, stored.root()) != (told.size, told.root):
            text = "its stored frontier is damaged"
            self._report.add(Finding(Kind.FORGED_CHECKPOINT, text, first=told.number, last=told.number))
            self._tree = self._tree if known else None
            return
        self._tree = stored

    def _span(self, span: Span, number: int) -> None:
        position = self._positions.setdefault(span.writer, _Position())
        if span.first != position.seq + 1:
            position.head = None
            if not self._gaps:
                text = "its rows do not follow those of the checkpoints before"
                self._report.add(Finding(Kind.FORGED_CHECKPOINT, text, first=number, last=number))
        stretch = Stretch(span.writer, span.first, span.last, position.head, span.head)
        links = self._stretch(stretch, position)
        position.seq, position.head = span.last, span.head
        self._report.rows += len(links)
        for link in links:
            self._report.records += len(link.leaves or ())
            if self._tree is not None:
                self._tree.extend(link.leaves or ())

    def _stretch(self, stretch: Stretch, position: _Position) -> Sequence[Link]:
        """The rows of a stretch, after everything that is wrong with them has been reported."""
        shift = position.shift
        rows = self._rows(stretch.writer, stretch.first - shift, stretch.last - shift)
        links = [Link.of(changed(row, seq=row.seq + shift)) for row in rows]
        diagnosis = Diagnosis(
            stretch,
            links,
            chain_end=self._snapshot.ends.get(stretch.writer, (0, -1))[1] + shift,
            elsewhere=lambda previous: self._elsewhere(stretch.writer, previous, shift),
        )
        for finding in diagnosis.findings():
            self._report.add(finding)
        position.shift += diagnosis.shift
        position.head = diagnosis.end
        return links

    def _rows(self, writer: str, first: int, last: int) -> Iterator[JournalRow]:
        def page(tx: Tx) -> Sequence[JournalRow]:
            return self._journal.rows(tx, writer, first, last, _ROWS)

        while first <= last and (rows := self._store.view(page)):
            yield from rows
            first = rows[-1].seq + 1

    def _elsewhere(self, writer: str, previous: bytes, shift: int) -> int | None:
        seq = self._store.view(lambda tx: self._journal.follower(tx, writer, previous))
        return None if seq is None else seq + shift

    def _lose(self, text: str, first: int, last: int) -> None:
        self._report.add(Finding(Kind.MISSING_CHECKPOINT, text, first=first, last=last))
        self._tree, self._known, self._gaps = None, False, True

    def _forge(self, text: str, number: int) -> None:
        self._report.add(Finding(Kind.FORGED_CHECKPOINT, text, first=number, last=number))
        self._tree, self._known, self._gaps = None, False, True

    def _check_chains(self) -> None:
        """What the database remembers to have folded must be in the checkpoints that it has."""
        number = self._snapshot.last.number if self._snapshot.last else 0
        for writer, chain in self._snapshot.chains.items():
            position = self._positions.get(writer, _Position())
            if chain.seq > position.seq and self._known:
                text = "the database remembers a later checkpoint than it has"
                self._report.add(Finding(Kind.MISSING_CHECKPOINT, text, first=number + 1, last=number + 1))
                return

    def _tail(self, writer: str, first: int, last: int) -> None:
        """Rows that no checkpoint has: they are a chain, and that is all that can be said."""
        position = self._positions.setdefault(writer, _Position())
        if first < 0:
            text = "there is a row before the first one"
            self._report.add(Finding(Kind.CHANGED, text, writer, first, first))
        while (until := self._page_end(writer, position, last)) is not None:
            stretch = Stretch(writer, position.seq + 1, until, position.head, None)
            for link in self._stretch(stretch, position):
                self._report.tail_rows += 1
                self._report.tail_records += len(link.leaves or ())
                if link.row.at != UNREADABLE:
                    age = (self._snapshot.now - link.row.at).total_seconds()
                    self._report.tail_seconds = max(self._report.tail_seconds, age)
            position.seq = until

    def _page_end(self, writer: str, position: _Position, last: int) -> int | None:
        """The number of the last of the next rows that no checkpoint has; None when there are none."""
        first = position.seq + 1 - position.shift

        def page(tx: Tx) -> Sequence[JournalRow]:
            return self._journal.rows(tx, writer, first, last, _ROWS)

        rows = self._store.view(page) if first <= last else ()
        return rows[-1].seq + position.shift if rows else None


def genuine(key: VerifyingKey, told: Checkpoint, body: str, signature: bytes) -> bool:
    return told.key == key.id and isinstance(signature, bytes) and key.verifies(body.encode(), signature)


def _size(last: Signed | None) -> int:
    try:
        return Checkpoint.parse(last.body).size if last else 0
    except (ValueError, TypeError, RecursionError):
        return 0
