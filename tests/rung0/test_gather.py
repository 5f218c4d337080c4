"""Lanes: single requests in, batches out, answers back to who asked."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.gather import Lane, Lanes

REFUSED = PrivySealError(ErrorCode.INVALID_ARGUMENT, "odd")
LONG = 10.0  # seconds after which a test gives up waiting


class Doubling:
    """A batch function: doubles even numbers, refuses odd ones, and can be held in a batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, requests: list[int]) -> Sequence[int | PrivySealError]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            self.batches.append(requests)
        self.entered.set()
        assert self.gate.wait(LONG)
        with self._lock:
            self.at_once -= 1
        return [REFUSED if each % 2 else 2 * each for each in requests]


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as threads:
        yield threads


def hold(lane: Lane[int, int], doubling: Doubling, callers: ThreadPoolExecutor) -> Future[int]:
    """Put the lane into a batch that ends when the gate opens."""
    doubling.gate.clear()
    doubling.entered.clear()
    first = callers.submit(lane.ask, 0)
    assert doubling.entered.wait(LONG)
    return first


def wait_until_waiting(lane: Lane[int, int], count: int) -> None:
    until = time.monotonic() + LONG
    while len(lane._waiting) < count:
        assert time.monotonic() < until, "the requests never arrived"
        time.sleep(0.001)


def outcome(future: Future[int]) -> int | ErrorCode:
    try:
        return future.result(LONG)
    except PrivySealError as error:
        return error.code


