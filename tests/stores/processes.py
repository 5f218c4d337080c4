"""Programs that tests run in processes of their own: `python -m tests.stores.processes NAME FOLDER`.

Each prints JSON lines about what it has seen; a line about a commit is printed after the commit.
"""

import json
import os
import resource
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from privyseal.ca.model import Tag
from privyseal.clock import SystemClock
from privyseal.errors import PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Tx
from privyseal.stores.repositories.tags import SqlTags
from privyseal.stores.sqlite import SqliteStore
from tests.stores import journals
from tests.stores.rows import CALLER

TAGS = SqlTags()
RESOURCE = "r"
NOBODY = 65534


def opened(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "privyseal.db", SystemClock())


def put(store: SqliteStore, key: str, value: str | None = None) -> None:
    def write(tx: Tx) -> None:
        TAGS.put(tx, RESOURCE, [Tag(key, value)])
        tx.record(entry("test:Put", CALLER, key))

    store.transact(write)


def keys(store: SqliteStore) -> list[str]:
    return [tag.key for tag in store.view(lambda tx: TAGS.of(tx, RESOURCE))]


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def write_much(folder: Path) -> None:
    """Four threads, fifty commits each, beside whoever else does the same."""
    store = opened(folder)
    names = [f"{os.getpid()}-{n:03}" for n in range(200)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: put(store, name), names))
    say(keys=names)


def write_until_killed(folder: Path) -> None:
    store, lock = opened(folder), threading.Lock()

    def work(number: int) -> None:
        count = 0
        while True:
            key = f"{os.getpid()}-{number}-{count}"
            put(store, key)
            with lock:
                say(key=key)
            count += 1

    for number in range(4):
        threading.Thread(target=work, args=(number,), daemon=True).start()
    signal.pause()


def fill_the_disk(folder: Path) -> None:
    """Files may not grow any more, as on a full disk; after a while they may again."""
    store = opened(folder)
    put(store, "before")
    limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 20_000, hard))
    acknowledged, refusals = ["before"], []
    for n in range(20):
        try:
            put(store, f"full-{n:02}", "x" * 5000)
        except PrivySealError as error:
            refusals.append(error.code.value)
        else:
            acknowledged.append(f"full-{n:02}")
    readable = keys(store)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    put(store, "room again")
    say(
        acknowledged=[*acknowledged, "room again"],
        refusals=refusals,
        readable=readable,
        afterwards=keys(store),
        integrity=store.check(),
        journal=journals.problems(store),
        chains=len({row.writer for row in journals.rows(store)}),
    )


def lose_the_right_to_write(folder: Path) -> None:
    """The files turn read-only and the process is not root: nothing can be written."""
    store = opened(folder)
    put(store, "before")
    store.close()
    modes = {path: path.stat().st_mode for path in (*folder.iterdir(), folder)}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        opened(folder)
    except PrivySealError as error:
        say(open=error.code.value)
    os.seteuid(os.getuid())
    for path, mode in modes.items():
        path.chmod(mode)
    store = opened(folder)
    put(store, "after")
    say(afterwards=keys(store), integrity=store.check())


PROGRAMS = {
    program.__name__: program
    for program in (write_much, write_until_killed, fill_the_disk, lose_the_right_to_write)
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
