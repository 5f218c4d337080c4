"""SQLite: the default store. One file, write-ahead log, every commit flushed to disk.

Any number of threads and processes on one machine share the file. Readers never wait. Writers
take turns by an exclusive `flock` on a lock file beside the database, held from BEGIN IMMEDIATE
to COMMIT: waiting processes sleep in the kernel, where SQLite's own busy handler would poll.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

from privyseal import log
from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import JournalRow, Writer
from privyseal.store import Tx, UniqueError
from privyseal.stores.functions import FUNCTIONS
from privyseal.stores.generation import Generation
from privyseal.stores.migrate import CREATE_LEDGER, migrations, pending
from privyseal.stores.sql import SqlTx, queries, to_micros

T = TypeVar("T")

MEMORY = ":memory:"
_BUSY_SECONDS = 10.0
# WAL readers do not block; FULL makes every commit durable before it is acknowledged.
# The log is folded into the database every 16 MB: at SQLite's own 4 MB that is a quarter of its CPU time.
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 4000",
)
_STATEMENTS_CACHED = 256
_TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


class SqliteStore:
    """Implements `privyseal.store.Store`. `path` is a file, or `:memory:` for tests."""

    def __init__(self, path: Path | str, clock: Clock) -> None:
        self._path = str(path)
        self._clock = clock
        self._journal = Writer()
        self._lock = threading.Lock()
        self._lock_file: int | None = None
        self._writer: sqlite3.Connection | None = None
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        # An in-memory database has one connection, and no other process.
        self._reading: AbstractContextManager[object] = self._lock
        self._turn: AbstractContextManager[object] = nullcontext()
        if self._path != MEMORY:
            self._lock_file = _open_lock(f"{self._path}.lock")
            self._reading, self._turn = nullcontext(), _Turn(self._lock_file)
        self._generation = _shared(self._lock_file)

    def migrate(self) -> None:
        """Create the database or bring it to this release's schema; one transaction for all of it."""
        with self._lock, self._turn:
            self._committed(self._migrate)

    def view(self, read: Callable[[Tx], T]) -> T:
        with self._reading, _Translated():
            connection = self._reader()
            connection.execute("BEGIN")
            try:
                return read(SqlTx(self._clock.now(), connection))
            finally:
                if connection.in_transaction:  # an input/output error may have ended it
                    connection.execute("ROLLBACK")

    def transact(self, write: Callable[[Tx], T]) -> T:
        def work(connection: sqlite3.Connection) -> tuple[T, JournalRow | None]:
            tx = SqlTx(self._clock.now(), connection)
            result = write(tx)
            row = self._write_journal(tx)
            if tx.invalidates:
                self._generation.begin()
            return result, row

        with self._lock, self._turn:
            result, row = self._committed(work)
            if row:  # before anybody else may ask for the row after it
                self._journal.committed(row)
            return result

    def generation(self) -> int | None:
        return self._generation.read()

    def check(self) -> str:
        """SQLite's own word on the file: `ok`, or what is wrong with it."""
        with self._reading, _Translated():
            rows = self._reader().execute("PRAGMA integrity_check").fetchall()
            return "; ".join(str(row[0]) for row in rows)

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._writer = None
            self._readers = threading.local()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file, self._turn = None, nullcontext()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        for name, function in FUNCTIONS.items():
            connection.create_function(name, -1, function, deterministic=True)
        connection.execute(CREATE_LEDGER)
        applied = [
            (row["number"], row["sha256"])
            for row in connection.execute("SELECT number, sha256 FROM migration ORDER BY number")
        ]
        for migration in pending(migrations("sqlite"), applied):
            for statement in migration.statements:
                connection.execute(statement)
            row = (migration.number, migration.sha256, to_micros(self._clock.now()))
            connection.execute("INSERT INTO migration VALUES (?, ?, ?)", row)

    def _write_journal(self, tx: SqlTx) -> JournalRow | None:
        if not tx.entries:
            return None
        row = self._journal.next_row(tx.now, tx.entries)
        tx.change(
            queries("journal")["append"],
            writer=row.writer,
            seq=row.seq,
            at=to_micros(row.at),
            previous=row.previous,
            root=row.root,
            entries=row.entries,
        )
        return row

    def _committed(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the write connection inside BEGIN IMMEDIATE … COMMIT; only for whose turn it is.

        A generation that has begun ends, also one that a process left when it died.
        """
        try:
            with _Translated():
                connection = self._writer or self._connect_writer()
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    result = work(connection)
                    connection.execute("COMMIT")
                except BaseException as error:
                    self._abandon(connection, error)
                    raise
                return result
        finally:
            self._generation.end()

    def _abandon(self, connection: sqlite3.Connection, error: BaseException) -> None:
        """Roll back. After an input/output error neither the connection is trusted again nor the
        journal's chain: whether its last row was written is not known.
        """
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            broken = isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError)
        except sqlite3.Error:
            broken = True
        if broken and self._path != MEMORY:
            self._writer = None
            self._journal = Writer()
            self._open.remove(connection)
            connection.close()

    def _connect_writer(self) -> sqlite3.Connection:
        self._writer = self._connect()
        return self._writer

    def _reader(self) -> sqlite3.Connection:
        """The thread's own connection; an in-memory database has only one for all."""
        if self._path == MEMORY:
            return self._writer or self._connect_writer()
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self._connect()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_CACHED,
        )
        connection.row_factory = sqlite3.Row
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except sqlite3.Error:
            connection.close()
            raise
        self._open.append(connection)
        return connection


# Classes, because they are entered with every commit: to enter a generator takes many times as long.


class _Turn:
    """The one writer among all processes."""

    def __init__(self, lock_file: int) -> None:
        self._lock_file = lock_file

    def __enter__(self) -> None:
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._lock_file, fcntl.LOCK_UN)


class _Translated:
    """sqlite3's exceptions in the words of the port."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.IntegrityError):
            if error.sqlite_errorcode in _TAKEN:
                raise UniqueError(str(error)) from error
            return  # a row that no release writes: a defect of ours
        if isinstance(error, sqlite3.DatabaseError):
            log.exception("the database failed", error)
            raise _unavailable() from error


def _open_lock(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.exception("the database failed", error)
        raise _unavailable() from error


def _shared(lock_file: int | None) -> Generation:
    """The lock file is small, there before anything else, and every process has it open."""
    try:
        return Generation(lock_file)
    except OSError as error:
        log.exception("the database failed", error)
        raise _unavailable() from error


def _unavailable() -> PrivySealError:
    return PrivySealError(
        ErrorCode.UNAVAILABLE, "The database cannot answer now. Nothing was acknowledged: try again."
    )
