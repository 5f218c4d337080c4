"""Checkpoints leave the database: a cursor over what a sink has, at least once, whatever restarts."""

import threading
from collections.abc import Sequence

from privyseal.errors import PrivySealError
from privyseal.events.checkpoint import Signed
from privyseal.events.ports import Sink, Trail
from privyseal.meter import Meter
from privyseal.store import Store, Tx

_PAGE = 100  # checkpoints


class Exporting:
    def __init__(self, store: Store, trail: Trail, sink: Sink, meter: Meter) -> None:
        self._store = store
        self._trail = trail
        self._sink = sink
        self._meter = meter

    def waiting(self, tx: Tx) -> bool:
        return bool(self._due(tx, 1))

    def run(self, stopping: threading.Event) -> None:
        """Export until the sink has everything. What it cannot take now fails this run, and the next one
        brings it again.
        """
        while not stopping.is_set() and (due := self._store.view(self._due)):
            for each in due:
                self._put(each)
            number = due[-1].number
            self._store.transact(lambda tx, at=number: self._trail.put_exported(tx, self._sink.name, at))  # type: ignore[misc]

    def _due(self, tx: Tx, limit: int = _PAGE) -> Sequence[Signed]:
        return self._trail.after(tx, self._trail.exported(tx, self._sink.name), limit)

    def _put(self, checkpoint: Signed) -> None:
        try:
            self._sink.put(checkpoint.number, checkpoint.line())
        except PrivySealError:
            self._meter.count("audit_exports", outcome="failed")
            raise
        self._meter.count("audit_exports", outcome="kept")
