"""Programs that this service starts: what they get on standard input, a time limit, and nothing left behind.

Each runs in a process group of its own, whose first process is a guard (`guard.py`). The group is killed when
the program ends or the time is over, and by the guard when the service itself has been killed.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from privyseal.errors import ErrorCode, PrivySealError

GUARD = Path(__file__).with_name("guard.py")
MAX_OUTPUT = 64 * 1024  # bytes of output that are kept; the rest is read and dropped
PATIENCE = 1.0  # seconds for output when every process of the group is gone, and for the guard to end them


@dataclass(frozen=True, slots=True)
class Ended:
    """`status` is negative for the signal that ended it; `output` what it wrote, errors included."""

    status: int
    output: str
    in_time: bool


class Processes:
    """Those of one owner. `close` ends them, for a service that stops does not wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._lifeline: tuple[int, int] | None = None
        self._closed = False

    def run(
        self,
        command: Sequence[str],
        given: bytes,
        *,
        environment: Mapping[str, str],
        folder: str,
        seconds: float,
    ) -> Ended:
        """Raises UNAVAILABLE where nothing can be started. Where it is the program that cannot, that is in
        the output.
        """
        process = self._start(command, given, environment, folder)
        assert process.stdout is not None
        kept = bytearray()
        reader = threading.Thread(target=_read, args=(process.stdout, kept), daemon=True)
        reader.start()
        in_time = self._wait(process, seconds)
        reader.join(PATIENCE)
        return Ended(process.returncode, bytes(kept).decode(errors="replace"), in_time)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for guard in self._groups:
                _terminate(guard)
            for end in self._lifeline or ():
                os.close(end)
            self._lifeline = None

    def _start(
        self, command: Sequence[str], given: bytes, environment: Mapping[str, str], folder: str
    ) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as file, self._lock:
            file.write(given)
            file.seek(0)
            if self._closed:
                raise PrivySealError(ErrorCode.UNAVAILABLE, "The service stops.")
            try:
                if self._lifeline is None:  # of the process that starts something, not of one it came from
                    self._lifeline = os.pipe()
                lifeline = self._lifeline[0]
                process = subprocess.Popen(  # noqa: S603 - the operator's own words, and no shell
                    (sys.executable, "-I", "-S", str(GUARD), str(lifeline), *command),
                    pass_fds=[lifeline],
                    stdin=file,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    cwd=folder,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                text = f"{command[0]} cannot be started: {error}."
                raise PrivySealError(ErrorCode.UNAVAILABLE, text) from error
            self._groups.add(process.pid)
            return process

    def _wait(self, process: subprocess.Popen[bytes], seconds: float) -> bool:
        """Whether it ended in time. Its id stays its own until it is reaped, so the kills hit nobody else."""
        over, ended = threading.Event(), threading.Event()

        def end() -> None:
            over.set()
            _terminate(process.pid)
            if not ended.wait(PATIENCE):
                _kill(process.pid)

        limit = threading.Timer(seconds, end)
        limit.start()
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            ended.set()
            limit.cancel()
            limit.join()
            with self._lock:
                _kill(process.pid)
                process.wait()
                self._groups.discard(process.pid)
        return not over.is_set()


def _terminate(guard: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(guard, signal.SIGTERM)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError:
        return  # macOS: nothing but a process that has ended


def _read(stream: IO[bytes], kept: bytearray) -> None:
    with stream:
        while chunk := stream.read1(65536):  # type: ignore[attr-defined] # a buffered reader
            kept += chunk[: MAX_OUTPUT - len(kept)]
