from collections.abc import Iterator

import pytest

from privyseal.clock import FixedClock
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import NOW, World
from tests.serverless.world import Function


@pytest.fixture(name="function")
def function_fixture() -> Iterator[Function]:
    """The function over a root and an issuing authority of its own, in memory."""
    clock = FixedClock(NOW)
    store = SqliteStore(MEMORY, clock)
    store.migrate()
    world = World(store, clock)
    yield Function(world)
    world.ca.close()
    store.close()
