"""The table of stores that every contract suite of this folder runs over: a database is a row."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from privyseal.clock import Clock, FixedClock
from privyseal.store import Store
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.stores.rows import NOW


class Database(Store, Protocol):
    """What a store is besides its port."""

    def migrate(self) -> None: ...

    def check(self) -> str: ...

    def close(self) -> None: ...


Opened = Callable[[Path, Clock], Database]

# Name → how a test gets an empty one. Those that several processes can share are named below.
STORES: Mapping[str, Opened] = {
    "sqlite in memory": lambda _folder, clock: SqliteStore(MEMORY, clock),
    "sqlite in a file": lambda folder, clock: SqliteStore(folder / "privyseal.db", clock),
}
SHARED: Mapping[str, Opened] = {name: STORES[name] for name in ("sqlite in a file",)}


@pytest.fixture(name="clock")
def clock_fixture() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Database]:
    """An empty store of each kind, migrated."""
    made: Database = request.param(tmp_path, clock)
    made.migrate()
    yield made
    assert made.check() == "ok"
    made.close()


@pytest.fixture(params=list(SHARED.values()), ids=list(SHARED))
def another(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> Iterator[Callable[[], Database]]:
    """Opens the same database again and again, as another process would."""
    made: list[Database] = []

    def open_again() -> Database:
        made.append(request.param(tmp_path, clock))
        return made[-1]

    open_again().migrate()
    yield open_again
    for each in made:
        each.close()
