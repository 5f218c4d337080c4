"""The audit trail: read by itself, and kept by a running process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from privyseal.clock import SystemClock
from privyseal.events.ports import JournalReader, Sink, Snapshots, Trail
from privyseal.hosting.data_directory import DataDirectory
from privyseal.settings import AuditSettings
from privyseal.sinks import SINKS
from privyseal.stores import READERS
from privyseal.stores.repositories.audit import SqlJournalReader, SqlTrail
from privyseal.wiring.shelves import row


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit trail of a data directory, for reading only: nothing is started, made or unlocked."""

    store: Snapshots
    trail: Trail
    journal: JournalReader


@contextmanager
def audit(directory: DataDirectory) -> Iterator[Audit]:
    store = row(READERS, "sqlite")(directory.database, SystemClock())
    try:
        yield Audit(store, SqlTrail(), SqlJournalReader())
    finally:
        store.close()


def sink(directory: DataDirectory, section: AuditSettings) -> Sink:
    if section.sink == "directory":
        folder = Path(section.directory) if section.directory else directory.audit
        local: Sink = row(SINKS, section.sink)(folder)
        return local
    remote: Sink = row(SINKS, section.sink)(
        section.bucket,
        section.prefix,
        endpoint_url=section.endpoint_url or None,
        region=section.region or None,
        profile=section.profile or None,
    )
    return remote
