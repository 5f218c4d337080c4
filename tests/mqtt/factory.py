"""The real service, a real broker whose files it keeps, and the product's own devices."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@contextmanager
def factory_in(folder: Path, *options: str, devices: str = "") -> Iterator[Factory]:
    """`options` are of `privyseal up`; `devices` are more lines of the section [devices]."""
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
{devices}

[registrars.broker]
type = "mosquitto"
folder = "{files}"
endpoint = "localhost:{broker.port}"
pid-file = "{broker.pid_file}"
"""
    )
    service = Service(folder / "data", "--config", str(config), *options).start()
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
