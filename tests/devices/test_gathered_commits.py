"""Commits that are gathered are those that would have been made one by one."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from privyseal.caller import Caller
from privyseal.clock import FixedClock
from privyseal.devices.gathered_commits import GatheredStore
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Tx
from privyseal.stores.sql import sql
from privyseal.stores.sqlite import SqliteStore
from tests.devices.deployment import START

CALLER = Caller("somebody", "111122223333", "r")
Write = Callable[[Tx], str]


def noted(name: str) -> Write:
    def write(tx: Tx) -> str:
        tx.record(entry("test:Write", CALLER, name))
        return name

    return write


def refused(tx: Tx) -> str:
    tx.record(entry("test:Write", CALLER, "refused"))
    raise PrivySealError(ErrorCode.ACCESS_DENIED, "no")


def down(tx: Tx) -> str:
    raise PrivySealError(ErrorCode.UNAVAILABLE, "the disk is away")


class World:
    def __init__(self, store: SqliteStore, executor: ThreadPoolExecutor) -> None:
        self.store = store
        self.gathered = GatheredStore(store, executor)

    def at_once(self, *writes: Write) -> list[str | ErrorCode]:
        """What becomes of writes that come while another one is being made."""
        go, begun, sent = threading.Event(), threading.Event(), threading.Semaphore(0)

        def first(_: Tx) -> str:
            begun.set()
            assert go.wait(30)
            return ""

        def outcome(write: Write) -> str | ErrorCode:
            try:
                sent.release()
                return self.gathered.transact(write)
            except PrivySealError as error:
                return error.code

        with ThreadPoolExecutor(len(writes) + 1) as threads:
            threads.submit(outcome, first)
            assert begun.wait(30)
            waiting = [threads.submit(outcome, write) for write in writes]
            for _ in range(len(writes) + 1):
                assert sent.acquire(timeout=30)
            threading.Event().wait(0.05)  # they are in the lane now, or the test says less than it could
            go.set()
            return [each.result() for each in waiting]

    def journal(self) -> list[list[str]]:
        """The resources of each commit."""
        rows = self.store.view(lambda tx: sql(tx).rows("SELECT entries FROM journal ORDER BY seq"))
        return [[part.split('"')[2] for part in row["entries"].split('"resource')[1:]] for row in rows]


@pytest.fixture(name="world")
def world_fixture(tmp_path: Path) -> Iterator[World]:
    store = SqliteStore(tmp_path / "a.db", FixedClock(START))
    store.migrate()
    with ThreadPoolExecutor(1) as executor:
        yield World(store, executor)
    store.close()


def test_what_waits_together_is_one_commit_and_everybody_gets_its_own(world: World) -> None:
    names = [f"n{number}" for number in range(8)]
    assert world.at_once(*map(noted, names)) == names
    commits = world.journal()
    assert sorted(name for commit in commits for name in commit) == names
    assert len(commits) < len(names)


def test_one_that_is_refused_leaves_no_trace_and_harms_nobody(world: World) -> None:
    """Not even of what it had written before it was refused."""
    assert world.at_once(noted("a"), refused, noted("b")) == ["a", ErrorCode.ACCESS_DENIED, "b"]
    assert sorted(name for commit in world.journal() for name in commit) == ["a", "b"]


def test_a_commit_that_may_have_been_made_is_not_made_again(world: World) -> None:
    outcome = world.at_once(noted("a"), down)
    assert outcome[1] is ErrorCode.UNAVAILABLE
    told = [name for name in outcome if not isinstance(name, ErrorCode)]
    assert [name for commit in world.journal() for name in commit] == told
