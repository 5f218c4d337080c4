"""`make run`: what it shows, what it leaves behind, and the commands that it gives to copy."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.shell import attempt, run
from tests.programs import ROOT, program
from tests.service import clean_environment, patience

EXAMPLE = (sys.executable, str(ROOT / "examples" / "first_run.py"))
SECONDS_TO_A_CERTIFICATE = 10  # the promise of the README, from a warm set-up
LAST_LINE = re.compile(r"^  openssl s_server .*kill \$!$", re.MULTILINE)


class FirstRun:
    """The example as a process, run from the top of the repository as `make run` does it."""

    def __init__(self, data_dir: Path, port: str = "0") -> None:
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.environment = clean_environment(PRIVYSEAL_DATA_DIR=str(data_dir), PRIVYSEAL_PORT=port)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(EXAMPLE, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    @property
    def shown(self) -> str:
        return self.log.read_text()

    def finish_showing(self) -> str:
        until = time.monotonic() + patience(60)
        while not LAST_LINE.search(self.shown):
            assert self.process.poll() is None, self.shown
            assert time.monotonic() < until, self.shown
            time.sleep(0.05)
        return self.shown

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(patience(10))


@contextmanager
def first_run(data_dir: Path) -> Iterator[FirstRun]:
    running = FirstRun(data_dir)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program("openssl")
    return tmp_path_factory.mktemp("first run") / "data dir"


def test_it_takes_a_newcomer_from_nothing_to_a_verified_device_certificate(data_dir: Path) -> None:
    """In under ten seconds; then its two commands work as they stand; then SIGTERM ends it."""
    curl = program("curl")
    started = time.monotonic()
    with first_run(data_dir) as running:
        shown = running.finish_showing()
        assert time.monotonic() - started < patience(SECONDS_TO_A_CERTIFICATE)
        assert "1 imported, 0 unchanged, 0 refused" in shown
        assert "device.cert.pem: OK" in shown
        assert re.search(r"^subject +CN=sensor-0001$", shown, re.MULTILINE)
        assert re.search(r"^extended key usage +serverAuth, clientAuth$", shown, re.MULTILINE)
        served = _typed(shown.rpartition("in another shell")[2], Path(curl).parent)
        assert "s_server -accept" in served
        assert running.end(signal.SIGTERM) == 0
    _everything_has_ended(shown)


def test_it_can_be_run_again(data_dir: Path) -> None:
    """The same authorities, the device already there; Ctrl-C ends it."""
    with first_run(data_dir) as running:
        shown = running.finish_showing()
        assert "0 imported, 1 unchanged, 0 refused" in shown
        assert "device.cert.pem: OK" in shown
        assert running.end(signal.SIGINT) == 0
    _everything_has_ended(shown)


def test_a_taken_port_is_said_and_ends_it(tmp_path: Path) -> None:
    """The message of `up`, and its status."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = FirstRun(tmp_path / "data", port=str(taken.getsockname()[1]))
        assert running.process.wait(patience(30)) == 1
    assert "Address already in use" in running.shown
    assert "--port" in running.shown
    assert "Traceback" not in running.shown


def test_the_target_runs_it() -> None:
    """`make run` is this example and nothing else."""
    make = program("make")
    planned = run(make, "--dry-run", "run", cwd=ROOT)
    assert "examples/first_run.py" in planned


def _typed(lines: str, tools: Path) -> str:
    """The printed lines, typed into a shell at the top of the repository; what they print."""
    commands = [line.strip() for line in lines.splitlines() if line.startswith("  ")]
    assert len(commands) == 3, lines  # the environment and the two commands
    script = "\n".join(["set -e", *commands]).replace("8443", str(_free_port()))
    environment = clean_environment(PATH=f"{tools}:{os.environ['PATH']}")
    done = attempt("sh", "-c", script, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _free_port() -> int:
    with socket.create_server(("localhost", 0)) as free:
        return int(free.getsockname()[1])


def _everything_has_ended(shown: str) -> None:
    found = re.search(r"serves at http://127\.0\.0\.1:(\d+)", shown)
    assert found
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(found[1])), timeout=5).close()
