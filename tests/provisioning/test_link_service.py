"""Links of the real service: whichever worker is asked, and after a kill -9."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bench import processes
from tests.devices.deployment import key_pem
from tests.devices.requests import csr
from tests.durability import evidence
from tests.mqtt.broker import free_port
from tests.provisioning.test_links import ASYNC
from tests.provisioning.test_provisioning import Reply, asked, send
from tests.service import Service, patience

SECONDS = 60
KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass
class Site:
    """A service whose broker cannot be told of a device as long as there is no file `open`."""

    folder: Path
    port: int

    @property
    def open(self) -> Path:
        return self.folder / "open"

    def start(self) -> Service:
        config = self.folder / "privyseal.toml"
        options = ("--port", str(self.port), "--workers", "2", "--config", str(config))
        return Service(self.folder / "data", *options).start()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path, free_port())
    first = Service(tmp_path / "data").start()
    arn = str(first.environment.issuing_ca_arn)
    crls = {"CrlConfiguration": {"Enabled": True, "ExpirationInDays": 7}}
    first.environment.client().call(
        "UpdateCertificateAuthority", {"CertificateAuthorityArn": arn, "RevocationConfiguration": crls}
    )
    assert first.stop() == 0
    (tmp_path / "privyseal.toml").write_text(
        f"""
[devices]
registrars = ["broker"]

[registrars.broker]
type = "mosquitto"
folder = "{tmp_path}/files"
endpoint = "broker.example:8883"
reload = ["test", "-f", "{made.open}"]
"""
    )
    return made


@pytest.fixture(name="running")
def running_fixture(site: Site) -> Iterator[list[Service]]:
    """The service in its last start, which a test may replace."""
    services = [site.start()]
    yield services
    for service in services:
        service.kill()


def register(service: Service, *names: str) -> None:
    rows = [{"device_id": name, "public_key": key_pem(KEY.public_key())} for name in names]
    assert service.environment.client().rest("POST", "/devices", {"devices": rows})["errors"] == []


def fetched(url: str, link: str) -> Reply:
    """Waits for the answer."""
    until = time.monotonic() + patience(SECONDS)
    while (reply := send(url, b"", method="GET", path=link, headers={})).status == 202:
        assert time.monotonic() < until
        time.sleep(0.1)
    return reply


def test_what_was_promised_is_kept_after_a_kill_9(site: Site, running: list[Service]) -> None:
    """One certificate, at the link that was given before; and the same call gets the same one."""
    (service,) = running
    register(service, "sensor")
    request = asked(csr(KEY, "sensor"))
    placed = send(service.url, request, headers=ASYNC)
    assert placed.status == 202
    link = placed.json["location"]
    for _ in range(8):  # of either worker
        assert send(service.url, b"", method="GET", path=link, headers={}).status == 202
    assert service.process
    pids = processes.tree(service.process.pid)
    processes.kill(pids)
    until = time.monotonic() + SECONDS
    while processes.alive(pids):
        assert time.monotonic() < until
        time.sleep(0.01)
    service.kill()
    site.open.touch()
    running.append(site.start())
    reply = fetched(running[-1].url, link)
    assert reply.status == 200, reply.body
    assert reply.json["endpoint"] == "broker.example:8883"
    assert x509.load_pem_x509_certificate(reply.json["certificate"].encode()).public_key() == KEY.public_key()
    assert send(running[-1].url, request).body == reply.body
    assert running[-1].stop() == 0
    database = site.folder / "data" / "privyseal.db"
    with evidence.opened(database) as opened:
        wanted = "SELECT COUNT(*) FROM device_certificate"
        assert opened.execute(wanted).fetchone()[0] == 1


def test_a_device_that_a_broker_cannot_have_gets_a_400_and_nothing_is_issued(
    site: Site, running: list[Service]
) -> None:
    site.open.touch()
    (service,) = running
    register(service, "sensor+1")
    database = site.folder / "data" / "privyseal.db"
    before = evidence.certificate_count(database)
    for path in ("/provision", "/new", "/proto"):
        reply = send(service.url, asked(csr(KEY, "sensor+1"), "sensor+1"), path=path)
        assert (reply.status, reply.json["code"]) == (400, "validation"), json.loads(reply.body)
        assert "does not suit the registrar broker" in reply.json["detail"]
    assert evidence.certificate_count(database) == before
