"""A device's connection to a broker: MQTT 5 over mutual TLS, by the library that devices really use."""

import queue
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from privyseal.agent.folder import DeviceFolder
from privyseal.client.errors import ClientError

TIMEOUT_S = 15.0
KEEPALIVE_S = 60
AT_LEAST_ONCE = 1  # quality of service: a publication is acknowledged


class RefusedError(ClientError):
    """The broker, or TLS before it, did not let the device in."""


class Connection:
    """Open for as long as the `with` block lasts; a connection that is lost is not made again."""

    def __init__(
        self,
        device: DeviceFolder,
        host: str,
        port: int,
        *,
        root: Path | None = None,
        timeout: float = TIMEOUT_S,
    ) -> None:
        """`root`: a PEM file with the roots of the broker's certificate; else those of the device's own."""
        mqtt = _library()
        self._timeout = timeout
        self._came: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._connected, self._subscribed = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._why = ""
        client = self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id="",  # the certificate says who the device is
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.tls_set_context(_context(device, root or device.root))
        self._address = host, port

    def __enter__(self) -> Self:
        host, port = self._address
        try:
            self._client.connect(host, port, KEEPALIVE_S)
        except OSError as error:  # ssl.SSLError is one
            raise RefusedError(f"the broker at {host}:{port}: {error}") from error
        self._client.loop_start()
        until_either = self._connected.wait(self._timeout)
        if not until_either or self._why:
            self.close()
            raise RefusedError(f"the broker at {host}:{port} refused: {self._why or 'no answer in time'}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with suppress(ValueError):  # was never open
            self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_open(self) -> bool:
        return self._connected.is_set() and not self._ended.is_set()

    @property
    def local_port(self) -> int:
        """Of the TCP connection: as long as it is the same one, so is this."""
        found = self._client.socket()
        return int(found.getsockname()[1]) if found is not None else 0

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._client.subscribe(topic, AT_LEAST_ONCE)
        if not self._subscribed.wait(self._timeout):
            raise ClientError(f"the broker did not answer the subscription to {topic}")

    def publish(self, topic: str, payload: bytes) -> None:
        """Returns when the broker has acknowledged it."""
        sent = self._client.publish(topic, payload, AT_LEAST_ONCE)
        try:
            sent.wait_for_publish(self._timeout)
        except (RuntimeError, ValueError) as error:
            raise ClientError(f"the publication to {topic} was not sent: {error}") from error
        if not sent.is_published():
            raise ClientError(f"the broker did not acknowledge the publication to {topic}")

    def receive(self, timeout: float | None = None) -> tuple[str, bytes] | None:
        """The next message, as topic and payload; None when there is none in time."""
        try:
            return self._came.get(timeout=self._timeout if timeout is None else timeout)
        except queue.Empty:
            return None

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        del client, data, flags, properties
        self._why = str(reason) if reason.is_failure else ""
        self._connected.set()

    def _on_message(self, client: Any, data: Any, message: Any) -> None:
        del client, data
        self._came.put((message.topic, message.payload))

    def _on_disconnect(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        del client, data, flags, properties
        self._ended.set()
        if not self._connected.is_set():  # TLS 1.3: a client's certificate is refused after the handshake
            self._why = "the connection was closed before it was accepted"
            self._connected.set()
        elif reason.is_failure:
            self._why = str(reason)


def _library() -> Any:
    try:
        import paho.mqtt.client as mqtt  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise ClientError("MQTT needs paho-mqtt", "Install it: pip install 'privyseal[mqtt]'") from error
    return mqtt


def _context(device: DeviceFolder, root: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(root))
    context.load_cert_chain(device.certificate, device.key)
    return context