def test_requests_that_come_during_a_batch_are_one_batch(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    doubling = Doubling()
    lane = Lane(doubling, executor)
    first = hold(lane, doubling, callers)
    rest = [callers.submit(lane.ask, number) for number in range(1, 21)]
    wait_until_waiting(lane, 20)
    doubling.gate.set()
    assert outcome(first) == 0
    assert [outcome(each) for each in rest] == [
        ErrorCode.INVALID_ARGUMENT if n % 2 else 2 * n for n in range(1, 21)
    ]
    assert [len(batch) for batch in doubling.batches] == [1, 20]


def test_a_batch_is_never_larger_than_its_limit(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    doubling = Doubling()
    lane = Lane(doubling, executor, max_batch=8)
    first = hold(lane, doubling, callers)
    rest = [callers.submit(lane.ask, 2) for _ in range(20)]
    wait_until_waiting(lane, 20)
    doubling.gate.set()
    assert [outcome(each) for each in (first, *rest)] == [0] + [4] * 20
    assert [len(batch) for batch in doubling.batches] == [1, 8, 8, 4]


def test_a_full_lane_refuses_and_answers_those_who_wait(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    doubling = Doubling()
    lane = Lane(doubling, executor, max_waiting=3)
    first = hold(lane, doubling, callers)
    rest = [callers.submit(lane.ask, 2) for _ in range(3)]
    wait_until_waiting(lane, 3)
    with pytest.raises(PrivySealError) as refusal:
        lane.ask(2)
    assert refusal.value.code is ErrorCode.THROTTLED
    doubling.gate.set()
    assert [outcome(each) for each in (first, *rest)] == [0, 4, 4, 4]
    assert lane.ask(4) == 8  # there is room again


def test_everybody_in_a_batch_that_breaks_hears_of_it(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    def broken(_requests: list[int]) -> Sequence[int]:
        raise OSError("no disk")

    lane: Lane[int, int] = Lane(broken, executor)
    for future in [callers.submit(lane.ask, 2) for _ in range(5)]:
        with pytest.raises(OSError, match="no disk"):
            future.result(LONG)
    assert lane.idle


def test_a_batch_function_that_loses_count_is_a_defect_for_all(executor: ThreadPoolExecutor) -> None:
    lane: Lane[int, int] = Lane(lambda requests: requests[1:], executor)
    with pytest.raises(RuntimeError, match="another number"):
        lane.ask(1)


def test_a_lane_runs_one_batch_at_a_time(executor: ThreadPoolExecutor, callers: ThreadPoolExecutor) -> None:
    doubling = Doubling()
    lane = Lane(doubling, executor, max_batch=4)
    futures = [callers.submit(lane.ask, 2) for _ in range(400)]
    assert {outcome(each) for each in futures} == {4}
    assert doubling.most_at_once == 1
    assert sum(map(len, doubling.batches)) == 400


def test_a_lane_that_never_runs_dry_lets_others_have_their_turn(callers: ThreadPoolExecutor) -> None:
    """On one thread, a lane with much to do answers one batch and then queues up again."""
    order: list[str] = []
    gate, entered = threading.Event(), threading.Event()

    def busy(requests: list[int]) -> Sequence[int]:
        entered.set()
        assert gate.wait(LONG)
        order.append("busy")
        return requests

    def other(requests: list[int]) -> Sequence[int]:
        order.append("other")
        return requests

    with ThreadPoolExecutor(1) as single:
        hot: Lane[int, int] = Lane(busy, single, max_batch=1)
        cold: Lane[int, int] = Lane(other, single)
        futures = [callers.submit(hot.ask, 1)]
        assert entered.wait(LONG)
        futures += [callers.submit(hot.ask, 1) for _ in range(5)]
        wait_until_waiting(hot, 5)
        futures.append(callers.submit(cold.ask, 1))
        wait_until_waiting(cold, 1)
        time.sleep(0.05)  # the cold lane has asked for the thread
        gate.set()
        assert [outcome(each) for each in futures] == [1] * 7
    assert order[:2] == ["busy", "other"]


def test_an_event_loop_gets_its_answers() -> None:
    doubling = Doubling()

    async def main(lane: Lane[int, int]) -> list[int | BaseException]:
        return await asyncio.gather(*(lane.submit(n) for n in range(100)), return_exceptions=True)

    with ThreadPoolExecutor(1) as threads:
        answers = asyncio.run(main(Lane(doubling, threads)))
    assert [a for a in answers if not isinstance(a, PrivySealError)] == [2 * n for n in range(0, 100, 2)]
    assert len([a for a in answers if isinstance(a, PrivySealError)]) == 50
    assert len(doubling.batches) < 100


class Payload:
    """A request that can be watched."""


def refuse(_: Payload) -> None:
    raise PrivySealError(ErrorCode.VALIDATION, "the first")


def refuse_the_first(batch: list[Payload]) -> list[Payload | PrivySealError]:
    try:
        refuse(batch[0])
    except PrivySealError as error:
        return [error, *batch[1:]]
    return list(batch)


def break_down(_: list[Payload]) -> list[Payload | PrivySealError]:
    raise PrivySealError(ErrorCode.UNAVAILABLE, "all")


@pytest.mark.parametrize("batch_function", [refuse_the_first, break_down])
@pytest.mark.parametrize("keyed", [False, True])
def test_nothing_of_a_batch_is_left_behind_by_an_error(
    executor: ThreadPoolExecutor,
    batch_function: Callable[[list[Payload]], list[Payload | PrivySealError]],
    keyed: bool,
) -> None:
    """An error's trace holds the frames of the batch, and these hold every request of it."""

    async def ask(count: int) -> list[weakref.ref[Payload]]:
        payloads = [Payload() for _ in range(count)]
        if keyed:
            lanes = Lanes[str, Payload, Payload](batch_function, executor)
            calls = [lanes.submit("key", payload) for payload in payloads]
        else:
            lane = Lane[Payload, Payload](batch_function, executor)
            calls = [lane.submit(payload) for payload in payloads]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert any(isinstance(each, PrivySealError) for each in answers)
        return [weakref.ref(payload) for payload in payloads]

    watched = asyncio.run(ask(20))
    executor.submit(int).result()  # the thread has let go of the batch
    gc.collect()
    assert [each() for each in watched] == [None] * 20


def test_what_comes_back_for_the_answers_of_a_batch_goes_into_the_next(executor: ThreadPoolExecutor) -> None:
    """Half of the callers come while the other half's batch runs; from then on they go together."""
    doubling = Doubling()
    lane = Lane(doubling, executor)

    async def ask_again_and_again(number: int) -> None:
        for _ in range(10):
            await lane.submit(number)

    async def main() -> None:
        doubling.gate.clear()
        first = [asyncio.create_task(ask_again_and_again(2 * n)) for n in range(4)]
        assert await asyncio.to_thread(doubling.entered.wait, LONG)
        others = [asyncio.create_task(ask_again_and_again(2 * n)) for n in range(4)]
        await asyncio.sleep(0)
        doubling.gate.set()
        await asyncio.wait_for(asyncio.gather(*first, *others), LONG)

    asyncio.run(main())
    assert [len(batch) for batch in doubling.batches[:3]] == [4, 8, 8]


def test_who_asks_from_a_thread_does_not_wait_for_an_event_loop(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    """Not even when a batch has been left to a loop that has ended before it came to it."""
    doubling = Doubling()
    lane = Lane(doubling, executor)
    first = hold(lane, doubling, callers)
    loop = asyncio.new_event_loop()
    abandoned = loop.create_task(lane.submit(2))
    loop.run_until_complete(asyncio.sleep(0))
    doubling.gate.set()
    assert first.result(LONG) == 0
    until = time.monotonic() + LONG
    while not lane._paused_for:
        assert time.monotonic() < until, "the next batch was not left to the loop"
        time.sleep(0.001)
    loop.close()
    assert callers.submit(lane.ask, 4).result(LONG) == 8
    abandoned._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio would complain of it
    abandoned.get_coro().close()


def test_a_request_whose_caller_has_left_is_not_run(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    doubling = Doubling()
    lane = Lane(doubling, executor)

    async def main() -> int:
        first = hold(lane, doubling, callers)
        leaving = asyncio.ensure_future(lane.submit(2))
        staying = asyncio.ensure_future(lane.submit(4))
        await asyncio.sleep(0)
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        doubling.gate.set()
        answer = await staying
        assert first.result(LONG) == 0
        return answer

    assert asyncio.run(main()) == 8
    assert doubling.batches == [[0], [4]]


def test_a_loop_that_has_closed_keeps_nobody_else_from_an_answer(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    """Its request is first in the batch; another loop and a thread wait behind it."""
    doubling = Doubling()
    lane = Lane(doubling, executor)
    first = hold(lane, doubling, callers)
    loop = asyncio.new_event_loop()
    abandoned = loop.create_task(lane.submit(2))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    wait_until_waiting(lane, 1)
    another_loop = callers.submit(lambda: asyncio.run(lane.submit(4)))
    thread = callers.submit(lane.ask, 6)
    wait_until_waiting(lane, 3)
    doubling.gate.set()
    assert [outcome(each) for each in (first, another_loop, thread)] == [0, 8, 12]
    abandoned._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio would complain of it
    abandoned.get_coro().close()


def test_after_a_shutdown_nobody_waits_for_ever(callers: ThreadPoolExecutor) -> None:
    doubling = Doubling()
    threads = ThreadPoolExecutor(1)
    lane = Lane(doubling, threads)
    threads.shutdown()
    for _ in range(3):
        assert outcome(callers.submit(lane.ask, 2)) == ErrorCode.UNAVAILABLE
    assert lane.idle


def test_a_shutdown_finishes_what_waits(callers: ThreadPoolExecutor) -> None:
    doubling = Doubling()
    threads = ThreadPoolExecutor(1)
    lane = Lane(doubling, threads, max_batch=2)
    first = hold(lane, doubling, callers)
    rest = [callers.submit(lane.ask, 2) for _ in range(7)]
    wait_until_waiting(lane, 7)
    threads.shutdown(wait=False)
    doubling.gate.set()
    assert [outcome(each) for each in (first, *rest)] == [0] + [4] * 7
    threads.shutdown()


def test_one_slow_key_does_not_delay_another(
    executor: ThreadPoolExecutor, callers: ThreadPoolExecutor
) -> None:
    gate, entered = threading.Event(), threading.Event()

    def slow_for_zero(requests: list[int]) -> Sequence[int]:
        if requests[0] == 0:
            entered.set()
            assert gate.wait(LONG)
        return requests

    lanes: Lanes[str, int, int] = Lanes(slow_for_zero, executor)
    slow = callers.submit(lanes.ask, "slow", 0)
    assert entered.wait(LONG)
    assert lanes.ask("quick", 1) == 1
    assert not slow.done()
    gate.set()
    assert slow.result(LONG) == 0


def test_a_lane_lives_only_while_it_has_work(executor: ThreadPoolExecutor) -> None:
    lanes: Lanes[int, int, int] = Lanes(lambda requests: requests, executor)
    for key in range(1000):
        assert lanes.ask(key, key) == key

    async def main() -> list[int]:
        return await asyncio.gather(*(lanes.submit(key % 5, key) for key in range(50)))

    assert asyncio.run(main()) == list(range(50))
    assert not lanes._lanes


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=60), st.integers(1, 7))
def test_answers_are_positional_whatever_the_batches(numbers: list[int], max_batch: int) -> None:
    with ThreadPoolExecutor(2) as threads:
        lane = Lane(Doubling(), threads, max_batch=max_batch)

        async def main() -> list[int | BaseException]:
            return await asyncio.gather(*(lane.submit(n) for n in numbers), return_exceptions=True)

        answers = asyncio.run(main())
    assert [REFUSED if n % 2 else 2 * n for n in numbers] == answers
