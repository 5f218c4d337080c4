"""A small service under the real supervisor: `python -m tests.hosting.supervised WORKER COUNT FOLDER`.

It prints `port N`, `ready`, and `worker PID` for each worker that begins.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from privyseal import log
from privyseal.errors import PrivySealError
from privyseal.hosting.supervisor import Lifeline, Port, Supervisor, listener

HOST = "127.0.0.1"


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # one write: lines of several processes do not mix


def answer(lifeline: Lifeline, port: int, _folder: Path) -> None:
    """Answers every connection with its process id until SIGTERM."""
    say(f"worker {os.getpid()}")
    lifeline.watch()
    bound = listener(HOST, port)
    bound.listen()

    def serve() -> None:
        while True:
            connection, _ = bound.accept()
            with connection:
                connection.sendall(str(os.getpid()).encode())

    threading.Thread(target=serve, daemon=True).start()
    lifeline.announce()
    signal.pause()


def ignore_sigterm(lifeline: Lifeline, _port: int, _folder: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(f"worker {os.getpid()}")
    lifeline.announce()
    while True:
        time.sleep(60)


def die(_lifeline: Lifeline, _port: int, _folder: Path) -> None:
    say(f"worker {os.getpid()}")
    sys.exit(3)


def die_once_told(lifeline: Lifeline, port: int, folder: Path) -> None:
    if (folder / "die").exists():
        die(lifeline, port, folder)
    answer(lifeline, port, folder)


WORKERS = {worker.__name__: worker for worker in (answer, ignore_sigterm, die, die_once_told)}


def main(worker: str, count: str, folder: str) -> int:
    log.configure("warning")
    try:
        port = Port(HOST, 0)
    except PrivySealError as error:
        say(error.message)
        return 2
    say(f"port {port.number}")
    return Supervisor(int(count), WORKERS[worker], (port.number, Path(folder))).run(lambda: say("ready"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
