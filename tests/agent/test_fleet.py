"""What a fleet's figures say, and what one device's failure means to the others."""

import threading

import pytest

from privyseal.agent.fleet import Progress, Step, run
from privyseal.client.errors import ApiError, ClientError


def test_a_device_that_fails_stops_there_and_stops_nobody_else() -> None:
    seen: list[tuple[str, str]] = []

    def first(name: str) -> None:
        if name == "b":
            raise ApiError("ACCESS_DENIED", "wrong key", 403)
        seen.append(("first", name))

    def second(name: str) -> None:
        if name == "c":
            raise ClientError("not let in")
        seen.append(("second", name))

    progress = Progress(4, ["first", "second"])
    run(list("abcd"), str, {"first": first, "second": second}, progress, at_once=3)
    assert sorted(seen) == [("first", "a"), ("first", "c"), ("first", "d"), ("second", "a"), ("second", "d")]
    failures = sorted((each.device_id, each.step, each.reason) for each in progress.failures)
    assert failures == [("b", "first", "ACCESS_DENIED: wrong key"), ("c", "second", "not let in")]
    assert [(step.name, step.done) for step in progress.steps] == [("first", 3), ("second", 2)]
    assert progress.in_flight("first") == progress.in_flight("second") == 0


def test_no_more_than_asked_for_are_at_it_at_a_time() -> None:
    progress = Progress(20, ["step"])
    most, all_in = 0, threading.Barrier(4)

    def step(number: int) -> None:
        nonlocal most
        all_in.wait(10)
        most = max(most, progress.in_flight("step"))

    run(range(20), str, {"step": step}, progress, at_once=4)
    assert most == 4


def test_a_defect_is_not_taken_for_a_failure() -> None:
    def broken(_: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run([1], str, {"step": broken}, Progress(1, ["step"]), at_once=1)


def test_percentiles_are_times_that_were_measured() -> None:
    step = Step("step", done=200, started=10.0, ended=14.0, seconds=[n / 100 for n in range(200, 0, -1)])
    assert (step.percentile(50), step.percentile(99), step.percentile(100)) == (1.0, 1.98, 2.0)
    assert step.per_second == 50
    assert (Step("none").percentile(99), Step("none").per_second) == (0.0, 0.0)
