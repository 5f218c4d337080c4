from collections.abc import Iterator
from pathlib import Path

import pytest

from privyseal.clock import FixedClock
from privyseal.stores.sqlite import MEMORY, SqliteStore
from tests.ca.world import NOW, World
from tests.e2e import boto
from tests.ocsp.deployment import Deployment
from tests.service import Service


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Two worker processes, OCSP on an address of its own, and an issuing authority that has it enabled."""
    folder = tmp_path_factory.mktemp("ocsp")
    running = Service(folder / "data", "--workers", "2", "--revocation-port", "0").start()
    try:
        with boto.client(running) as pca:
            made = Deployment(running, pca, folder)
            made.enable()
            yield made
        assert running.stop() == 0, running.log.read_text()
    finally:
        running.kill()


@pytest.fixture(name="world")
def world_fixture() -> Iterator[World]:
    """The CA domain of one process, in memory, with a clock that stands still."""
    clock = FixedClock(NOW)
    store = SqliteStore(MEMORY, clock)
    store.migrate()
    world = World(store, clock)
    yield world
    world.ca.close()
    store.close()


@pytest.fixture(name="processes")
def processes_fixture(tmp_path: Path) -> Iterator[list[World]]:
    """Two processes on one file, each with its own services and connections."""
    clock = FixedClock(NOW)
    stores = [SqliteStore(tmp_path / "privyseal.db", clock) for _ in range(2)]
    for each in stores:
        each.migrate()
    worlds = [World(each, clock) for each in stores]
    yield worlds
    for world, store in zip(worlds, stores, strict=True):
        world.ca.close()
        store.close()
