"""Numbers about the running service: counted anywhere, published by `observability/metrics.py`."""

from typing import Protocol


class Meter(Protocol):
    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to the counter `name`; labels have few values each (never an ARN or an id)."""
        ...

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add one duration, in seconds, to the histogram `name`."""
        ...

    def answered(self, frontend: str, operation: str, outcome: str, seconds: float) -> None:
        """A request over HTTP: one more, and the time that it took."""
        ...


class SilentMeter:
    """Counts nothing: for tests and commands."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        pass

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        pass

    def answered(self, frontend: str, operation: str, outcome: str, seconds: float) -> None:
        pass


SILENT = SilentMeter()
