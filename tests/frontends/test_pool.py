"""Blocking work is bounded: in threads, and in what waits for them."""

import asyncio
import threading

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Pool


def test_a_call_runs_in_a_thread_and_answers() -> None:
    """Its result and its exceptions come back."""

    async def scenario(pool: Pool) -> None:
        assert await pool.run(threading.get_ident) != threading.get_ident()
        assert await pool.run(int, "10", base=2) == 2
        with pytest.raises(ValueError, match="invalid literal"):
            await pool.run(int, "x")

    _with(Pool(1, 0), scenario)


def test_a_full_pool_refuses_at_once() -> None:
    """And takes calls again as soon as there is room."""

    async def scenario(pool: Pool) -> None:
        gate = threading.Event()
        waiting = [asyncio.ensure_future(pool.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(PrivySealError) as refused:
            await pool.run(int)
        assert refused.value.code is ErrorCode.THROTTLED
        gate.set()
        assert await asyncio.gather(*waiting) == [True, True, True]
        assert await pool.run(int) == 0

    _with(Pool(1, 2), scenario)


def test_a_cancelled_call_that_has_not_begun_never_does() -> None:
    """Its place is free again, and its work is not done."""

    async def scenario(pool: Pool) -> None:
        gate, begun = threading.Event(), threading.Event()
        first = asyncio.ensure_future(pool.run(gate.wait))
        second = asyncio.ensure_future(pool.run(begun.set))
        await asyncio.sleep(0.01)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        third = asyncio.ensure_future(pool.run(int))
        gate.set()
        assert await first
        assert await third == 0
        assert not begun.is_set()

    _with(Pool(1, 1), scenario)


def test_no_place_is_lost() -> None:
    """After thousands of calls, failures and cancellations the pool is as large as before."""

    async def scenario(pool: Pool) -> None:
        for number in range(2000):
            calls = [asyncio.ensure_future(pool.run(int, "x" if number % 3 else "1")) for _ in range(4)]
            await asyncio.sleep(0)
            calls[number % 4].cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        for _ in range(200):  # a thread gives its place back a moment after the answer
            try:
                assert await asyncio.gather(*(pool.run(int) for _ in range(4))) == [0] * 4
            except PrivySealError:
                await asyncio.sleep(0.01)
            else:
                return
        pytest.fail("places were lost")

    _with(Pool(2, 2), scenario)


def _with(pool: Pool, scenario: object) -> None:
    try:
        asyncio.run(scenario(pool))  # type: ignore[operator]
    finally:
        pool.close()
