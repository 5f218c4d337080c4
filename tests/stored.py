"""The database of a running service, looked at from outside."""

import hashlib
import json
import sqlite3
from pathlib import Path

from privyseal.events.refusals import REFUSED

# What is told of the record, in its own time.
TOLD = ("event_cursor", "event", "event_delivery", "serverless_cursor")
# Where refusals are on record, and what is signed over them.
TRAIL = frozenset({"journal", "audit_key", "audit_checkpoint", "audit_chain", "audit_sink", "job", *TOLD})


class State:
    """What is stored, seen through a connection of its own that only reads."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def contents(self) -> dict[str, str]:
        """A digest of each table but those of the audit trail and of jobs, which go on by themselves."""
        tables = self._database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        names = [name for (name,) in tables if name not in TRAIL]
        assert len(names) >= 8
        found = {name: self._database.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        return {name: hashlib.sha256(repr(rows).encode()).hexdigest() for name, rows in found.items()}

    def records(self) -> tuple[int, int]:
        """How many records there are of changes that were made, and of those that were refused."""
        rows = self._database.execute("SELECT entries FROM journal").fetchall()
        results = [entry["detail"].get("result") for (entries,) in rows for entry in json.loads(entries)]
        refused = results.count(REFUSED)
        return len(results) - refused, refused

    def close(self) -> None:
        self._database.close()
