"""Blocking work beside the event loop: a bounded number of threads and a bounded queue before them."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from privyseal.errors import ErrorCode, PrivySealError

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """`size` calls run at a time and `queue` more wait; the next is refused with THROTTLED."""

    def __init__(self, size: int, queue: int, *, name: str = "pool") -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(size + queue)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` in a thread, where log lines know the caller's request. When the caller is
        cancelled, a call that has not begun is dropped.
        """
        if not self._places.acquire(blocking=False):
            raise PrivySealError(ErrorCode.THROTTLED, "Too many requests are waiting: try again in a moment.")
        context = contextvars.copy_context()
        future = self._threads.submit(lambda: context.run(function, *args, **kwargs))
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: "Future[T]") -> None:
        self._places.release()

    def close(self) -> None:
        """Drop what has not begun and wait for what has."""
        self._threads.shutdown(wait=True, cancel_futures=True)
