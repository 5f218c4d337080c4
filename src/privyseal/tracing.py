"""Spans of work that has ended, for whoever collects traces: `observability/traces.py` sends them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

Attributes = Mapping[str, str | int | Sequence[str]]


class Tracer(Protocol):
    """Where nothing is traced there is none: its users hold None."""

    def ended(
        self,
        name: str,
        began: int,
        attributes: Attributes,
        *,
        failed: bool = False,
        parent: str | None = None,
    ) -> None:
        """Work that began at `began` (nanoseconds since 1970) has ended now. `parent` is the W3C traceparent
        that its caller has sent. Costs no I/O and never raises.
        """
        ...
