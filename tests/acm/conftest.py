from collections.abc import Iterator

import pytest

from tests.acm.scene import Scene, scene
from tests.ca.world import in_memory
from tests.managed.kept import Kept


@pytest.fixture(name="acm")
def acm_fixture() -> Iterator[Scene]:
    """Acm behind HTTP, in memory, with a clock that can be moved."""
    with in_memory() as world:
        kept = Kept(world)
        with scene(kept) as made:
            yield made
        kept.close()
