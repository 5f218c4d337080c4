"""A process with one long job: `holder.py DATABASE LOG` writes its number into the log again and again."""

import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

from privyseal.clock import SystemClock
from privyseal.jobs.runner import Runner
from privyseal.jobs.table import Job
from privyseal.meter import SilentMeter
from privyseal.stores.repositories.jobs import SqlJobs
from privyseal.stores.sqlite import SqliteStore

NAME = "long"
BEAT_S = 0.02


def main(database: Path, log: Path) -> None:
    store = SqliteStore(database, SystemClock())
    store.migrate()

    def work(stopping: threading.Event) -> None:
        with log.open("a") as file:
            while not stopping.wait(BEAT_S):
                file.write(f"{os.getpid()}\n")
                file.flush()

    runner = Runner(store, SqlJobs(), f"process {os.getpid()}", (Job(NAME, timedelta(seconds=1)),))
    runner.add(NAME, work)
    runner.start(SilentMeter())
    sys.stdin.read()  # until whoever started it closes the pipe
    runner.close()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
