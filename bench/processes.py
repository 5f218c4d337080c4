"""A process and everything below it, from /proc: how much CPU it has used, and its end."""

import contextlib
import os
import signal
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """`pid` and its living descendants, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:  # grows while it is walked
        found.extend(children.get(each, ()))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree, those of its ended and awaited children too. proc(5): the
    counters have a resolution of one tick, 10 ms as a rule.
    """
    ticks = 0
    for each in tree(pid):
        if fields := _stat(each):
            ticks += sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / _TICK


def kill(pids: list[int]) -> None:
    """SIGKILL to each: a tree is given parents first, so that nobody starts another child."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def alive(pids: list[int]) -> list[int]:
    """Those that run; one that has ended and only waits to be collected does not."""
    return [pid for pid in pids if (fields := _stat(pid)) and fields[0] != "Z"]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
