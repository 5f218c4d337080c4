"""Whether a journal row is what its own hashes say."""

import json

from privyseal.events.journal import JournalRow, canonical, tree_hash
from privyseal.events.ports import UNREADABLE
from privyseal.events.tree import HASH_BYTES, leaf_hash


def leaves_of(row: JournalRow) -> list[bytes] | None:
    """The leaf hashes of a row's entries; None where they do not make its root, or it is no row at all."""
    if not _typed(row):
        return None
    try:
        entries = json.loads(row.entries)
        texts = [canonical(each) for each in entries]
    except (ValueError, TypeError, RecursionError):
        return None
    leaves = [leaf_hash(text.encode()) for text in texts]
    whole = row.entries == f"[{','.join(texts)}]"
    return leaves if leaves and whole and tree_hash(leaves) == row.root else None


def _typed(row: JournalRow) -> bool:
    """SQLite lets whoever edits a database put anything into any column."""
    hashes = (row.previous, row.root)
    return (
        row.at != UNREADABLE
        and isinstance(row.entries, str)
        and all(isinstance(each, bytes) and len(each) == HASH_BYTES for each in hashes)
    )
