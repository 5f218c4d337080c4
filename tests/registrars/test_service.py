"""The service with `[registrars.NAME]` and `[issuers.NAME]` in its file: what devices get over HTTP."""

import base64
import json
import time
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.devices.deployment import key_pem
from tests.devices.requests import csr
from tests.registrars.registry import Registry, der
from tests.service import Service, patience

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


def post(service: Service, path: str, device_id: str, request: bytes = b"") -> str:
    header = base64.b64encode(request or csr(KEY, device_id)).decode()
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


def test_one_csr_gets_from_each_path_what_its_issuer_issues(service: Service, registry: Registry) -> None:
    """And a retry of each gets the same again."""
    register(service, "gauge")
    request = csr(KEY, "gauge")
    answers = {path: post(service, path, "gauge", request) for path in ("/new", "/proto")}
    new, proto = json.loads(answers["/new"])["certificate"], answers["/proto"]
    assert x509.load_pem_x509_certificate(new.encode()).issuer.rfc4514_string() == "CN=Privy Seal Issuing CA"
    assert x509.load_pem_x509_certificate(proto.encode()).issuer.rfc4514_string() == "O=AWS IoT"
    assert {path: post(service, path, "gauge", request) for path in answers} == answers
    assert registry.of(AWAY).certificates == (("ACTIVE", der(new)),)


def test_a_certificate_that_somebody_revokes_is_revoked_in_every_region(
    service: Service, registry: Registry
) -> None:
    register(service, "valve")
    pem = json.loads(post(service, "/new", "valve"))["certificate"]
    asked = {"device_id": "valve", "reason": "KEY_COMPROMISE"}
    service.environment.client().rest("POST", "/revocations", {"revocations": [asked]})
    until = time.monotonic() + patience(60)
    while any(registry.of(region).certificates != (("REVOKED", der(pem)),) for region in (HOME, AWAY)):
        assert time.monotonic() < until
        time.sleep(0.2)
