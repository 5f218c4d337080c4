"""A broker that a registrar keeps, and what the rest of the service would tell that registrar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.agent.folder import DeviceFolder
from privyseal.agent.mqtt import Connection
from privyseal.durable import write_file
from privyseal.registrars.mosquitto import BrokerCrl, MosquittoRegistrar
from privyseal.registrars.mosquitto_reload import told_by
from tests.mqtt.broker import Broker
from tests.mqtt.pki import Authority, Device, key_bytes, pem


@dataclass
class Deployment:
    folder: Path
    root: Authority = field(default_factory=lambda: Authority("Root"))
    barred: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.issuing = Authority("Issuing", self.root)
        self.issuers: list[Authority] = [self.issuing]
        self.roots: list[Authority] = [self.root]
        self.files = self.folder / "files"
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.root.sign("broker", key, address="127.0.0.1")
        self.broker = Broker(self.folder, self.files, pem(certificate), key_bytes(key))
        self.crls: Sequence[BrokerCrl] = ()
        self.publish()
        self.registrar = self.new_registrar()

    def new_registrar(self) -> MosquittoRegistrar:
        return MosquittoRegistrar(
            self.files,
            endpoint=f"127.0.0.1:{self.broker.port}",
            roots=lambda: pem(*(each.certificate for each in self.roots)).decode(),
            crls=lambda: self.crls,
            barred=lambda: self.barred,
            tell=told_by(str(self.broker.pid_file), ()),
        )

    def publish(self) -> None:
        """New CRLs of every authority that issues."""
        self.crls = [each.crl() for each in self.issuers]

    def refresh(self) -> None:
        """As the background does it; returns when the broker has read its files again, if it was told."""
        reloads, contents = self.broker.reloads(), self.contents()
        self.registrar.refresh()
        if self.contents() != contents:
            self.broker.wait_for_reload(reloads)

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.files.iterdir()}

    def device(self, device_id: str, authority: Authority | None = None) -> Device:
        return Device(self.folder, device_id, authority or self.issuing)

    def stored(self, device: Device) -> DeviceFolder:
        kept = DeviceFolder(self.folder / device.id, device.id)
        kept.path.mkdir(mode=0o700, exist_ok=True)
        write_file(kept.key, [key_bytes(device.key)])
        kept.keep(pem(device.certificate).decode(), pem(*device.authority.chain).decode())
        return kept

    def connection(self, device: Device) -> Connection:
        root = self.folder / "root.pem"
        root.write_bytes(pem(self.root.certificate))
        return Connection(self.stored(device), "127.0.0.1", self.broker.port, root=root)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path)
    made.registrar.refresh()
    made.broker.start()
    try:
        yield made
    finally:
        made.broker.stop()
