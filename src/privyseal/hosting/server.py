"""uvicorn around our applications: one event loop, one server for each socket."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from privyseal.frontends.http.connection import Connection

# Idle keep-alive connections are closed after this; boto3 keeps its own for as long as it likes.
KEEP_ALIVE_SECONDS = 75
# Connections that wait for a process that is busy.
BACKLOG = 2048
# New objects that may hold others before Python looks for cycles among them; its own 700 are what a dozen
# requests under way have. What requests leave goes by reference counts, nearly all of it.
OBJECTS_BETWEEN_COLLECTIONS = 10_000


@dataclass(frozen=True, slots=True)
class Site:
    """An application on a bound socket; `certificate` and `key` are PEM files where it speaks TLS, or there
    is a `context` that knows them.
    """

    app: Any
    socket: socket.socket
    certificate: str | None = None
    key: str | None = None
    context: ssl.SSLContext | None = None


def serve(sites: Sequence[Site], announce: Callable[[], None], grace_seconds: int) -> None:
    """Serve until SIGTERM, then finish what has begun within `grace_seconds`.

    `announce` is called once, when every socket is listening.
    """
    servers = [_Server(_config(site, grace_seconds)) for site in sites]
    _spare_the_collector()
    with asyncio.Runner(loop_factory=servers[0].config.get_loop_factory()) as runner:
        runner.run(_serve_all(servers, [site.socket for site in sites], announce))


def _spare_the_collector() -> None:
    """What the start has made stays as long as the process does: it is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


async def _serve_all(
    servers: "Sequence[_Server]", sockets: Sequence[socket.socket], announce: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop.add_signal_handler(signal.SIGTERM, stop)
    running = [
        asyncio.ensure_future(server.serve(sockets=[bound]))
        for server, bound in zip(servers, sockets, strict=True)
    ]
    while not all(server.started for server in servers):
        if any(task.done() for task in running):
            stop()
            break
        await asyncio.sleep(0.01)
    else:
        announce()
    await asyncio.gather(*running)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for all servers of the process together."""
        yield


def _config(site: Site, grace_seconds: int) -> uvicorn.Config:
    return uvicorn.Config(
        site.app,
        http=Connection,
        loop="uvloop",
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ssl_certfile=site.certificate,
        ssl_keyfile=site.key,
        ssl_context_factory=_given(site.context) if site.context else None,
    )


def _given(context: ssl.SSLContext) -> Callable[..., ssl.SSLContext]:
    return lambda *_: context
