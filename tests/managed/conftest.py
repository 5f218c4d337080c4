from collections.abc import Iterator

import pytest

from tests.ca.world import in_memory
from tests.managed.kept import Kept


@pytest.fixture(name="kept")
def kept_fixture() -> Iterator[Kept]:
    """No managed certificates and no authority yet, in memory."""
    with in_memory() as world:
        kept = Kept(world)
        yield kept
        kept.close()
