from collections.abc import Callable, Iterator

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import NOW, World
from tests.managed.kept import Kept


@pytest.fixture(name="kept")
def kept_fixture() -> Iterator[Kept]:
    """No managed certificates and no authority yet, in memory."""
    clock = FixedClock(NOW)
    store = SqliteStore(MEMORY, clock)
    store.migrate()
    world = World(store, clock)
    kept = Kept(world)
    yield kept
    kept.close()
    world.ca.close()
    store.close()


@pytest.fixture(name="refused")
def refused_fixture() -> Callable[..., str]:
    """Calls something that must be refused with that code; the message."""

    def call(code: ErrorCode, function: Callable[..., object], *arguments: object) -> str:
        with pytest.raises(PrivySealError) as refusal:
            function(*arguments)
        assert refusal.value.code is code
        return refusal.value.message

    return call
