from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ca.world import World, in_memory, on_one_file
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
    with in_memory() as world:
        yield world


@pytest.fixture(name="processes")
def processes_fixture(tmp_path: Path) -> Iterator[list[World]]:
    """Two processes on one file, each with its own services and connections."""
    with on_one_file(tmp_path) as worlds:
        yield worlds
