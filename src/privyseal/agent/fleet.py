"""Many devices at once, and how they fare while they are at it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from privyseal.client.errors import ApiError, ClientError
from privyseal.errors import PrivySealError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    device_id: str
    step: str
    reason: str


@dataclass(slots=True)
class Step:
    """One thing that every device does."""

    name: str
    done: int = 0
    started: float = 0.0  # of the first device, on the clock of the fleet
    ended: float = 0.0  # of the last one
    seconds: list[float] = field(default_factory=list)  # of each device that has done it

    @property
    def per_second(self) -> float:
        span = self.ended - self.started
        return self.done / span if span > 0 else 0.0

    def percentile(self, percent: int) -> float:
        """In seconds, the nearest of those that were measured; 0 where there are none."""
        ordered = sorted(self.seconds)
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0


class Progress:
    """What has happened so far. Shared by the fleet's threads and whoever looks on."""

    def __init__(self, devices: int, steps: Sequence[str]) -> None:
        self.devices = devices
        self.retries = 0
        self.failures: list[Failure] = []
        self._steps = {name: Step(name) for name in steps}
        self._lock = threading.Lock()
        self._in_flight: Counter[str] = Counter()

    @property
    def steps(self) -> Sequence[Step]:
        return list(self._steps.values())

    def step(self, name: str) -> Step:
        return self._steps[name]

    def in_flight(self, name: str) -> int:
        """How many devices are at that step right now."""
        return self._in_flight[name]

    def retried(self, why: str, wait: float) -> None:
        del why, wait
        with self._lock:
            self.retries += 1

    @contextmanager
    def doing(self, name: str) -> Iterator[None]:
        step, began = self._steps[name], time.perf_counter()
        with self._lock:
            step.started = step.started or began
            self._in_flight[name] += 1
        try:
            yield
        except BaseException:
            with self._lock:
                self._in_flight[name] -= 1
            raise
        ended = time.perf_counter()
        with self._lock:
            self._in_flight[name] -= 1
            step.done += 1
            step.ended = ended
            step.seconds.append(ended - began)

    def failed(self, device_id: str, step: str, reason: str) -> None:
        with self._lock:
            self.failures.append(Failure(device_id, step, reason))


# What a device does, by name, one after the other; the first failure is its last step.
Steps = dict[str, Callable[[T], None]]


def run(
    devices: Sequence[T], name: Callable[[T], str], steps: Steps[T], progress: Progress, at_once: int
) -> None:
    """Every device does every step, at most `at_once` of them at a time. Defects of ours are raised."""

    def live(device: T) -> None:
        for step, act in steps.items():
            try:
                with progress.doing(step):
                    act(device)
            except (ClientError, PrivySealError, OSError) as error:
                progress.failed(name(device), step, _reason(error))
                return

    with ThreadPoolExecutor(at_once, thread_name_prefix="device") as pool:
        for ended in [pool.submit(live, device) for device in devices]:
            ended.result()


def _reason(error: Exception) -> str:
    return f"{error.code}: {error.message}" if isinstance(error, ApiError) else str(error)
