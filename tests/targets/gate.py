"""A door before a server: while it is shut, who connects is turned away."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Gate:
    """`port` leads to `behind`, a port of this machine, until `shut`."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.open = True
        self._passing: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()  # no connection is added from here on
        self._listener.close()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._passing:
            thread.join()
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.open:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._behind))
            self._sockets += [near, far]
            for ends in ((near, far), (far, near)):
                self._passing.append(threading.Thread(target=self._pass, args=ends))
                self._passing[-1].start()

    @staticmethod
    def _pass(giver: socket.socket, taker: socket.socket) -> None:
        with suppress(OSError):
            while chunk := giver.recv(65536):
                taker.sendall(chunk)
        with suppress(OSError):
            taker.shutdown(socket.SHUT_WR)


@contextmanager
def gate(behind: int) -> Iterator[Gate]:
    made = Gate(behind)
    try:
        yield made
    finally:
        made.close()
