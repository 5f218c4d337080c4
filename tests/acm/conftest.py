from collections.abc import Iterator

import pytest

from privyseal.clock import FixedClock
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.acm.scene import Scene, scene
from tests.ca.world import NOW, World
from tests.managed.kept import Kept


@pytest.fixture(name="acm")
def acm_fixture() -> Iterator[Scene]:
    """Acm behind HTTP, in memory, with a clock that can be moved."""
    clock = FixedClock(NOW)
    store = SqliteStore(MEMORY, clock)
    store.migrate()
    world = World(store, clock)
    kept = Kept(world)
    with scene(kept) as made:
        yield made
    kept.close()
    world.ca.close()
    store.close()
