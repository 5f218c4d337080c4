"""The journal of a SQL store, read back and recomputed as an auditor would."""

import hashlib
import json
from itertools import groupby

from privyseal.events.journal import JournalRow, canonical, tree_hash
from privyseal.store import Entry, Store, Tx
from privyseal.stores.sql import sql, time_of


def rows(store: Store) -> list[JournalRow]:
    """Every row, each writer's in its order."""

    def read(tx: Tx) -> list[JournalRow]:
        found = sql(tx).rows("SELECT * FROM journal ORDER BY writer, seq")
        return [
            JournalRow(r["writer"], r["seq"], time_of(r["at"]), r["previous"], r["root"], r["entries"])
            for r in found
        ]

    return store.view(read)


def entries(store: Store) -> list[Entry]:
    return [each for row in rows(store) for each in json.loads(row.entries)]


def problems(store: Store) -> list[str]:
    """What does not recompute: roots from entries, and a chain without a gap for each writer."""
    found = []
    for writer, of_writer in groupby(rows(store), key=lambda row: row.writer):
        head = bytes(32)
        for seq, row in enumerate(of_writer):
            leaves = [
                hashlib.sha256(b"\x00" + canonical(each).encode()).digest()
                for each in json.loads(row.entries)
            ]
            if (row.seq, row.previous, row.root) != (seq, head, tree_hash(leaves)):
                found.append(f"{writer} {row.seq}")
            head = row.digest()
    return found
