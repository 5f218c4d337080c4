"""Telling a broker to read its files again: a signal to its process, or a command of the operator's."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from privyseal.errors import ErrorCode, PrivySealError

COMMAND_SECONDS = 30.0


def told_by(pid_file: str, command: Sequence[str]) -> Callable[[], None]:
    """The way that the settings name. It raises UNAVAILABLE where the broker could not be told."""
    if bool(pid_file) == bool(command):
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "A registrar of type mosquitto needs one of pid-file and reload: how is its broker told?",
        )
    return (lambda: _signal(Path(pid_file))) if pid_file else (lambda: _run(command))


def _signal(pid_file: Path) -> None:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        if not _is_broker(pid):
            raise _untold(f"{pid_file} does not name a mosquitto that is up")
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        raise _untold(f"{pid_file}: {error.strerror}") from error
    except ValueError as error:
        raise _untold(f"{pid_file} is not a file with a process id") from error


def _is_broker(pid: int) -> bool:
    """Whether it is a mosquitto that catches SIGHUP: another process, or one that is still starting
    (it writes the file and listens before it installs the handler), would be ended by it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)  # proc(5)
    caught = int(fields.get("SigCgt", "0"), 16)
    return fields.get("Name") == "mosquitto" and bool(caught >> (signal.SIGHUP - 1) & 1)


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own words, and no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except OSError as error:
        raise _untold(f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise _untold(f"{command[0]} did not end in {COMMAND_SECONDS:.0f} seconds") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        raise _untold(f"{command[0]} ended with status {done.returncode}: {said}")


def _untold(why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.UNAVAILABLE, f"The broker could not be told to read its files: {why}.")
