"""Fixtures: moto's AWS, and a proxy in front of it. A `conftest.py` that wants them imports them."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from tests.registrars.between import Between, between
from tests.registrars.registry import Registry


@pytest.fixture(scope="session", name="moto_url")
def moto_url_fixture() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.registrars.moto_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            url = process.stdout.readline().strip()
            assert url, "moto did not start: is moto[server,iot] installed?"
            yield url
        finally:
            process.kill()


@pytest.fixture(name="aws_environment")
def aws_environment_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(name="empty_moto")
def empty_moto_fixture(moto_url: str, aws_environment: None) -> str:
    """Moto with nothing in it."""
    with urlopen(Request(f"{moto_url}/moto-api/reset", method="POST")):
        return moto_url


@pytest.fixture(name="aws")
def aws_fixture(empty_moto: str) -> Iterator[Between]:
    with between(empty_moto) as made:
        yield made


@pytest.fixture(name="registry")
def registry_fixture(empty_moto: str) -> Registry:
    return Registry(empty_moto)
