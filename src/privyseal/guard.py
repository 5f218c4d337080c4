"""What stands between the service and a program that it starts: `python guard.py LIFELINE PROGRAM [WORD …]`.

A program of its own that imports nothing of the service. LIFELINE is the number of a descriptor: the reading
end of a pipe whose other end only the service has, so it ends when the service does, however that ends. Then,
or at SIGTERM, everything in this process group is killed, this process last. The program gets everything
else of this process: what it reads and writes, its variables, its folder; and this process ends as it has.
"""

import os
import resource
import select
import signal
import sys

NOT_STARTED = 127  # as shells have it
_OF_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # ignored in Python, and what is ignored stays so in a program


def main(lifeline: int, command: list[str]) -> int:
    os.set_inheritable(lifeline, False)
    signals, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    program = os.fork()
    if not program:
        become(command)
    while True:
        ready, _, _ = select.select([lifeline, signals], [], [])
        if lifeline in ready or signal.SIGTERM in os.read(signals, 64):
            kill_all(program)
        found, status = os.waitpid(program, os.WNOHANG)  # nothing where it has only been stopped
        if found:
            return end_as(os.waitstatus_to_exitcode(status))


def kill_all(program: int) -> None:
    """Does not return. The program is waited for, because nobody else might."""
    os.kill(program, signal.SIGKILL)
    os.waitpid(program, 0)
    os.killpg(0, signal.SIGKILL)


def become(command: list[str]) -> None:
    """Does not return."""
    try:
        for number in _OF_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.execv(command[0], command)  # noqa: S606 - the words of the operator, and no shell
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        os.write(2, f"{command[0]} cannot be started: {why}.\n".encode(errors="replace"))
    finally:
        os._exit(NOT_STARTED)


def end_as(status: int) -> int:
    """A program that a signal has ended: this process too, by the same."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
