"""The bytes of one CRL: entries are read page by page, stored chunk by chunk, and signed at the end.

Never more than a few megabytes are in memory, and no transaction takes long: pages are read in views
of their own, and a chunk is stored as soon as it is full. What is revoked meanwhile may be missing; it
has made the next CRL due.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.model import Crl, CrlDocument
from privyseal.names import new_id
from privyseal.store import Store
from privyseal.x509 import crl as x509_crl
from privyseal.x509.algorithms import PrivateKey, SigningAlgorithm

PAGE = 8192  # entries that are read at once, about 400 KB
CHUNK = 256 * 1024  # octets of a stored chunk: what a download holds in memory
BATCH = 16  # chunks of one commit

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class LostError(Exception):
    """The CRL is somebody else's by now, or this process is asked to stop."""


@dataclass(frozen=True, slots=True)
class Signer:
    key: PrivateKey
    algorithm: SigningAlgorithm


class CrlWriting:
    """Writes documents of one leased CRL; raises LostError."""

    def __init__(self, store: Store, rows: Repositories, crl: Crl, stopping: Event) -> None:
        self._store = store
        self._rows = rows
        self._crl = crl
        self._stopping = stopping

    def complete(self, cutoff: datetime, terms: x509_crl.CrlTerms, signer: Signer) -> CrlDocument:
        """Everything revoked of certificates that had not expired at `cutoff`."""
        return self._write(self._entries(cutoff), terms, signer)

    def delta(self, since: datetime, terms: x509_crl.CrlTerms, signer: Signer) -> CrlDocument:
        """What was revoked and released from `since` on."""
        return self._write(self._changes(since), terms, signer)

    def _entries(self, cutoff: datetime) -> Iterator[bytes]:
        entries, authority_id = self._rows.crl_entries, self._crl.authority_id
        for partition in self._partitions():
            after: tuple[datetime, str] | None = (cutoff, "")
            while after:
                page, after = self._store.view(
                    lambda tx, p=partition, a=after: entries.page(tx, authority_id, p, a, PAGE)  # type: ignore[misc]
                )
                yield page

    def _changes(self, since: datetime) -> Iterator[bytes]:
        entries, authority_id = self._rows.crl_entries, self._crl.authority_id
        for partition in self._partitions():
            after: tuple[datetime, datetime, str] | None = (since, _BEGINNING, "")
            while after:
                page, after = self._store.view(
                    lambda tx, p=partition, a=after: entries.recent(tx, authority_id, p, a, PAGE)  # type: ignore[misc]
                )
                yield page
            released: tuple[datetime, str] | None = (since, "")
            while released:
                page, released = self._store.view(
                    lambda tx, p=partition, a=released: entries.released(tx, authority_id, p, a, PAGE)  # type: ignore[misc]
                )
                yield page

    def _partitions(self) -> list[str]:
        """What the CRL covers: its partition, or all where it is the complete one."""
        if self._crl.partition:
            return [self._crl.partition]
        authority_id = self._crl.authority_id
        return list(self._store.view(lambda tx: self._rows.crl_entries.partitions(tx, authority_id)))

    def _write(self, pages: Iterator[bytes], terms: x509_crl.CrlTerms, signer: Signer) -> CrlDocument:
        document_id = new_id()
        self._append(document_id, 0, [])
        waiting: list[bytes] = []
        count = size = 0
        for chunk in _chunks(pages):
            waiting.append(chunk)
            size += len(chunk)
            if len(waiting) == BATCH:
                self._append(document_id, count, waiting)
                count += len(waiting)
                waiting = []
        self._append(document_id, count, waiting)
        count += len(waiting)
        stored = (self._stored(document_id, seq) for seq in range(count))
        head, tail = x509_crl.sign(terms, signer.key, signer.algorithm, stored, size)
        delta = terms.base is not None
        return CrlDocument(
            id=document_id,
            name=self._crl.name,
            delta=delta,
            authority_id=self._crl.authority_id,
            partition=self._crl.partition,
            number=terms.number,
            this_update=terms.this_update,
            next_update=terms.next_update,
            size=len(head) + size + len(tail),
            chunks=count,
            head=head,
            tail=tail,
        )

    def _append(self, document_id: str, seq: int, chunks: list[bytes]) -> None:
        held = self._store.transact(
            lambda tx: self._rows.crls.append(tx, self._crl, document_id, seq, chunks)
        )
        if not held or self._stopping.is_set():
            raise LostError

    def _stored(self, document_id: str, seq: int) -> bytes:
        chunk = self._store.view(lambda tx: self._rows.crls.chunk(tx, document_id, seq))
        if chunk is None:
            raise LostError
        return chunk


def _chunks(pages: Iterator[bytes]) -> Iterator[bytes]:
    """The same octets in chunks of one size, but for the last."""
    rest = b""
    for page in pages:
        data = rest + page if rest else page
        end = len(data) - len(data) % CHUNK
        for start in range(0, end, CHUNK):
            yield data[start : start + CHUNK]
        rest = data[end:]
    if rest:
        yield rest
