"""The audit trail of a running process: refusals on record, checkpoints signed, checkpoints exported."""

from datetime import timedelta
from functools import partial
from threading import Event

from privyseal.events.checkpointing import Checkpointing
from privyseal.events.exporting import Exporting
from privyseal.events.ports import JournalReader, Sink, Trail
from privyseal.events.refusals import Refusals
from privyseal.jobs.runner import Runner
from privyseal.meter import Meter
from privyseal.signing import SigningKey
from privyseal.store import Store


class AuditTrail:
    """Checkpoints and their export are a job each: a sink that hangs does not delay a signature."""

    def __init__(
        self,
        store: Store,
        trail: Trail,
        journal: JournalReader,
        key: SigningKey,
        *,
        sink: Sink,
        meter: Meter,
        interval_seconds: float,
        jobs: Runner,
    ) -> None:
        self.refusals = Refusals(store)
        self._checkpointing = Checkpointing(store, trail, journal, key, meter)
        interval = timedelta(seconds=interval_seconds)
        jobs.add("audit.checkpoints", self._checkpoint, self._checkpointing.waiting, every=interval)
        self._wake_export = partial(jobs.wake, "audit.export")
        exporting = Exporting(store, trail, sink, meter)
        jobs.add("audit.export", exporting.run, exporting.waiting)

    def close(self) -> None:
        """After the last request and the last job. What it has left behind comes into a last checkpoint."""
        self.refusals.close()
        self._checkpointing.finish()

    def _checkpoint(self, stopping: Event) -> None:
        self._checkpointing.run(stopping)
        self._wake_export()
