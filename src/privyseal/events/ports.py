"""What the audit trail asks of a database and of whatever keeps checkpoints elsewhere, and what
events ask of whoever gets them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from privyseal.events.checkpoint import Signed, Span
from privyseal.events.journal import JournalRow
from privyseal.store import Tx
from privyseal.value import Value

T = TypeVar("T")

BEFORE_THE_FIRST = -1
NO_HEAD = b"\x00" * 32
# The time of a row whose own is none.
UNREADABLE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """The key that signs checkpoints: `public` is DER, `secret` the seed (wrapped while it is stored)."""

    id: str
    public: bytes
    secret: bytes = field(repr=False)


class Chain(Value, frozen=True):
    """A writer's rows up to `seq` are in the tree, and `head` is the digest of that one."""

    writer: str
    seq: int = BEFORE_THE_FIRST
    head: bytes = NO_HEAD


class Trail(Protocol):
    """Checkpoints and what belongs to them. Every method runs inside the transaction it is given."""

    def public_key(self, tx: Tx) -> bytes | None: ...

    def signing_key(self, tx: Tx) -> StoredKey | None: ...

    def put_key(self, tx: Tx, key: StoredKey) -> None: ...

    def last(self, tx: Tx) -> Signed | None: ...

    def find(self, tx: Tx, number: int) -> Signed | None: ...

    def after(self, tx: Tx, number: int, limit: int) -> Sequence[Signed]:
        """In the order of their numbers."""
        ...

    def add(self, tx: Tx, checkpoint: Signed, spans: Sequence[Span]) -> None:
        """Add the checkpoint and note how far it has brought each chain.

        Raises UniqueError when there is one with its number.
        """
        ...

    def moved(self, tx: Tx, limit: int) -> Sequence[Chain]:
        """Chains with rows that are in no checkpoint yet: how far each one is."""
        ...

    def chains(self, tx: Tx, after: str, limit: int) -> Sequence[Chain]:
        """How far each chain is, in the order of writers, those after the given one."""
        ...

    def exported(self, tx: Tx, sink: str) -> int:
        """The number of the last checkpoint that a sink has; 0 for none."""
        ...

    def put_exported(self, tx: Tx, sink: str, number: int) -> None: ...


class Snapshots(Protocol):
    """The reading half of a store."""

    def view(self, read: Callable[[Tx], T]) -> T:
        """Run `read` on one consistent snapshot."""
        ...


class JournalReader(Protocol):
    """The journal as an auditor reads it. Implemented beside the store that writes it."""

    def ends(self, tx: Tx, after: str, limit: int) -> Sequence[tuple[str, int, int]]:
        """Writers after the given one, in order: (writer, its first seq, its last seq)."""
        ...

    def rows(self, tx: Tx, writer: str, first: int, last: int, limit: int) -> Sequence[JournalRow]:
        """Rows `first` to `last` of one writer, in order, as many as there are and at most `limit`."""
        ...

    def follower(self, tx: Tx, writer: str, previous: bytes) -> int | None:
        """The seq of the row of a writer that names `previous`; reads all of them."""
        ...

    def since(self, tx: Tx, writer: str, seq: int, at: datetime, limit: int) -> Sequence[JournalRow]:
        """Rows of one writer after `seq` that were written at `at` or later, in order."""
        ...


class Sink(Protocol):
    """Keeps checkpoints where who can write the database cannot. One contract suite covers them all."""

    @property
    def name(self) -> str:
        """Under which its cursor is kept: another place is another name."""
        ...

    def put(self, number: int, line: str) -> None:
        """Keep one checkpoint (see `checkpoint.exported`), durable when this returns; perhaps a second time.

        Raises UNAVAILABLE when that may work later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which delivery this is, and the how-manieth time that it is tried: 1, 2, 3 … `recipient` is who of the
    target's gets it, where it has some.

    Every attempt at a delivery has the same id, and so has its replay: who receives can tell one
    that comes twice.
    """

    delivery: str
    number: int
    recipient: str = ""


class Target(Protocol):
    """Gets events: one for each `[targets.NAME]`. One contract suite covers the shelf."""

    @property
    def name(self) -> str:
        """NAME of its section."""
        ...

    def send(self, event: Mapping[str, Any], attempt: Attempt) -> None:
        """Hand over one event; it is the receiver's when this returns. Perhaps a second time.

        `event` is a whole envelope as EventBridge has it: JSON values, never to be changed. Called
        from several threads at once, and must come back within a time limit of its own. Raises
        UNAVAILABLE or THROTTLED when that may work later; any other PrivySealError when it never will.
        """
        ...

    def close(self) -> None:
        """Let go of connections and processes; nothing is sent after it."""
        ...
