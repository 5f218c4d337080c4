import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Preparing a data directory changes the process's umask; tests begin with a permissive one."""
    before = os.umask(0o022)
    yield
    os.umask(before)
