"""Where a chain is broken: which of its rows are changed, removed, reordered or cut off.

The rows of one span are held against two digests that are known to be right: that of the row before
the span and that of its last row, which a checkpoint has signed. Between them each row names its
predecessor, so most changes show where they are; rows that were rewritten together, each naming the
rewritten one before, show as one range.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from privyseal.events.findings import Finding, Kind
from privyseal.events.journal import JournalRow
from privyseal.events.sound import leaves_of
from privyseal.value import changed

# How many rows may have been removed with all later ones renumbered for it to be recognised as that.
MAX_SHIFT = 64


@dataclass(frozen=True, slots=True)
class Link:
    """A row without its entries: `leaves` is None where they are not what the row says."""

    row: JournalRow
    leaves: Sequence[bytes] | None

    @classmethod
    def of(cls, row: JournalRow) -> "Link":
        return cls(changed(row, entries=""), leaves_of(row))

    def digest(self, seq: int) -> bytes | None:
        """As the row number `seq`; None for what is no row at all."""
        try:
            return changed(self.row, seq=seq).digest()
        except (TypeError, AttributeError):
            return None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows `first` to `last` of a writer as they should be: `head` is the digest of the row before
    (None: not known), `end` that of the last one (None: no checkpoint has it yet).
    """

    writer: str
    first: int
    last: int
    head: bytes | None
    end: bytes | None


class Diagnosis:
    """`end` afterwards is the digest of the last row as it was found, and `shift` by how much the
    numbers of the following rows are too low.
    """

    def __init__(
        self,
        stretch: Stretch,
        links: Sequence[Link],
        *,
        chain_end: int,
        elsewhere: Callable[[bytes], int | None],
    ) -> None:
        """`chain_end` is the last seq of the writer in the database; `elsewhere` finds the seq of the
        row, anywhere in the chain, that names the given predecessor.
        """
        self._stretch = stretch
        self._links: Mapping[int, Link] = {link.row.seq: link for link in links}
        self._present = sorted(self._links)
        self._chain_end = chain_end
        self._elsewhere = elsewhere
        self._followers = {link.row.previous: link for link in links if link.digest(0)}
        self.shift = 0
        self.end: bytes | None = None

    def findings(self) -> Iterator[Finding]:
        head, seq = self._stretch.head, self._stretch.first
        blamed = None  # the last row that was found to be changed
        while seq <= self._stretch.last:
            link = self._links.get(seq - self.shift)
            if link is None:
                until = self._next_present(seq)
                yield self._gone(seq, until)
                head, seq = None, until + 1
                continue
            if link.leaves is None:
                blamed = seq
                yield self._finding(Kind.CHANGED, "the entries are not those that were written", seq)
            if head is not None and link.row.previous != head:
                if moved := self._moved(head, seq):
                    head, found = moved
                    yield found
                    seq += 1
                    continue
                if shift := self._shifted(link, seq):
                    text = "removed, and the later rows renumbered"
                    yield self._finding(Kind.REMOVED, text, seq, seq + shift - 1)
                    self.shift += shift
                    head, seq = None, seq + shift
                    continue
                culprit = self._culprit(link, seq)
                if culprit != blamed:
                    text = "the row is not the one that its neighbours name"
                    yield self._finding(Kind.CHANGED, text, culprit)
            head = link.digest(seq)
            seq += 1
        self.end = head
        if None not in (head, self._stretch.end) and head != self._stretch.end:
            text = "rewritten: these rows agree with each other and not with the checkpoint that covers them"
            yield self._finding(Kind.CHANGED, text, self._stretch.first, self._stretch.last)

    def _next_present(self, seq: int) -> int:
        """The last of the missing rows that begin with `seq`: there may be more than can be counted."""
        at = bisect_right(self._present, seq - self.shift)
        following = self._present[at] + self.shift if at < len(self._present) else self._stretch.last + 1
        return min(following - 1, self._stretch.last)

    def _gone(self, seq: int, last: int) -> Finding:
        if seq - self.shift > self._chain_end:
            return self._finding(Kind.CUT, "the end of the chain is gone", seq, last)
        return self._finding(Kind.REMOVED, "there is no such row", seq, last)

    def _moved(self, head: bytes, seq: int) -> tuple[bytes | None, Finding] | None:
        """The row that belongs here, where it stands elsewhere in the chain."""
        other = self._followers.get(head)
        place = other.row.seq if other else self._elsewhere(head)
        if place is None or place == seq - self.shift:
            return None
        found = self._finding(Kind.REORDERED, f"the row that belongs here has the number {place}", seq)
        return (other.digest(seq) if other else None), found

    def _shifted(self, link: Link, seq: int) -> int:
        """By how much this row's number is too low: its true one is what the next row names."""
        following = self._links.get(link.row.seq + 1)
        wanted = following.row.previous if following else self._stretch.end
        return next((by for by in range(1, MAX_SHIFT + 1) if link.digest(seq + by) == wanted), 0)

    def _culprit(self, link: Link, seq: int) -> int:
        """Where the next row, or the checkpoint, says that this one is right, it was the one before."""
        following = self._links.get(link.row.seq + 1)
        wanted = following.row.previous if following else self._stretch.end
        intact = wanted is not None and link.digest(seq) == wanted
        return seq - 1 if intact and seq > self._stretch.first else seq

    def _finding(self, kind: Kind, text: str, first: int, last: int | None = None) -> Finding:
        return Finding(kind, text, self._stretch.writer, first, first if last is None else last)
