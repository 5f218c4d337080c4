"""Checkpoints leave the database: a cursor over what a sink has, at least once, whatever restarts."""

import threading
from collections.abc import Sequence

from privyseal import log
from privyseal.errors import PrivySealError
from privyseal.events.checkpoint import Signed
from privyseal.events.lease import Leased
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
        self._lease = Leased(store, trail, "sink")

    def run(self, stopping: threading.Event) -> None:
        """Export until the sink has everything. What it cannot take now, the next run brings again."""
        while not stopping.is_set() and (due := self._store.view(self._due)):
            if not self._lease.take():
                return
            if not all(self._put(each) for each in due):
                return
            number = due[-1].number
            self._store.transact(lambda tx, at=number: self._trail.put_exported(tx, self._sink.name, at))  # type: ignore[misc]

    def finish(self) -> None:
        """At an orderly end: somebody else may go on at once."""
        self._lease.release()

    def _due(self, tx: Tx) -> Sequence[Signed]:
        if self._lease.elsewhere(tx):
            return ()
        return self._trail.after(tx, self._trail.exported(tx, self._sink.name), _PAGE)

    def _put(self, checkpoint: Signed) -> bool:
        try:
            self._sink.put(checkpoint.number, checkpoint.line())
        except PrivySealError as error:
            log.warning("a checkpoint was not exported", number=checkpoint.number, error=error.message)
            self._meter.count("audit_exports", outcome="failed")
            return False
        self._meter.count("audit_exports", outcome="kept")
        return True
