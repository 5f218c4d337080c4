"""The whole way, with the real service, a real broker and the product's own device: from the list of the
factory to messages, and out again by revoking.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.agent.folder import DeviceFolder
from privyseal.agent.mqtt import Connection
from privyseal.client.certificates import issue_certificate, wait_for_certificate
from privyseal.client.csr import csr_for
from tests.e2e.shell import attempt
from tests.mqtt.broker import Broker
from tests.mqtt.pki import key_bytes
from tests.service import COMMAND, Service, patience

SEEN_SECONDS = 60  # a revocation, by CRLs
GRACE_SECONDS = 5


@dataclass
class Factory:
    service: Service
    broker: Broker
    folder: Path

    @property
    def address(self) -> str:
        return f"localhost:{self.broker.port}"

    def simulate(self, device_id: str, *options: str) -> dict[str, Any]:
        """`privyseal device simulate`, which may fail: its summary says how."""
        words = [*COMMAND, "device", "simulate", "--id", device_id, "--output", "json", *options]
        done = attempt(*words, "--data-dir", self.service.data_dir, cwd=self.folder)
        found: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == bool(found["failures"])
        return found

    def kept(self, device_id: str) -> DeviceFolder:
        return DeviceFolder(self.folder / "devices" / device_id, device_id)

    def connection(self, device_id: str) -> Connection:
        return Connection(self.kept(device_id), "localhost", self.broker.port)

    def is_let_in(self, device_id: str) -> bool:
        kept = self.kept(device_id)
        return self.broker.answers(kept.certificate, kept.key, kept.root, "localhost")

    def rest(self, path: str, **body: object) -> dict[str, Any]:
        answer = self.service.environment.client().rest("POST", path, body)
        assert answer["errors"] == []
        return answer


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    folder = tmp_path_factory.mktemp("factory")
    files, config = folder / "files", folder / "privyseal.toml"
    first = Service(folder / "data").start()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _publish_crls_and_certify(first, csr_for(key, "broker", ["localhost"]))
    assert first.stop() == 0
    broker = Broker(folder, files, certificate.encode(), key_bytes(key))
    config.write_text(
        f"""
[devices]
registrars = ["broker"]
grace-hours = {GRACE_SECONDS / 3600}

[registrars.broker]
type = "mosquitto"
folder = "{files}"
endpoint = "localhost:{broker.port}"
pid-file = "{broker.pid_file}"
"""
    )
    service = Service(folder / "data", "--config", str(config)).start()
    try:
        until((files / "crl.pem").exists)
        broker.start()
        yield Factory(service, broker, folder)
        assert service.stop() == 0, service.log.read_text()
    finally:
        broker.stop()
        service.kill()


def _publish_crls_and_certify(service: Service, csr: str) -> str:
    environment = service.environment
    client, arn = environment.client(), str(environment.issuing_ca_arn)
    crls = {"CrlConfiguration": {"Enabled": True, "ExpirationInDays": 7}}
    client.call(
        "UpdateCertificateAuthority", {"CertificateAuthorityArn": arn, "RevocationConfiguration": crls}
    )
    issued = wait_for_certificate(
        client, arn, issue_certificate(client, certificate_authority_arn=arn, csr=csr)
    )
    return f"{issued.certificate}\n{issued.chain}\n"


def until(happens: Callable[[], bool], seconds: float = SEEN_SECONDS) -> None:
    end = time.monotonic() + patience(seconds)
    while not happens():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.1)


def test_a_device_enrols_connects_and_rotates_in_one_go(factory: Factory) -> None:
    """By the command. Each certificate works the first time it is used, and they are two."""
    summary = factory.simulate("sensor-1", "--register", "--broker", factory.address, "--rotate")
    assert summary["failures"] == []
    assert {name: step["done"] for name, step in summary["steps"].items()} == {
        "enrolled": 1,
        "connected": 1,
        "rotated": 1,
        "connected again": 1,
    }


def test_what_a_device_has_is_kept_and_not_asked_for_again(factory: Factory) -> None:
    factory.simulate("sensor-2", "--register")
    serial = factory.kept("sensor-2").serial
    factory.simulate("sensor-2", "--broker", factory.address)
    assert factory.kept("sensor-2").serial == serial
    factory.simulate("sensor-2", "--rotate")
    assert factory.kept("sensor-2").serial != serial


def test_the_certificate_before_works_for_a_grace_period_and_is_then_refused(factory: Factory) -> None:
    """The new one works all the time."""
    factory.simulate("sensor-5", "--register")
    kept, before = factory.kept("sensor-5"), factory.folder / "before.pem"
    before.write_bytes(kept.certificate.read_bytes())
    factory.simulate("sensor-5", "--rotate")
    assert factory.broker.answers(before, kept.key, kept.root, "localhost")
    until(lambda: not factory.broker.answers(before, kept.key, kept.root, "localhost"), 100)
    assert factory.is_let_in("sensor-5")


def test_an_unknown_device_and_one_with_another_key_get_nothing(factory: Factory) -> None:
    """And so they have nothing to connect with."""
    summary = factory.simulate("nobody", "--broker", factory.address)
    assert summary["failures"][0]["reason"].startswith("not-found")
    factory.simulate("sensor-3", "--register")
    factory.kept("sensor-3").path.rename(factory.folder / "elsewhere")
    summary = factory.simulate("sensor-3", "--broker", factory.address)
    assert summary["failures"][0]["reason"].startswith("access-denied")
    assert not factory.kept("nobody").has_certificate
    assert not factory.kept("sensor-3").has_certificate


def test_a_suspended_device_is_silent_and_then_refused_until_it_is_resumed(factory: Factory) -> None:
    """It gets no new certificate either; its certificate is on hold, and released with it."""
    factory.simulate("sensor-4", "--register")
    with factory.connection("sensor-4") as connection:
        factory.rest("/devices/suspend", device_ids=["sensor-4"])
        topic = "devices/sensor-4/echo"
        connection.subscribe(topic)
        until(lambda: not _hears(connection, topic))
        assert connection.is_open
    assert factory.simulate("sensor-4", "--rotate")["failures"][0]["reason"].startswith("access-denied")
    until(lambda: not factory.is_let_in("sensor-4"))
    factory.rest("/devices/resume", device_ids=["sensor-4"])
    until(lambda: factory.is_let_in("sensor-4"))
    with factory.connection("sensor-4") as connection:
        connection.subscribe(topic)
        until(lambda: _hears(connection, topic))


def _hears(connection: Connection, topic: str) -> bool:
    connection.publish(topic, b"?")
    return connection.receive(0.3) is not None


def test_a_revoked_device_is_refused_and_a_good_one_stays_connected(factory: Factory) -> None:
    """Within a minute of the revocation; the good one on the same TCP connection, message after message."""
    for device_id in ("good", "bad"):
        assert factory.simulate(device_id, "--register", "--broker", factory.address)["failures"] == []
    with factory.connection("good") as connection:
        port, heard = connection.local_port, 0
        connection.subscribe("devices/good/echo")
        factory.rest("/revocations", revocations=[{"device_id": "bad", "reason": "KEY_COMPROMISE"}])

        def refused() -> bool:
            nonlocal heard
            connection.publish("devices/good/echo", str(heard).encode())
            assert connection.receive() == ("devices/good/echo", str(heard).encode())
            heard += 1
            return not factory.is_let_in("bad")

        until(refused)
        assert heard > 1
        assert (connection.is_open, connection.local_port) == (True, port)
    assert factory.is_let_in("good")
