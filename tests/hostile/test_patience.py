"""Clients that are slow, silent or many take nothing from those who are none of that."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench import processes
from tests.hostile.wire import World, exchange
from tests.service import Service
from tests.stored import State

IDLE = 200
SLOW = 50
PROBES = 20
PROBE_SECONDS = 1.0
HEAD_SECONDS = 10  # frontends/http/connection.py
BODY_SECONDS = 10  # frontends/http/exchange.py
MARGIN = 5
MEMORY = 64 * 2**20  # bytes that a flood may add to the service
FLOOD = 300 * 2**20


def _connect(world: World) -> socket.socket:
    address = urlsplit(world.environment.url)
    assert address.hostname
    return socket.create_connection((address.hostname, address.port or 80), timeout=HEAD_SECONDS + MARGIN)


def _probe(world: World) -> float:
    """The slowest of some good requests, in seconds."""
    replies = [exchange(world.environment.url, world.describe()) for _ in range(PROBES)]
    assert {reply.status for reply in replies} == {200}
    return max(reply.seconds for reply in replies)


@contextmanager
def _dripping(connections: list[socket.socket], *, every: float = 0.1) -> Iterator[None]:
    """One more byte over each connection, again and again."""
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(every):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.sendall(b"a")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_200_idle_connections_delay_nobody(world: World) -> None:
    with ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(_connect(world))
        assert _probe(world) < PROBE_SECONDS


def test_heads_that_come_byte_by_byte_delay_nobody_and_are_cut_off(world: World) -> None:
    """Slowloris: each byte is in time, the head never is."""
    with ExitStack() as stack:
        slow = [stack.enter_context(_connect(world)) for _ in range(SLOW)]
        for connection in slow:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX: ")
        started = time.monotonic()
        with _dripping(slow):
            assert _probe(world) < PROBE_SECONDS
            answers = [_rest(connection) for connection in slow]
        assert time.monotonic() - started < HEAD_SECONDS + MARGIN
        assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)


def test_bodies_that_come_byte_by_byte_delay_nobody_and_are_refused(world: World, state: State) -> None:
    before = state.contents(), state.records()
    head = world.describe().partition(b"\r\n\r\n")[0].replace(b"Content-Length: ", b"Content-Length: 9")
    with ExitStack() as stack:
        slow = [stack.enter_context(_connect(world)) for _ in range(SLOW)]
        for connection in slow:
            connection.sendall(head + b"\r\n\r\n{")
        started = time.monotonic()
        with _dripping(slow):
            assert _probe(world) < PROBE_SECONDS
            answers = [_rest(connection) for connection in slow]
        assert time.monotonic() - started < BODY_SECONDS + MARGIN
    assert all(b"SerializationException" in answer for answer in answers)
    assert (state.contents(), state.records()) == before


def test_whoever_leaves_in_the_middle_of_a_request_leaves_nothing_behind(world: World, state: State) -> None:
    """Cut at every 50th byte: no request has been made, so nothing is done."""
    whole = world.json("CreateCertificateAuthority", {"CertificateAuthorityType": "ROOT"} | _CONFIGURATION)
    before = state.contents(), state.records()
    for size in range(1, len(whole) - 1, 50):
        with _connect(world) as connection:
            connection.sendall(whole[:size])
    assert _probe(world) < PROBE_SECONDS
    assert (state.contents(), state.records()) == before


def test_what_has_no_end_is_not_kept_in_memory(world: World, hostile_service: Service) -> None:
    """A head, a trailer, a chunk's extension and a body without end, as fast as they can be sent."""
    assert hostile_service.process
    workers = processes.tree(hostile_service.process.pid)
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    before = _memory(workers)
    for start in (
        head + b"X: ",
        b"POST /",
        chunked + b"0\r\nX: ",
        chunked + b"1;x=",
        chunked + b"fffffff\r\n",
        head + b"Content-Length: 999999999\r\n\r\n",
    ):
        assert _flood(world, start) < FLOOD, start
    assert _memory(workers) - before < MEMORY
    assert _probe(world) < PROBE_SECONDS


_CONFIGURATION = {
    "CertificateAuthorityConfiguration": {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Subject": {"CommonName": "Half"},
    }
}


def _flood(world: World, start: bytes) -> int:
    """How many bytes could be sent before the service closed the connection."""
    sent = 0
    with _connect(world) as connection, contextlib.suppress(OSError):
        connection.sendall(start)
        while sent < FLOOD:
            connection.sendall(b"a" * 65536)
            sent += 65536
    return sent


def _memory(pids: list[int]) -> int:
    """Bytes of real memory of all of them (proc(5), statm)."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * 4096


def _rest(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received
