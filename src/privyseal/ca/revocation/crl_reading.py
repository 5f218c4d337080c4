"""CRLs that are published, for whoever serves them: a document, then its chunks one by one."""

from dataclasses import dataclass

from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.model import CrlDocument
from privyseal.store import Store, Tx


@dataclass(frozen=True, slots=True)
class Found:
    """What there is by a name. Without a `document` it is `promised`, or there is no such CRL."""

    document: CrlDocument | None
    promised: bool


class CrlReader:
    def __init__(self, store: Store, rows: Repositories) -> None:
        self._store = store
        self._rows = rows

    def find(self, name: str, *, delta: bool) -> Found:
        """By the name of its file, without `.crl`."""

        def read(tx: Tx) -> Found:
            document = self._rows.crls.published(tx, name, delta=delta)
            return Found(document, document is not None or self._rows.crls.is_promised(tx, name))

        return self._store.view(read)

    def chunk(self, document_id: str, seq: int) -> bytes | None:
        """None where a newer CRL has replaced it for so long that it has been deleted."""
        return self._store.view(lambda tx: self._rows.crls.chunk(tx, document_id, seq))
