from collections.abc import Iterator

import pytest

from privyseal.client import PrivySealClient
from tests.client.far_side import FarSide, far_side


@pytest.fixture(name="far")
def far_fixture() -> Iterator[FarSide]:
    with far_side() as side:
        yield side


@pytest.fixture
def client(far: FarSide) -> PrivySealClient:
    return PrivySealClient(far.url, "AKIAEXAMPLE", "secret", region="eu-central-1")
