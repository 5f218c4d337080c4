"""Commits of many devices at once: what waits together is written together.

A commit is durable, so it waits for the disk, and it is made by one at a time; an enrolment makes two
besides that of the certificate. Here those of the threads that wait at the same moment are one.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.gather import Lane
from privyseal.store import Store, Tx

T = TypeVar("T")

# Few enough that one of them that fails does not cost the others much.
MAX_BATCH = 64

_Write = Callable[[Tx], Any]


class GatheredStore:
    """Implements `store.Store` on another one, for blocking threads. `executor` is one thread."""

    def __init__(self, store: Store, executor: Executor) -> None:
        self._store = store
        self._lane: Lane[_Write, _Result] = Lane(self._commit, executor, max_batch=MAX_BATCH)

    def view(self, read: Callable[[Tx], T]) -> T:
        return self._store.view(read)

    def generation(self) -> int | None:
        return self._store.generation()

    def transact(self, write: Callable[[Tx], T]) -> T:
        """As `Store.transact`. Each write sees those before it, as if they came one after the other."""
        result: T = self._lane.ask(write).value()
        return result

    def _commit(self, writes: Sequence[_Write]) -> "Sequence[_Result | PrivySealError]":
        if len(writes) > 1:
            try:
                return self._store.transact(lambda tx: [_Result(write(tx)) for write in writes])
            except Exception as error:  # noqa: BLE001 - it is one's alone: each finds out by itself
                if _is_unknown(error):
                    return [_Result(None, error)] * len(writes)
        return [self._alone(write) for write in writes]

    def _alone(self, write: _Write) -> "_Result":
        try:
            return _Result(self._store.transact(write))
        except Exception as error:  # noqa: BLE001 - it goes to whoever wrote
            return _Result(None, error)


def _is_unknown(error: Exception) -> bool:
    """A commit that may or may not have been made must not be made again by anybody but who knows."""
    return isinstance(error, PrivySealError) and error.code is ErrorCode.UNAVAILABLE


class _Result:
    """What a write returned, or raised."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: Any, error: Exception | None = None) -> None:
        self._value = value
        self._error = error

    def value(self) -> Any:
        if self._error:
            raise self._error
        return self._value
