from collections.abc import Iterator

import pytest

from tests.ca.world import in_memory
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture
from tests.serverless.watched import Watched
from tests.serverless.world import Function

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]


@pytest.fixture(name="function")
def function_fixture() -> Iterator[Function]:
    """The function over a root and an issuing authority of its own, in memory."""
    with in_memory() as world:
        yield Function(world)


@pytest.fixture(name="watched")
def watched_fixture() -> Iterator[Watched]:
    """The function with its notices, its table and its objects."""
    with in_memory() as world:
        yield Watched(world)
