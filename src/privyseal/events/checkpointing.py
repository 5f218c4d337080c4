"""Making checkpoints: new rows of all writers are folded into one tree, whose root is signed.

What is in the tree is never read again: it grows on from the frontier of the last checkpoint, and
each chain from where that left it. A checkpoint is one commit, and its number is unique, so two
processes that both believe to have the lease of this job cannot both be right.

Nothing is signed over what does not add up. A row that is not what its hashes say, or does not
follow the one before, ends the folding of its own writer (the others go on) until somebody has
looked: `privyseal audit verify` says where it is.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.checkpoint import BEFORE_THE_FIRST, Checkpoint, Signed, Span
from privyseal.events.journal import JournalRow
from privyseal.events.ports import Chain, JournalReader, StoredKey, Trail
from privyseal.events.sound import leaves_of
from privyseal.events.tree import Tree
from privyseal.meter import Meter
from privyseal.signing import SigningKey, VerifyingKey, new_secret
from privyseal.store import Store, Tx, UniqueError

# Of one checkpoint at most: it is made, exported and verified in bounded memory.
MAX_LEAVES = 10_000
MAX_SPANS = 1_000
_PAGE = 100  # rows
_LAST_TRIES = 3  # other processes end at the same time, and one of them may be first
_LAST = 2**62  # a seq that no writer reaches


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done, read from one snapshot."""

    last: Signed | None
    moved: Sequence[Chain]


class Checkpointing:
    def __init__(
        self,
        store: Store,
        trail: Trail,
        journal: JournalReader,
        key: SigningKey,
        meter: Meter,
        *,
        max_leaves: int = MAX_LEAVES,
    ) -> None:
        self._store = store
        self._trail = trail
        self._journal = journal
        self._key = key
        self._meter = meter
        self._max_leaves = max_leaves
        self._newest: Signed | None = None  # that this process has signed

    def waiting(self, tx: Tx) -> bool:
        return bool(self._trail.moved(tx, 1))

    def run(self, stopping: threading.Event) -> None:
        """Make checkpoints until everything that was committed before is in one."""
        try:
            while not stopping.is_set() and self._store.view(self.waiting) and self._make():
                self._meter.count("audit_checkpoints", outcome="signed")
        except Exception:
            self._meter.count("audit_checkpoints", outcome="failed")
            raise

    def finish(self) -> None:
        """At an orderly end, whoever has the lease: a checkpoint over what the run has left behind.

        What fails here is done by the next start.
        """
        try:
            for _ in range(_LAST_TRIES):
                if self._store.view(self.waiting):
                    self._make()
        except PrivySealError as error:
            log.warning("no last checkpoint", error=str(error))

    def _make(self) -> bool:
        """Make one checkpoint; False when nothing can be added, or another process was first."""
        work = self._store.view(self._read)
        tree, previous = self._ground(work.last)
        spans = list(self._fold(tree, work.moved))
        if not spans:
            return False
        number = work.last.number + 1 if work.last else 1
        signed = self._sign(number, tree, previous, spans)
        try:
            self._store.transact(lambda tx: self._trail.add(tx, signed, spans))
        except UniqueError:
            return False
        self._newest = signed
        return True

    def _read(self, tx: Tx) -> _Work:
        return _Work(self._trail.last(tx), self._trail.moved(tx, MAX_SPANS))

    def _ground(self, last: Signed | None) -> tuple[Tree, str]:
        """The tree of the last checkpoint, and that one's digest, once it has proved to be ours."""
        newest = self._newest
        gone = newest and (last is None or last.number < newest.number)
        if newest and (gone or (last and last.number == newest.number and last.body != newest.body)):
            raise _stopped(f"checkpoint {newest.number}, which this process signed, is gone")
        if last is None:
            return Tree(), BEFORE_THE_FIRST
        try:
            told = Checkpoint.parse(last.body)
            tree = Tree(told.size, last.frontier)
        except (ValueError, TypeError, RecursionError):
            raise _stopped(f"checkpoint {last.number} is damaged") from None
        genuine = self._key.public.verifies(last.body.encode(), last.signature)
        if not genuine or told.number != last.number or tree.root() != told.root:
            raise _stopped(f"checkpoint {last.number} is not what was signed")
        return tree, last.digest

    def _fold(self, tree: Tree, chains: Sequence[Chain]) -> Iterator[Span]:
        """Put the new rows into the tree, at most so many that it stays one checkpoint."""
        full = tree.size + self._max_leaves
        for chain in chains:
            position = chain
            for row in self._rows_after(chain):
                leaves = leaves_of(row)
                if leaves is None or (row.seq, row.previous) != (position.seq + 1, position.head):
                    log.warning("audit_journal_broken", writer=chain.writer, seq=position.seq + 1)
                    self._meter.count("audit_checkpoints", outcome="broken-row")
                    break
                tree.extend(leaves)
                position = Chain(chain.writer, row.seq, row.digest())
                if tree.size >= full:
                    break
            if position is not chain:
                yield Span(chain.writer, chain.seq + 1, position.seq, position.head)
            if tree.size >= full:
                return

    def _rows_after(self, chain: Chain) -> Iterator[JournalRow]:
        seq = chain.seq

        def page(tx: Tx) -> Sequence[JournalRow]:
            return self._journal.rows(tx, chain.writer, seq + 1, _LAST, _PAGE)

        while rows := self._store.view(page):
            yield from rows
            seq = rows[-1].seq

    def _sign(self, number: int, tree: Tree, previous: str, spans: Sequence[Span]) -> Signed:
        now = self._store.view(lambda tx: tx.now)
        key_id = self._key.public.id
        body = Checkpoint(number, now, tree.size, tree.root(), previous, key_id, spans).body()
        return Signed(number, body, self._key.sign(body.encode()), tree.frontier)


def ensure_key(store: Store, trail: Trail) -> SigningKey:
    """The key that signs this installation's checkpoints, made when it is asked for first."""

    def find(tx: Tx) -> StoredKey | None:
        return trail.signing_key(tx)

    def make(tx: Tx) -> StoredKey:
        if found := trail.signing_key(tx):
            return found
        key = SigningKey(secret)
        stored = StoredKey(key.public.id, key.public.der, secret)
        trail.put_key(tx, stored)
        return stored

    stored = store.view(find)
    if stored is None:
        secret = new_secret()
        stored = store.transact(make)
    key = SigningKey(stored.secret)
    if key.public != VerifyingKey(stored.public) or key.public.id != stored.id:
        raise PrivySealError(
            ErrorCode.UNAVAILABLE,
            "The key that signs checkpoints of the audit trail is not the one that the database says it is.",
        )
    return key


def _stopped(why: str) -> PrivySealError:
    return PrivySealError(
        ErrorCode.UNAVAILABLE,
        f"No checkpoint of the audit trail is signed any more: {why}. Run `privyseal audit verify`.",
    )
