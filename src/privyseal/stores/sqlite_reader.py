"""A SQLite database for reading only, while a service uses it or after it was copied somewhere.

Nothing is made, migrated or trusted: columns may hold whatever somebody has written there.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from privyseal.clock import Clock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Tx
from privyseal.stores.sql import SqlTx

T = TypeVar("T")


class SqliteReader:
    """For one thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None
            )
        except sqlite3.Error as error:
            raise self._unreadable(error) from None
        self._connection.row_factory = sqlite3.Row
        self._connection.text_factory = _text

    def view(self, read: Callable[[Tx], T]) -> T:
        """Run `read` on one consistent snapshot. Raises UNAVAILABLE when the file cannot be read."""
        try:
            self._connection.execute("BEGIN")
            try:
                return read(SqlTx(self._clock.now(), self._connection))
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._unreadable(error) from None

    def close(self) -> None:
        self._connection.close()

    def _unreadable(self, error: sqlite3.Error) -> PrivySealError:
        return PrivySealError(ErrorCode.UNAVAILABLE, f"The database {self._path} cannot be read: {error}.")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
