from collections.abc import Iterator

import pytest

from tests.aws_wire.fake import Deployment, deployment


@pytest.fixture(scope="session")
def shared() -> Iterator[Deployment]:
    with deployment() as running:
        yield running


@pytest.fixture
def fake(shared: Deployment) -> Deployment:
    """The running deployment with nothing told and nothing remembered."""
    shared.answers.clear()
    shared.calls.clear()
    shared.requests.clear()
    shared.meter.counted.clear()
    return shared
