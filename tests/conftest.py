"""What all tests share: one running service for those that only add to it, and what a refusal is."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from privyseal.errors import ErrorCode, PrivySealError
from tests.service import Service

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with its root and issuing authority, shared by a whole worker: leave both alone."""
    running = Service(tmp_path_factory.mktemp("service") / "data").start()
    yield running
    assert running.stop() == 0, running.log.read_text()


@pytest.fixture(name="refused")
def refused_fixture() -> Callable[..., str]:
    """Calls something that must be refused with that code; the message."""

    def call(code: ErrorCode, function: Callable[..., object], *arguments: object) -> str:
        with pytest.raises(PrivySealError) as refusal:
            function(*arguments)
        assert refusal.value.code is code
        return refusal.value.message

    return call
