"""The audit trail of a running process: refusals on record, checkpoints signed, checkpoints exported."""

from privyseal.ca.background import Background
from privyseal.events.checkpointing import Checkpointing
from privyseal.events.exporting import Exporting
from privyseal.events.ports import JournalReader, Sink, Trail
from privyseal.events.refusals import Refusals
from privyseal.meter import Meter
from privyseal.signing import SigningKey
from privyseal.store import Store


class AuditTrail:
    """Checkpoints and their export have a thread each: a sink that hangs does not delay a signature."""

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
    ) -> None:
        self.refusals = Refusals(store)
        self._checkpointing = Checkpointing(store, trail, journal, key, meter)
        self._exporting = Exporting(store, trail, sink, meter)
        self._threads = (
            Background("checkpoints", self._checkpointing.run, interval_seconds),
            Background("checkpoint sink", self._exporting.run, interval_seconds),
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """After the last request. What it has left behind comes into a last checkpoint."""
        self.refusals.close()
        for thread in self._threads:
            thread.close()
        self._checkpointing.finish()
        self._exporting.finish()
