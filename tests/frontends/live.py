"""A real uvicorn on a free loopback port, in a thread, as the product runs it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from privyseal.frontends.http.connection import Connection


@contextmanager
def serving(app: Any, protocol: type[Connection] = Connection, grace_seconds: int = 60) -> Iterator[str]:
    """The base URL of `app` while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=grace_seconds,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        while not server.started:
            thread.join(0.01)
            if not thread.is_alive():
                message = "the server did not start"
                raise RuntimeError(message)
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            server.should_exit = True
            thread.join()
