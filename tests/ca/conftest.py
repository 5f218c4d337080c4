from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ca.world import World, in_memory, on_one_file


@pytest.fixture(name="world")
def world_fixture() -> Iterator[World]:
    """An empty CA domain of its own, in memory."""
    with in_memory() as world:
        yield world


@pytest.fixture(name="processes")
def processes_fixture(tmp_path: Path) -> Iterator[Callable[[int], list[World]]]:
    """As many processes as asked for on one file."""
    with ExitStack() as worlds:
        yield lambda count: worlds.enter_context(on_one_file(tmp_path, count))
