"""Worker processes and the one that watches them.

The port is bound before anything else, without listening, so that it is known to be free and
nobody is answered too early. Every worker listens on a socket of its own (SO_REUSEPORT); the
kernel spreads connections over them. A worker that dies is replaced; when the supervisor dies,
however, its workers notice the closed pipe and end.
"""

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError

# How long workers may finish what they have begun: SIGTERM ends everything within 10 seconds.
GRACE_SECONDS = 5
KILL_SECONDS = 7
READY_SECONDS = 60
# A worker that dies this often in a row before it was ready will not get better.
MAX_EARLY_DEATHS = 3

_READY = b"ready"


class Port:
    """An address held for this service. Workers bind the same one again."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self.host = host
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True, slots=True)
class Lifeline:
    """A worker's two ends: it says that it is ready, and it hears when its supervisor is gone."""

    ready: Connection
    parent: Connection

    def announce(self) -> None:
        self.ready.send_bytes(_READY)

    def watch(self) -> None:
        """End this process, gracefully, as soon as the supervisor's end of the pipe closes."""

        def wait_for_end() -> None:
            try:
                self.parent.recv_bytes()
            except (EOFError, OSError):
                os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=wait_for_end, daemon=True, name="lifeline").start()


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    ready: Connection
    announced: bool = False


class Supervisor:
    """Runs `count` processes of `target(lifeline, *arguments)` until it is told to stop."""

    def __init__(self, count: int, target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._count = count
        self._target = target
        self._arguments = arguments
        self._workers: list[_Worker] = []
        self._parent_end, self._child_end = self._context.Pipe()
        self._wake_read, self._wake_write = self._context.Pipe(duplex=False)
        self._stopping = False

    def run(self, when_ready: Callable[[], None]) -> int:
        """Start, call `when_ready` once when all workers listen, and stay; the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        for _ in range(self._count):
            self._start()
        try:
            return self._watch(when_ready)
        finally:
            self._stop()

    def _on_signal(self, *_: Any) -> None:
        self._stopping = True
        self._wake_write.send_bytes(b"stop")

    def _start(self) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        lifeline = Lifeline(theirs, self._child_end)
        process = self._context.Process(target=self._target, args=(lifeline, *self._arguments), daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))

    def _watch(self, when_ready: Callable[[], None]) -> int:
        announced, early_deaths = False, 0
        while not self._stopping:
            waiting: list[Any] = [self._wake_read, *(w.process.sentinel for w in self._workers)]
            waiting += [w.ready for w in self._workers if not w.announced]
            happened = set(wait(waiting, None if announced else READY_SECONDS))
            if not happened:
                raise PrivySealError(ErrorCode.UNAVAILABLE, "The workers did not get ready in time.")
            for worker in [w for w in self._workers if w.ready in happened and not w.announced]:
                worker.announced = _hears(worker.ready)
            for worker in [w for w in self._workers if w.process.sentinel in happened]:
                early_deaths = 0 if worker.announced else early_deaths + 1
                self._bury(worker)
            if early_deaths >= MAX_EARLY_DEATHS or (early_deaths and not announced):
                return 1  # the worker has said why
            if not announced and all(w.announced for w in self._workers):
                announced = True
                when_ready()
        return 0

    def _bury(self, worker: _Worker) -> None:
        if self._stopping:
            return
        worker.process.join()  # it has ended: this collects its exit code
        log.warning("a worker ended and is replaced", exit_code=worker.process.exitcode)
        self._workers.remove(worker)
        worker.ready.close()
        self._start()

    def _stop(self) -> None:
        self._stopping = True
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + KILL_SECONDS  # for all of them together
        for worker in self._workers:
            worker.process.join(max(0, deadline - time.monotonic()))
        for worker in self._workers:
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def listener(host: str, port: int) -> socket.socket:
    """A worker's own socket on the shared address; the server starts listening on it."""
    return _bind_shared(host, port)


def _bind(host: str, port: int) -> socket.socket:
    """First without sharing, which shows whether anybody else listens; then to be shared."""
    try:
        with _socket(host) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
            number = probe.getsockname()[1]
        return _bind_shared(host, number)
    except OSError as error:
        raise PrivySealError(
            ErrorCode.UNAVAILABLE,
            f"Cannot serve on {host} port {port}: {error.strerror}. "
            "Choose another with --port, or 0 for a free one.",
        ) from None


def _bind_shared(host: str, port: int) -> socket.socket:
    bound = _socket(host)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound


def _socket(host: str) -> socket.socket:
    family = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]
    return socket.socket(family, socket.SOCK_STREAM)


def _hears(ready: Connection) -> bool:
    try:
        return ready.recv_bytes() == _READY
    except EOFError:
        return False
