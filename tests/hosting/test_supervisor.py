"""The supervisor and its workers: real processes, ended and killed in every way."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting.supervisor import Port, listener

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30.0
STOP_SECONDS = 10.0  # within which SIGTERM ends everything
HOST = "127.0.0.1"


def alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(true: Callable[[], bool], seconds: float = SECONDS) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


class Supervised:
    """The program of `supervised.py`, its lines as they come."""

    def __init__(self, worker: str, count: int, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.hosting.supervised", worker, str(count), str(folder)]
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.workers: list[int] = []
        self.readies = 0
        self.port = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "worker":
                self.workers.append(int(rest))
            elif word == "port":
                self.port = int(rest)
            elif word == "ready":
                self.readies += 1

    def wait_ready(self) -> None:
        wait_until(lambda: self.readies > 0 or self.process.poll() is not None)
        assert self.readies == 1, self.complaints()

    def refuses(self) -> bool:
        """Whether nobody listens any more."""
        try:
            socket.create_connection((HOST, self.port), timeout=SECONDS).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            return False
        return False

    def ask(self) -> int:
        """The process id of the worker that answers."""
        with socket.create_connection((HOST, self.port), timeout=SECONDS) as connection:
            return int(connection.recv(64))

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """(exit status, seconds) after a signal to the supervisor."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        return status, time.monotonic() - began

    def complaints(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    def close(self) -> None:
        """End what a failed test has left running."""
        for pid in (self.process.pid, *self.workers):
            with suppress(ProcessLookupError):
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


Start = Callable[[str, int], Supervised]


@pytest.fixture(name="start")
def start_fixture(tmp_path: Path) -> Iterator[Start]:
    running: list[Supervised] = []

    def start(worker: str, count: int) -> Supervised:
        running.append(Supervised(worker, count, tmp_path))
        return running[-1]

    yield start
    for each in running:
        each.close()


def test_it_is_ready_once_when_all_workers_answer(start: Start) -> None:
    service = start("answer", 2)
    service.wait_ready()
    assert len(service.workers) == 2
    answered = {service.ask() for _ in range(64)}  # the kernel spreads connections over both
    assert answered == set(service.workers)


def test_a_worker_that_dies_is_replaced_and_the_others_go_on(start: Start) -> None:
    service = start("answer", 2)
    service.wait_ready()
    victim, other = service.workers
    for _ in range(2):
        os.kill(victim, signal.SIGKILL)
        known = len(service.workers)
        wait_until(lambda known=known: len(service.workers) > known)  # type: ignore[misc]
        assert alive(other)
        victim = service.workers[-1]
        wait_until(lambda new=victim: new in {service.ask() for _ in range(16)})  # type: ignore[misc]
    assert service.readies == 1
    assert service.complaints().count("a worker ended and is replaced") == 2
    assert service.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_workers(start: Start, number: signal.Signals) -> None:
    service = start("answer", 3)
    service.wait_ready()
    status, seconds = service.end(number)
    assert (status, seconds < STOP_SECONDS) == (0, True)
    assert not [pid for pid in service.workers if alive(pid)]
    with pytest.raises(ConnectionRefusedError):
        service.ask()


def test_a_signal_while_it_starts_ends_it_too(start: Start) -> None:
    service = start("answer", 2)
    wait_until(lambda: service.port > 0)
    time.sleep(0.1)  # the supervisor listens to signals; its workers are not ready
    status, seconds = service.end(signal.SIGTERM)
    assert status in {0, -signal.SIGTERM}
    assert seconds < STOP_SECONDS
    wait_until(lambda: not [pid for pid in service.workers if alive(pid)])


def test_workers_that_ignore_the_signal_are_killed_in_time(start: Start) -> None:
    """Two of them: the time is counted once, not once for each."""
    service = start("ignore_sigterm", 2)
    service.wait_ready()
    status, seconds = service.end(signal.SIGTERM)
    assert (status, seconds < STOP_SECONDS) == (0, True), seconds
    assert not [pid for pid in service.workers if alive(pid)]


def test_workers_end_when_the_supervisor_is_killed(start: Start) -> None:
    service = start("answer", 2)
    service.wait_ready()
    service.end(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in service.workers if alive(pid)], STOP_SECONDS)
    wait_until(service.refuses)  # the kernel closes a dead process's sockets a moment later


def test_a_worker_that_cannot_begin_ends_everything(start: Start) -> None:
    service = start("die", 2)
    assert service.process.wait(SECONDS) == 1
    assert service.readies == 0
    wait_until(lambda: not [pid for pid in service.workers if alive(pid)])


def test_workers_that_cannot_begin_any_more_end_everything(start: Start, tmp_path: Path) -> None:
    """It has been serving; then a worker dies, and so do all that should replace it."""
    service = start("die_once_told", 1)
    service.wait_ready()
    (tmp_path / "die").touch()
    os.kill(service.workers[0], signal.SIGKILL)
    assert service.process.wait(SECONDS) == 1
    assert len(service.workers) >= 3


class TestPort:
    def test_a_taken_port_is_a_clear_error(self) -> None:
        with socket.socket() as other:
            other.bind((HOST, 0))
            other.listen()
            number = other.getsockname()[1]
            with pytest.raises(PrivySealError) as refusal:
                Port(HOST, number)
        assert refusal.value.code is ErrorCode.UNAVAILABLE
        assert f"{HOST} port {number}" in refusal.value.message
        assert "--port" in refusal.value.message

    def test_a_port_on_which_a_sharing_service_listens_is_taken(self) -> None:
        """Another Privy Seal shares its port among its workers, but not with us."""
        with listener(HOST, 0) as other:
            other.listen()
            with pytest.raises(PrivySealError):
                Port(HOST, other.getsockname()[1])

    def test_an_address_of_another_machine_is_a_clear_error(self) -> None:
        with pytest.raises(PrivySealError) as refusal:
            Port("192.0.2.1", 0)  # RFC 5737: for documentation
        assert refusal.value.code is ErrorCode.UNAVAILABLE

    def test_zero_takes_a_free_port_and_holds_it(self) -> None:
        port = Port(HOST, 0)
        assert port.number > 0
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((HOST, port.number))
        with listener(HOST, port.number) as worker:  # its own workers share it
            worker.listen()
        port.close()

    def test_a_held_port_answers_nobody_before_a_worker_listens(self) -> None:
        port = Port(HOST, 0)
        with pytest.raises(ConnectionRefusedError), socket.create_connection((HOST, port.number), 5):
            pytest.fail("somebody answered too early")
        port.close()
