from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from privyseal.clock import FixedClock
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import NOW, World


@pytest.fixture(name="world")
def world_fixture() -> Iterator[World]:
    """An empty CA domain of its own, in memory."""
    clock = FixedClock(NOW)
    store = SqliteStore(MEMORY, clock)
    store.migrate()
    world = World(store, clock)
    yield world
    world.ca.close()
    store.close()


@pytest.fixture(name="processes")
def processes_fixture(tmp_path: Path) -> Iterator[Callable[[int], list[World]]]:
    """As many processes as asked for, each with its own services and connections, on one file."""
    clock = FixedClock(NOW)
    stores: list[SqliteStore] = []
    worlds: list[World] = []

    def start(count: int) -> list[World]:
        for _ in range(count):
            stores.append(SqliteStore(tmp_path / "privyseal.db", clock))
            stores[-1].migrate()
            worlds.append(World(stores[-1], clock))
        return worlds

    yield start
    for world, store in zip(worlds, stores, strict=True):
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
