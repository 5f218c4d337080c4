from collections.abc import Iterator

import pytest

from tests.devices.deployment import Deployment, deployment


@pytest.fixture
def product() -> Iterator[Deployment]:
    with deployment() as made:
        yield made
