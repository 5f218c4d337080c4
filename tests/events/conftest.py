from collections.abc import Iterator
from pathlib import Path

import pytest

from privyseal.clock import FixedClock
from privyseal.stores.sqlite import SqliteStore
from tests.stores.rows import NOW


@pytest.fixture(name="clock")
def clock_fixture() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(name="store")
def store_fixture(tmp_path: Path, clock: FixedClock) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "privyseal.db", clock)
    made.migrate()
    yield made
    made.close()
