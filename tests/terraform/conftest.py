from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import program
from tests.service import Service
from tests.terraform.terraform import plugins


@pytest.fixture(name="own_service")
def own_service_fixture(tmp_path: Path) -> Iterator[Service]:
    program("terraform")  # or skip, before anything is started
    plugins()
    service = Service(tmp_path / "data").start()
    yield service
    assert service.stop() == 0, service.log.read_text()
