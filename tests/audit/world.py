"""A database with an audit trail: several processes that write, checkpoints, a sink, an auditor."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from privyseal.caller import Caller
from privyseal.clock import FixedClock
from privyseal.events.checkpointing import Checkpointing, ensure_key
from privyseal.events.exported import Comparison, read_lines
from privyseal.events.exporting import Exporting
from privyseal.events.findings import Report
from privyseal.events.journal import entry
from privyseal.events.ports import Sink
from privyseal.events.verification import Verification
from privyseal.meter import SilentMeter
from privyseal.signing import SigningKey, VerifyingKey
from privyseal.sinks.directory import FILE, DirectorySink
from privyseal.store import Tx
from privyseal.stores.repositories.audit import SqlJournalReader, SqlTrail
from privyseal.stores.sqlite import SqliteStore
from privyseal.stores.sqlite_reader import SqliteReader
from privyseal.wrapping import KEK_BYTES, Wrapper

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CALLER = Caller("arn:aws:iam::111122223333:user/admin", "111122223333", "request-1")
WRAPPER = Wrapper(bytes(KEK_BYTES))


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass
class World:
    """`stores` are processes on one database, each with a chain of its own."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    stores: list[SqliteStore] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "privyseal.db"

    @property
    def exported(self) -> Path:
        return self.folder / "audit" / FILE

    @property
    def key(self) -> SigningKey:
        return ensure_key(self.process(), SqlTrail(WRAPPER))

    def process(self, number: int = 0) -> SqliteStore:
        while len(self.stores) <= number:
            self.stores.append(SqliteStore(self.database, self.clock))
            self.stores[-1].migrate()
        return self.stores[number]

    def write(self, commits: int = 1, *, process: int = 0, entries: int = 1) -> None:
        """Rows of a process, a second apart."""
        for _ in range(commits):
            self.clock.advance(timedelta(seconds=1))

            def record(tx: Tx) -> None:
                for number in range(entries):
                    tx.record(entry("test:Write", CALLER, f"thing/{number}", at=str(tx.now)))

            self.process(process).transact(record)

    def writer(self, process: int = 0) -> str:
        """The id of a process's chain."""
        return self.process(process)._journal.id

    def checkpointing(self, process: int = 0) -> Checkpointing:
        return Checkpointing(
            self.process(process), SqlTrail(WRAPPER), SqlJournalReader(), self.key, SilentMeter()
        )

    def checkpoint(self) -> None:
        """Everything into checkpoints, as a newly started process does it."""
        self.checkpointing().run(threading.Event())

    def export(self, sink: Sink | None = None) -> None:
        kept = sink or DirectorySink(self.folder / "audit")
        Exporting(self.process(), SqlTrail(), kept, SilentMeter()).run(threading.Event())

    def verify(self, *, exported: bool = False, key: VerifyingKey | None = None) -> Report:
        """As an auditor does, who has the file and the public key."""
        report = Report()
        trusted = key or self.key.public
        with self.reading() as reader:
            if exported:
                Comparison(reader, SqlTrail(), trusted, report).run(read_lines(self.folder / "audit"))
            Verification(reader, SqlTrail(), SqlJournalReader(), trusted, report).run(nothing)
        return report

    @contextmanager
    def reading(self) -> Iterator[SqliteReader]:
        with closing(SqliteReader(self.database, self.clock)) as reader:
            yield reader

    def edit(self, *statements: str, **values: object) -> None:
        """What somebody does who can write the file and is not us."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            for statement in statements:
                connection.execute(statement, values)

    def close(self) -> None:
        for store in self.stores:
            store.close()


def found(report: Report) -> Sequence[tuple[str, int, int]]:
    return [(finding.kind.value, finding.first, finding.last) for finding in report.findings]


Tampering = Callable[[World], None]
