"""A lane gathers single requests into batches and answers each from its batch.

Signing and committing many requests at once is what makes the service fast (one durable commit
for all of them), yet callers come one by one, from an event loop or from a thread. A lane takes
them as they come; while one batch runs the next one collects, so nobody waits for a timer.
Only standard-library threads are used, and an event loop is woken once per batch.

Python runs one thread at a time, so a batch and the event loop that feeds it can only be in each
other's way. Where an event loop waits for the next batch, that one begins when the loop has passed on
the answers of the last and has taken in what came back for them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Generic, TypeVar

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.value import Value

Request = TypeVar("Request")
Result = TypeVar("Result")
Key = TypeVar("Key", bound=Hashable)

# A batch function: positional, each answer a result or the error of that one request.
BatchFunction = Callable[[list[Request]], Sequence[Result | PrivySealError]]

MAX_BATCH = 256
MAX_WAITING = 2048
# Of the event loop, after a batch: one in which its callers hear of it, one in which they send their
# answers, one in which the next requests are read.
TURNS_BETWEEN = 3


class Lane(Generic[Request, Result]):
    """Runs `batch_function` over whatever has gathered, one batch at a time, on `executor`."""

    def __init__(
        self,
        batch_function: BatchFunction[Request, Result],
        executor: Executor,
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._run_batch = batch_function
        self._executor = executor
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._lock = Lock()
        self._waiting: deque[_Slot[Request, Result]] = deque()
        self._running = False
        self._paused_for: asyncio.AbstractEventLoop | None = None

    @property
    def idle(self) -> bool:
        return not self._running  # as long as anybody waits, it is

    async def submit(self, request: Request) -> Result:
        """Answer from an event loop. Raises PrivySealError(THROTTLED) when the lane is full."""
        return await self.enter(request)

    def enter(self, request: Request) -> "asyncio.Future[Result]":
        """The same for a caller that awaits the answer itself."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        if self._enqueue(_Slot(request, future, loop)):
            # Not at once: whatever else this turn of the loop brings goes into the same batch.
            loop.call_soon(self._begin)
        return future

    def ask(self, request: Request) -> Result:
        """Answer from a plain thread; blocks until the batch is done."""
        future: Future[Result] = Future()
        if self._enqueue(_Slot(request, future, None)):
            self._begin()
        return future.result()

    def _enqueue(self, slot: "_Slot[Request, Result]") -> bool:
        """Whether the caller has to `_begin`: nothing runs that will come to this slot by itself."""
        with self._lock:
            if len(self._waiting) >= self._max_waiting:
                raise PrivySealError(ErrorCode.THROTTLED, "Too many requests are waiting. Try again later.")
            self._waiting.append(slot)
            # Nobody but its own callers waits for an event loop, which may have ended.
            paused_for = self._paused_for
            idle = not self._running or (paused_for is not None and paused_for is not slot.loop)
            self._running = True
            if idle:
                self._paused_for = None
            return idle

    def _begin(self) -> None:
        if not self._next_turn():
            self._refuse_all()

    def _next_turn(self) -> bool:
        """Ask for a thread; False when the executor has been shut down."""
        try:
            self._executor.submit(self._turn)
        except RuntimeError:
            return False
        return True

    def _refuse_all(self) -> None:
        with self._lock:
            slots = list(self._waiting)
            self._waiting.clear()
            self._running = False
        stopping = PrivySealError(ErrorCode.UNAVAILABLE, "The service is stopping. Try again later.")
        _deliver(slots, [stopping] * len(slots))

    def _turn(self) -> None:
        """Run one batch, then queue up again behind the other lanes of the executor: a lane that
        never runs dry must not keep its thread. What waits at a shutdown is finished at once.
        """
        while self._batch() and not (self._pause() or self._next_turn()):
            pass

    def _pause(self) -> bool:
        """Leave the next batch to the event loop that waits for it; False when none does."""
        with self._lock:
            loops = {slot.loop for slot in self._waiting}
            loop = loops.pop()
            if loop is None or loops:
                return False
            self._paused_for = loop
        try:
            loop.call_soon_threadsafe(self._go_on, loop, TURNS_BETWEEN)
        except RuntimeError:  # the loop has closed
            with self._lock:
                paused, self._paused_for = self._paused_for, None
            return paused is None
        return True

    def _go_on(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        if turns > 1:
            loop.call_soon(self._go_on, loop, turns - 1)
            return
        with self._lock:
            paused, self._paused_for = self._paused_for, None
        if paused:
            self._begin()

    def _batch(self) -> bool:
        """Answer what waits, at most one batch; False when nothing is left. Who has left is skipped."""
        with self._lock:
            size = min(len(self._waiting), self._max_batch)
            batch = [self._waiting.popleft() for _ in range(size)]
        live = [slot for slot in batch if not slot.future.cancelled()]
        answers = self._answers(live) if live else ()
        with self._lock:  # before anybody is answered, so that the last one to hear finds the lane idle
            more = self._running = bool(self._waiting)
        _deliver(live, answers)
        return more

    def _answers(self, slots: "list[_Slot[Request, Result]]") -> Sequence[Result | BaseException]:
        try:
            answers = self._run_batch([slot.request for slot in slots])
        except BaseException as error:  # noqa: BLE001 - every waiting caller must hear of it
            return [error] * len(slots)
        if len(answers) != len(slots):
            return [RuntimeError("a batch function answered another number of requests than it got")] * len(
                slots
            )
        return answers


class Lanes(Generic[Key, Request, Result]):
    """One lane per key, so that a slow key never delays another. A lane lives while it has work."""

    def __init__(self, batch_function: BatchFunction[Request, Result], executor: Executor) -> None:
        self._run_batch = batch_function
        self._executor = executor
        self._lanes: dict[Key, Lane[Request, Result]] = {}
        self._lock = Lock()

    async def submit(self, key: Key, request: Request) -> Result:
        lane = self._lane(key)
        try:
            return await lane.enter(request)
        finally:
            self._drop_if_idle(key, lane)

    def ask(self, key: Key, request: Request) -> Result:
        lane = self._lane(key)
        try:
            return lane.ask(request)
        finally:
            self._drop_if_idle(key, lane)

    def _lane(self, key: Key) -> Lane[Request, Result]:
        lane = self._lanes.get(key)
        if lane is None:
            with self._lock:
                lane = self._lanes.setdefault(key, Lane(self._run_batch, self._executor))
        return lane

    def _drop_if_idle(self, key: Key, lane: Lane[Request, Result]) -> None:
        if lane.idle:
            with self._lock:
                if lane.idle and self._lanes.get(key) is lane:
                    del self._lanes[key]


class _Slot(Value, Generic[Request, Result], frozen=True, gc=True):
    """One waiting request: `loop` is None where a plain thread waits.

    The collector looks into it: its future may hold an error, whose trace leads to who holds the slot.
    """

    request: Request
    future: "asyncio.Future[Result] | Future[Result]"
    loop: asyncio.AbstractEventLoop | None


def _deliver(slots: Sequence[_Slot[Request, Result]], answers: Sequence[Result | BaseException]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Slot[Request, Result], Result | BaseException]]] = {}
    for slot, answer in zip(slots, answers, strict=True):
        if slot.loop is None:
            _settle(slot, answer)
        else:
            by_loop.setdefault(slot.loop, []).append((slot, answer))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, settled)
        except RuntimeError:  # the loop has closed: its callers are gone, what was committed stays committed
            continue


def _settle_all(settled: "list[tuple[_Slot[Request, Result], Result | BaseException]]") -> None:
    for slot, answer in settled:
        _settle(slot, answer)


def _settle(slot: _Slot[Request, Result], answer: Result | BaseException) -> None:
    if slot.future.done():
        return
    if isinstance(answer, BaseException):
        slot.future.set_exception(answer)
    else:
        slot.future.set_result(answer)
