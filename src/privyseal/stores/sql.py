"""Named queries and the transaction that runs them: what all SQL stores share.

Queries live in `queries/*.sql`. A query begins with `-- name: NAME`, then comment lines that say
what it is for, then one statement with `:parameter` placeholders. `:name...` stands for a list.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Protocol, cast

from privyseal.store import Entry, Tx

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_LIST = re.compile(r":(\w+)\.\.\.")
_PLACEHOLDER = re.compile(r":\w+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]
Parameters = Mapping[str, Any]
# The values of a statement from `positional`, in the order of its placeholders.
Values = tuple[Any, ...]


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """What a transaction needs of a connection of DB-API 2.0."""

    def execute(self, query: str, parameters: Parameters, /) -> Cursor: ...

    def executemany(self, query: str, many: Iterable[Parameters | Values], /) -> Cursor: ...


class SqlTx:
    """A transaction on a SQL database; repositories get it as `Tx` and ask `sql(tx)` for this."""

    def __init__(self, now: datetime, connection: Connection) -> None:
        self._now = now
        self._connection = connection
        self.entries: list[Entry] = []
        self.invalidates = False

    @property
    def now(self) -> datetime:
        return self._now

    def record(self, entry: Entry) -> None:
        self.entries.append(entry)

    def invalidate(self) -> None:
        self.invalidates = True

    def rows(self, query: str, **parameters: Any) -> list[Row]:
        return cast("list[Row]", self._connection.execute(*expand(query, parameters)).fetchall())

    def row(self, query: str, **parameters: Any) -> Row | None:
        return next(iter(self.rows(query, **parameters)), None)

    def change(self, query: str, **parameters: Any) -> int:
        """How many rows the statement touched."""
        return self._connection.execute(*expand(query, parameters)).rowcount

    def change_each(self, query: str, many: Iterable[Parameters | Values]) -> None:
        self._connection.executemany(query, many)


def sql(tx: Tx) -> SqlTx:
    if not isinstance(tx, SqlTx):
        raise TypeError(f"a SQL repository got a {type(tx).__name__}")
    return tx


@cache
def queries(name: str) -> Mapping[str, str]:
    """The statements of `queries/NAME.sql` by their names."""
    text = files("privyseal.stores").joinpath("queries", f"{name}.sql").read_text()
    parts = _NAME.split(text)[1:]
    return {label: _statement(body) for label, body in zip(parts[::2], parts[1::2], strict=True)}


def expand(query: str, parameters: Parameters) -> tuple[str, Parameters]:
    """Replace each `:name...` by as many placeholders as its list has members (none: NULL)."""
    if "..." not in query:
        return query, parameters
    flat, sizes = dict(parameters), []
    for name in _lists(query):
        values = flat.pop(name)
        flat.update((f"{name}_{i}", value) for i, value in enumerate(values))
        sizes.append(len(values))
    return _expanded(query, tuple(sizes)), flat


@cache
def _lists(query: str) -> Sequence[str]:
    return _LIST.findall(query)


@lru_cache(maxsize=256)
def _expanded(query: str, sizes: tuple[int, ...]) -> str:
    """For lists of such sizes; most are asked for again and again."""
    left = iter(sizes)
    return _LIST.sub(lambda each: ", ".join(f":{each[1]}_{i}" for i in range(next(left))) or "NULL", query)


def positional(query: str) -> str:
    """The statement with a `?` for each placeholder: many rows are bound faster as tuples."""
    return _PLACEHOLDER.sub("?", query)


def to_micros(at: datetime | None) -> int | None:
    """A time as it is stored: microseconds since 1970, UTC, exact."""
    if at is None:
        return None
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def time_of(value: int) -> datetime:
    """`from_micros` for a column that is never NULL."""
    return _EPOCH + timedelta(microseconds=value)


def _statement(body: str) -> str:
    lines = [line for line in body.splitlines() if line.strip() and not line.startswith("--")]
    return "\n".join(lines).rstrip().rstrip(";")
