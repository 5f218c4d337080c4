"""A device's life: enrol once, connect, and ask again for a newer certificate of the same key."""

from dataclasses import dataclass
from pathlib import Path

from privyseal.agent.folder import DeviceFolder
from privyseal.agent.mqtt import Connection
from privyseal.agent.provisioning import Provisioning
from privyseal.client.errors import ClientError

TOPIC = "devices/%u/echo"  # %u: the device id


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    root: Path | None = None  # roots of its certificate; None: the device's own
    topic: str = TOPIC


class Device:
    def __init__(self, folder: DeviceFolder, provisioning: Provisioning) -> None:
        self.folder = folder
        self._provisioning = provisioning

    @property
    def id(self) -> str:
        return self.folder.device_id

    def enrol(self) -> None:
        """Have a certificate: the one that is there, else a new one. What a crash has cut short goes on."""
        if self.folder.request.exists() or not self.folder.has_certificate:
            self.rotate()

    def rotate(self) -> None:
        """Ask again, by the same call. The old certificate works until the new one is in its place."""
        got = self._provisioning.ask(self.id, self.folder.pending_request())
        self.folder.keep(got.certificate, got.chain)

    def connect(self, broker: Broker) -> Connection:
        return Connection(self.folder, broker.host, broker.port, root=broker.root)

    def say_hello(self, broker: Broker) -> None:
        """Connect, publish on the device's own topic, and hear it. Raises ClientError."""
        topic = broker.topic.replace("%u", self.id)
        with self.connect(broker) as connection:
            connection.subscribe(topic)
            connection.publish(topic, self.id.encode())
            if connection.receive() != (topic, self.id.encode()):
                raise ClientError(f"{self.id} does not hear what it has published on {topic}")
