"""The service with `[registrars.NAME]` and `[issuers.NAME]` in its file: what devices get over HTTP."""

import base64
import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.devices.deployment import key_pem
from tests.devices.requests import csr
from tests.registrars.registry import Registry, der
from tests.service import Service

HOME, AWAY = "us-east-1", "eu-central-1"
KEY = ec.generate_private_key(ec.SECP256R1())
CONFIG = """
[devices]
registrars = ["iot"]
proto-issuer = "core"
device-rate = 0

[registrars.iot]
type = "aws-iot"
regions = ["eu-central-1", "us-east-1"]
endpoint-url = "{url}"
policy = "fleet"

[issuers.core]
type = "aws-iot"
region = "us-east-1"
endpoint-url = "{url}"
"""


@pytest.fixture(name="service")
def service_fixture(empty_moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    config = folder / "privyseal.toml"
    config.write_text(CONFIG.format(url=empty_moto))
    secrets = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    service = Service(folder / "data", "--config", str(config), **secrets).start()
    yield service
    service.kill()


def register(service: Service, device_id: str) -> None:
    body = {"devices": [{"device_id": device_id, "public_key": key_pem(KEY.public_key())}]}
    assert service.environment.client().rest("POST", "/devices", body)["imported"] == 1


def post(service: Service, path: str, device_id: str) -> str:
    header = base64.b64encode(csr(KEY, device_id)).decode()
    with urlopen(Request(service.url + path, b"", {"device-csr": header}, method="POST")) as reply:
        return str(reply.read().decode())


def test_new_gives_a_certificate_that_every_region_knows_and_the_endpoint_of_its_own(
    service: Service, registry: Registry
) -> None:
    register(service, "sensor")
    answer = json.loads(post(service, "/new", "sensor"))
    assert answer["endpoint"].endswith(f"-ats.iot.{HOME}.amazonaws.com")
    for region in (HOME, AWAY):
        found = registry.of(region)
        assert found.certificates == (("ACTIVE", der(answer["certificate"])),)
        assert len(found.things["sensor"]) == len(found.policies["fleet"]) == 1


def test_proto_gives_what_aws_iot_core_has_issued_registered_where_it_was(
    service: Service, registry: Registry
) -> None:
    register(service, "meter")
    pem = post(service, "/proto", "meter")
    assert registry.of(HOME).certificates == (("ACTIVE", der(pem)),)
    assert list(registry.of(HOME).things) == ["meter"]
    assert registry.of(AWAY).certificates == ()
