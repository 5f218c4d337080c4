"""A running Privy Seal for tests: the real command on a free loopback port, in a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from privyseal.client.connection import Environment, read_environment

COMMAND = (sys.executable, "-m", "privyseal")
START_SECONDS = 60
STOP_SECONDS = 10
READY_LINE = "Ctrl-C ends it"

# What could reach a test from the developer's own shell and must not.
_FOREIGN = ("AWS_", "PRIVYSEAL_", "XDG_DATA_HOME")


def clean_environment(**more: str) -> dict[str, str]:
    """The process environment without anybody's AWS or Privy Seal variables."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return mine | more


def patience(seconds: float) -> float:
    """`seconds` of a machine that has nothing else to do: more where processes wait for its cores."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Service:
    """`privyseal up` as a process. `environment` is what it wrote about itself."""

    def __init__(self, data_dir: Path, *options: str, **own_variables: str) -> None:
        self.data_dir = data_dir
        self.options: Sequence[str] = options
        self.own_variables = own_variables
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> Environment:
        return read_environment(self.data_dir)

    @property
    def url(self) -> str:
        return self.environment.url

    @property
    def variables(self) -> dict[str, str]:
        """What `privyseal env` exports, on top of a clean environment."""
        found = self.environment
        return clean_environment(
            AWS_ENDPOINT_URL=found.url,
            AWS_ACCESS_KEY_ID=found.access_key_id,
            AWS_SECRET_ACCESS_KEY=found.secret_access_key,
            AWS_DEFAULT_REGION=found.region,
        )

    def start(self) -> "Service":
        """Return when it accepts requests. Raises with its output when it does not come up."""
        command = [*COMMAND, "up", "--data-dir", str(self.data_dir), "--port", "0", *self.options]
        with self.log.open("wb") as log:
            environment = clean_environment(PYTHONUNBUFFERED="1", **self.own_variables)
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until = time.monotonic() + patience(START_SECONDS)
        while READY_LINE not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError(f"the service did not start:\n{self.log.read_text()}")
            time.sleep(0.05)
        return self

    def stop(self) -> int:
        """SIGTERM; the exit status. It has ten seconds."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience(STOP_SECONDS))

    def kill(self) -> None:
        """Kill -9, as an operating system or an operator does it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
