"""Bytes on a socket: what no HTTP client would send, and exactly what comes back."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    """`raw` is everything that came until the other side closed or fell silent."""

    raw: bytes
    closed: bool

    @property
    def status(self) -> int:
        """The first status; 0 when nothing came."""
        return int(self.raw.split(b" ", 2)[1]) if self.raw else 0

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in self.raw.split(b"HTTP/1.1 ")[1:]]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def exchange(url: str, *parts: bytes, silence: float = 0.5) -> Answer:
    """Send the parts and read until the server closes, or says nothing for `silence` seconds."""
    address = urlsplit(url)
    assert address.hostname
    with socket.create_connection((address.hostname, address.port or 80), timeout=10) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:
                break
        connection.settimeout(silence)
        received = b""
        while True:
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                return Answer(received, closed=False)
            except ConnectionResetError:
                return Answer(received, closed=True)
            if not chunk:
                return Answer(received, closed=True)
            received += chunk
