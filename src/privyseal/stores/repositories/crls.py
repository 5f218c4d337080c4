"""`ca.revocation.ports.Crls` in SQL."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from privyseal.ca.revocation.model import Crl, CrlDocument
from privyseal.ca.revocation.timing import CLOCK_SLACK, GATHER, INTERVAL, KEEP, LEASE, RETRY_LAST
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("crl")
# Chunks that one commit deletes.
_SLICE = 64


class SqlCrls:
    def require(self, tx: Tx, authority_id: str, partition: str) -> None:
        sql(tx).change(_Q["require"], authority_id=authority_id, partition=partition, now=to_micros(tx.now))

    def all_changed(self, tx: Tx, authority_id: str) -> None:
        sql(tx).change(_Q["all_changed"], authority_id=authority_id, now=to_micros(tx.now))

    def changed(self, tx: Tx, authority_id: str, partitions: Collection[str]) -> None:
        sql(tx).change(
            _Q["changed"],
            authority_id=authority_id,
            partitions=sorted({"", *partitions}),
            soon=to_micros(tx.now + GATHER),
            moment=to_micros(self.next_moment(tx, authority_id)),
            retry=to_micros(tx.now + RETRY_LAST),
            interval=INTERVAL // timedelta(microseconds=1),
        )

    def next_moment(self, tx: Tx, authority_id: str) -> datetime:
        row = sql(tx).row(_Q["last_moment"], authority_id=authority_id)
        last = from_micros(row["moment"]) if row else None
        return max(tx.now, last + datetime.resolution) if last else tx.now

    def restart(self, tx: Tx, authority_id: str) -> int:
        return sql(tx).change(_Q["restart"], authority_id=authority_id, now=to_micros(tx.now))

    def number_above(self, tx: Tx, authority_id: str, number: int) -> None:
        sql(tx).change(_Q["number_above"], authority_id=authority_id, number=number)

    def found_at(self, tx: Tx, authority_id: str, partition: str, url: str) -> None:
        crl = self.find(tx, authority_id, partition)
        if crl and url not in crl.points:
            points = json.dumps([*crl.points, url])
            sql(tx).change(_Q["found_at"], authority_id=authority_id, partition=partition, points=points)

    def find(self, tx: Tx, authority_id: str, partition: str) -> Crl | None:
        return _crl(sql(tx).row(_Q["find"], authority_id=authority_id, partition=partition))

    def open_partitions(self, tx: Tx) -> Sequence[Crl]:
        return [crl for row in sql(tx).rows(_Q["open_partitions"]) if (crl := _crl(row))]

    def next_updates(self, tx: Tx) -> Mapping[str, datetime]:
        rows = sql(tx).rows(_Q["next_updates"])
        return {row["authority_id"]: time_of(row["next_update"]) for row in rows}

    def next_due(self, tx: Tx) -> Crl | None:
        times = {"now": tx.now, "latest": tx.now + LEASE}
        times |= {"retry": tx.now + RETRY_LAST, "ahead": tx.now + CLOCK_SLACK}
        return _crl(sql(tx).row(_Q["next_due"], **{name: to_micros(at) for name, at in times.items()}))

    def lease(self, tx: Tx, crl: Crl) -> Crl | None:
        until = to_micros(tx.now + LEASE)
        moment = self.next_moment(tx, crl.authority_id)
        if not _changed(tx, "lease", crl, now=to_micros(tx.now), until=until, moment=to_micros(moment)):
            return None
        return replace(crl, attempts=crl.attempts + 1, changed_at=moment)

    def hold(self, tx: Tx, crl: Crl) -> bool:
        return _changed(tx, "extend", crl, until=to_micros(tx.now + LEASE))

    def give_back(self, tx: Tx, crl: Crl) -> None:
        _changed(tx, "extend", crl, until=to_micros(tx.now))

    def append(self, tx: Tx, crl: Crl, document_id: str, seq: int, chunks: Sequence[bytes]) -> bool:
        if not self.hold(tx, crl):
            return False
        _discard(tx, document_id, tx.now + LEASE + KEEP)
        rows = enumerate(chunks, seq)
        sql(tx).change_each(
            _Q["append"], ({"document_id": document_id, "seq": n, "entries": each} for n, each in rows)
        )
        return True

    def publish(self, tx: Tx, crl: Crl, documents: Sequence[CrlDocument]) -> bool:
        newest = documents[0]
        if not _changed(
            tx,
            "publish",
            crl,
            number=crl.number,
            made_at=to_micros(crl.made_at),
            this_update=to_micros(newest.this_update),
            next_update=to_micros(newest.next_update),
            base=crl.base,
            base_made_at=to_micros(crl.base_made_at),
            base_update=to_micros(crl.base_update),
        ):
            return False
        return all(_put(tx, each) for each in documents)

    def finish(self, tx: Tx, crl: Crl, due: datetime | None, *, soon: datetime) -> bool:
        return _changed(
            tx,
            "finish",
            crl,
            failures=crl.failures,
            changes=crl.changes,
            due_at=to_micros(due),
            soon=to_micros(soon),
        )

    def published(self, tx: Tx, name: str, *, delta: bool) -> CrlDocument | None:
        return _document(sql(tx).row(_Q["published"], name=name, delta=int(delta)))

    def all_published(self, tx: Tx, authority_id: str) -> Sequence[CrlDocument]:
        rows = sql(tx).rows(_Q["all_published"], authority_id=authority_id)
        return [document for row in rows if (document := _document(row))]

    def is_promised(self, tx: Tx, name: str) -> bool:
        return sql(tx).row(_Q["promised"], name=name) is not None

    def chunk(self, tx: Tx, document_id: str, seq: int) -> bytes | None:
        row = sql(tx).row(_Q["chunk"], document_id=document_id, seq=seq)
        return row["entries"] if row else None

    def discarded(self, tx: Tx) -> str | None:
        row = sql(tx).row(_Q["next_discarded"], now=to_micros(tx.now))
        return row["document_id"] if row else None

    def delete_chunks(self, tx: Tx, document_id: str) -> None:
        if sql(tx).change(_Q["delete_chunks"], document_id=document_id, limit=_SLICE) < _SLICE:
            sql(tx).change(_Q["keep"], document_id=document_id)


def _changed(tx: Tx, query: str, crl: Crl, **values: Any) -> bool:
    where = {"authority_id": crl.authority_id, "partition": crl.partition, "attempts": crl.attempts}
    return sql(tx).change(_Q[query], **where, **values) == 1


def _discard(tx: Tx, document_id: str, at: datetime) -> None:
    sql(tx).change(_Q["discard"], document_id=document_id, discard_at=to_micros(at))


def _put(tx: Tx, document: CrlDocument) -> bool:
    """False where a clock that jumped has let its chunks be deleted."""
    place = {"name": document.name, "delta": int(document.delta)}
    if replaced := _document(sql(tx).row(_Q["published"], **place)):
        _discard(tx, replaced.id, tx.now + KEEP)
        sql(tx).change(_Q["withdraw"], **place)
    sql(tx).change(_Q["insert_document"], **_columns(document))
    kept = sql(tx).change(_Q["keep"], document_id=document.id)
    return kept == 1


def _columns(document: CrlDocument) -> dict[str, Any]:
    return {
        "name": document.name,
        "delta": int(document.delta),
        "id": document.id,
        "authority_id": document.authority_id,
        "partition": document.partition,
        "number": document.number,
        "this_update": to_micros(document.this_update),
        "next_update": to_micros(document.next_update),
        "size": document.size,
        "chunks": document.chunks,
        "head": document.head,
        "tail": document.tail,
    }


def _document(row: Row | None) -> CrlDocument | None:
    if row is None:
        return None
    return CrlDocument(
        id=row["id"],
        name=row["name"],
        delta=bool(row["delta"]),
        authority_id=row["authority_id"],
        partition=row["partition"],
        number=row["number"],
        this_update=time_of(row["this_update"]),
        next_update=time_of(row["next_update"]),
        size=row["size"],
        chunks=row["chunks"],
        head=row["head"],
        tail=row["tail"],
    )


def _crl(row: Row | None) -> Crl | None:
    if row is None:
        return None
    return Crl(
        authority_id=row["authority_id"],
        partition=row["partition"],
        changes=row["changes"],
        changed_at=from_micros(row["changed_at"]),
        attempts=row["attempts"],
        failures=row["failures"],
        number=row["number"],
        made_at=from_micros(row["made_at"]),
        this_update=from_micros(row["this_update"]),
        base=row["base"],
        base_made_at=from_micros(row["base_made_at"]),
        base_update=from_micros(row["base_update"]),
        points=tuple(json.loads(row["points"])),
    )
