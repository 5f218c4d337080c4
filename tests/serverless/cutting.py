"""A proxy that cuts its first connections after the server has answered: the client hears nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_SIZE = 65_536


class Cutting:
    def __init__(self, url: str, cuts: int) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://{}:{}".format(*self._listener.getsockname())
        self.left = cuts
        self.requests: list[bytes] = []

    def serve(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, suppress(OSError):
            while request := _message(client):
                self.requests.append(request)
                server.sendall(request)
                answer = _message(server)
                if self.left:
                    self.left -= 1
                    return
                client.sendall(answer)


def _message(source: socket.socket) -> bytes:
    """One message with a Content-Length; empty at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := source.recv(_SIZE)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        if not (more := source.recv(_SIZE)):
            return b""
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def cutting(url: str, cuts: int = 1) -> Iterator[Cutting]:
    proxy = Cutting(url, cuts)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
