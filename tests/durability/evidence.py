"""What the database file says when it is read without the service: is it sound, and does it add up?"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from privyseal.events.journal import JournalRow, canonical, tree_hash
from privyseal.stores.sql import time_of

ISSUE = "acm-pca:IssueCertificate"
# A certificate as both the table and the journal know it: authority, serial, SHA-256 of its DER.
Fact = tuple[str, str, str]


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """For reading only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def check_database(path: Path) -> int:
    """The file is sound, every chain of the journal holds, and the journal tells of exactly the
    certificates that are there. How many those are.
    """
    with opened(path) as database:
        assert [row[0] for row in database.execute("PRAGMA integrity_check")] == ["ok"]
        entries = list(journal_entries(database))
        rows = database.execute("SELECT authority_id, serial, der FROM certificate")
        stored = [
            (row["authority_id"], row["serial"], hashlib.sha256(row["der"]).hexdigest()) for row in rows
        ]
    # What was refused, or failed later, has no certificate.
    told = [_fact(entry) for entry in entries if entry["action"] == ISSUE and "result" not in entry["detail"]]
    assert sorted(told) == sorted(stored)
    assert len(set(stored)) == len(stored)
    return len(stored)


def journal_entries(database: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """All entries, after a look at each chain: numbers without a gap, entries → root → previous."""
    rows = database.execute("SELECT * FROM journal ORDER BY writer, seq").fetchall()
    for writer, chain in groupby(rows, key=lambda row: str(row["writer"])):
        previous = b"\x00" * 32
        for number, row in enumerate(chain):
            entries = json.loads(row["entries"])
            texts = [canonical(entry) for entry in entries]
            leaves = [hashlib.sha256(b"\x00" + text.encode()).digest() for text in texts]
            assert (row["seq"], row["previous"]) == (number, previous), (writer, number)
            assert row["root"] == tree_hash(leaves), (writer, number)
            assert row["entries"] == f"[{','.join(texts)}]", (writer, number)
            at = time_of(row["at"])
            previous = JournalRow(writer, number, at, previous, row["root"], row["entries"]).digest()
            yield from entries


def certificate_count(path: Path) -> int:
    with opened(path) as database:
        count: int = database.execute("SELECT count(*) FROM certificate").fetchone()[0]
    return count


def _fact(entry: dict[str, Any]) -> Fact:
    authority, _, serial = entry["resource"].partition("/certificate/")
    return authority.rpartition("/")[2], serial, entry["detail"]["sha256"]
