"""HTTP servers for the far sides that tests play: on a free port of this machine, gone afterwards."""

import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is none of the test's business; what else fails is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], state: object, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """The port. The handler has `state` as its attribute of this name, and logs nothing."""
    own = type("Handler", (handler,), {"state": state, "log_message": _silent})
    with _Server(("127.0.0.1", 0), own) as server:
        if tls:
            # The handshake is the handler's: in accept() one client that says nothing would stop the server.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _silent(*_: object) -> None:
    pass
