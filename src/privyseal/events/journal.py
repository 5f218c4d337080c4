"""The journal: one append-only record that is audit trail and outbox at once.

Every commit that changes something adds one row: (writer, seq, at, previous, root, entries).
`writer` is a new id for each process start, so no two processes contend for a row; `seq` counts
from 0. A leaf is SHA-256 of 0x00 and the canonical entry, `root` is the RFC 6962 §2.1 tree hash
of the row's leaves, and `previous` is the hash of the writer's row before: a chain per process.
Who verifies recomputes entries → root → chain.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from privyseal import strict_json
from privyseal.caller import Caller
from privyseal.events.tree import leaf_hash, node_hash
from privyseal.names import new_id
from privyseal.store import Entry
from privyseal.value import Value

_EMPTY = b"\x00" * 32
_write = strict_json.writer(compact=True, sort_keys=True)


def entry(action: str, caller: Caller, resource: str, /, **detail: object) -> Entry:
    """What happened: `action` as in IAM (`acm-pca:IssueCertificate`), who did it, and to what."""
    return {
        "action": action,
        "principal": caller.principal,
        "account": caller.account,
        "request_id": caller.request_id,
        "resource": resource,
        "detail": detail,
    }


class JournalRow(Value, frozen=True):
    writer: str
    seq: int
    at: datetime
    previous: bytes
    root: bytes
    entries: str  # a JSON array of canonical entries

    def digest(self) -> bytes:
        """What the next row of the same writer names as `previous`."""
        head = f"{self.writer}|{self.seq}|{self.at.isoformat()}|".encode()
        return hashlib.sha256(b"\x02" + head + self.previous + self.root).digest()


class Writer:
    """One process's chain. Not thread-safe: its store uses it under the commit lock."""

    def __init__(self) -> None:
        self.id = new_id()
        self._seq = 0
        self._head = _EMPTY

    def next_row(self, at: datetime, entries: Sequence[Entry]) -> JournalRow:
        """The row to commit. It counts only after `committed`: a rolled-back commit leaves no gap."""
        texts = [canonical(each) for each in entries]
        root = tree_hash([leaf_hash(text.encode()) for text in texts])
        return JournalRow(self.id, self._seq, at, self._head, root, f"[{','.join(texts)}]")

    def committed(self, row: JournalRow) -> None:
        self._seq = row.seq + 1
        self._head = row.digest()


def canonical(value: Entry) -> str:
    """The entry as the leaf hash sees it: keys sorted, no white space, ASCII only."""
    return _write(value)


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash over leaf hashes (RFC 6962 §2.1), level by level.

    A node that has no neighbour moves up as it is: the larger side of every split is a power of two.
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = leaves
    while len(level) > 1:
        alone = level[-1:] if len(level) % 2 else ()
        level = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level += alone
    return level[0]
