"""The thread for work that nobody waits for."""

import threading
from collections.abc import Iterator

import pytest

from privyseal.ca.background import Background

SECONDS = 10  # a test fails after this; none waits so long


@pytest.fixture(name="turns")
def turns_fixture() -> threading.Semaphore:
    """Released once for each turn of the work."""
    return threading.Semaphore(0)


@pytest.fixture(name="hourly")
def hourly_fixture(turns: threading.Semaphore) -> Iterator[Background]:
    made = Background("hourly", lambda _: turns.release(), interval=3600)
    yield made
    made.close()


def test_it_looks_once_at_the_start_and_then_when_it_is_woken(
    hourly: Background, turns: threading.Semaphore
) -> None:
    hourly.start()
    assert turns.acquire(timeout=SECONDS)
    assert not turns.acquire(timeout=0.05)
    hourly.wake()
    assert turns.acquire(timeout=SECONDS)
    assert not turns.acquire(timeout=0.05)


def test_being_woken_before_the_start_is_no_error(hourly: Background, turns: threading.Semaphore) -> None:
    hourly.wake()
    assert not turns.acquire(timeout=0.05)
    hourly.start()
    assert turns.acquire(timeout=SECONDS)


def test_it_looks_by_itself_now_and_then(turns: threading.Semaphore) -> None:
    often = Background("often", lambda _: turns.release(), interval=0.01)
    often.start()
    assert all(turns.acquire(timeout=SECONDS) for _ in range(5))
    often.close()


def test_it_outlives_a_defect(turns: threading.Semaphore, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: threading.Event) -> None:
        turns.release()
        raise ZeroDivisionError

    failing = Background("failing", fail, interval=3600)
    failing.start()
    assert turns.acquire(timeout=SECONDS)
    failing.wake()
    assert turns.acquire(timeout=SECONDS)
    failing.close()
    assert [record.message for record in caplog.records] == ["background work failed"]


def test_each_failure_is_logged_and_the_same_one_once_in_a_while(
    turns: threading.Semaphore, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk fails every turn of every thread, and its log is perhaps on that disk."""
    failures = [OSError("full"), OSError("full"), OSError("away"), OSError("full")]

    def fail(_: threading.Event) -> None:
        turns.release()
        if failures:
            raise failures.pop(0)

    failing = Background("failing", fail, interval=0.01)
    failing.start()
    assert all(turns.acquire(timeout=SECONDS) for _ in range(5))
    failing.close()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["full", "away"]


def test_closing_tells_the_work_and_waits_for_it() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(stopping: threading.Event) -> None:
        begun.set()
        assert stopping.wait(SECONDS)
        ended.set()

    made = Background("long", work)
    made.start()
    assert begun.wait(SECONDS)
    made.close()
    assert ended.is_set()


def test_closing_what_was_never_started_is_no_error(hourly: Background) -> None:
    hourly.close()
