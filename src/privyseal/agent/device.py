"""A device's life: enrol once, connect, and ask again for a newer certificate of the same key."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from privyseal.agent.folder import DeviceFolder
from privyseal.agent.mqtt import Connection, RefusedError
from privyseal.agent.provisioning import Provisioning
from privyseal.client.errors import ClientError

PORT = 8883  # secure-mqtt (IANA)
TOPIC = "devices/%u/echo"  # %u: the device id


@dataclass(frozen=True, slots=True)
class Broker:
    """Without a host it is the one that the service has named, on `port` where it has named none."""

    host: str = ""
    port: int = PORT
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
        self.folder.keep(got.certificate, got.chain, got.endpoint)

    def come_back(self, broker: Broker) -> None:
        """Say hello; whom the broker refuses asks once for another certificate and says it with that, as
        after the authority that issues for devices was replaced.
        """
        try:
            self.say_hello(broker)
        except RefusedError as refused:
            if _is_away(refused):
                raise
            self.rotate()
            self.say_hello(broker)

    def connect(self, broker: Broker) -> Connection:
        host, port = (broker.host, broker.port) if broker.host else self._named(broker.port)
        return Connection(self.folder, host, port, root=broker.root)

    def _named(self, port: int) -> tuple[str, int]:
        """What the service has said: HOST or HOST:PORT."""
        if not self.folder.endpoint.exists():
            raise ClientError(f"the service has not said where {self.id} connects", "Name it with --broker.")
        host, colon, number = self.folder.endpoint.read_text(encoding="utf-8").rpartition(":")
        return (host, int(number)) if colon and number.isdecimal() else (host + colon + number, port)

    def say_hello(self, broker: Broker) -> None:
        """Connect, publish on the device's own topic, and hear it. Raises ClientError."""
        topic = broker.topic.replace("%u", self.id)
        with self.connect(broker) as connection:
            connection.subscribe(topic)
            connection.publish(topic, self.id.encode())
            if connection.receive() != (topic, self.id.encode()):
                raise ClientError(f"{self.id} does not hear what it has published on {topic}")


def _is_away(refused: RefusedError) -> bool:
    """Whether the broker could not be reached at all: another certificate does not help."""
    cause = refused.__cause__
    return isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError | ConnectionResetError)
