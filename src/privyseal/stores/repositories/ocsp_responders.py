"""`ca.revocation.ports.OcspResponders` in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from privyseal.ca.model import StoredKey
from privyseal.ca.revocation.ocsp_model import LEASE, LIFE, OcspCredential, OcspResponder
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros
from privyseal.x509.ocsp_request import SHA1, SHA256

_Q = queries("ocsp_responder")


class SqlOcspResponders:
    def want(self, tx: Tx, authority_id: str, key_hashes: Mapping[str, bytes]) -> None:
        sql(tx).change(
            _Q["want"],
            authority_id=authority_id,
            issuer_sha1=key_hashes[SHA1],
            issuer_sha256=key_hashes[SHA256],
            now=to_micros(tx.now),
        )

    def withdraw(self, tx: Tx, authority_id: str, certificates: Sequence[bytes]) -> None:
        now = to_micros(tx.now)
        sql(tx).change(_Q["withdraw"], authority_id=authority_id, certificates=list(certificates), now=now)

    def by_issuers(self, tx: Tx, keys: Sequence[tuple[str, bytes]]) -> Sequence[OcspResponder]:
        sha1, sha256 = ([item for oid, item in keys if oid == each] for each in (SHA1, SHA256))
        return [_responder(row) for row in sql(tx).rows(_Q["by_issuers"], sha1=sha1, sha256=sha256)]

    def next_due(self, tx: Tx) -> OcspResponder | None:
        last_due, latest = to_micros(tx.now + LIFE / 2), to_micros(tx.now + LEASE)
        row = sql(tx).row(_Q["next_due"], now=to_micros(tx.now), last_due=last_due, latest=latest)
        return _responder(row) if row else None

    def lease(self, tx: Tx, responder: OcspResponder, until: datetime) -> OcspResponder | None:
        where = {"authority_id": responder.authority_id, "attempts": responder.attempts}
        if sql(tx).change(_Q["lease"], **where, until=to_micros(until)) != 1:
            return None
        (leased,) = self.by_issuers(tx, [(SHA1, responder.key_hashes[SHA1])])
        return leased

    def settle(self, tx: Tx, responder: OcspResponder, due_at: datetime | None) -> bool:
        where = {"authority_id": responder.authority_id, "attempts": responder.attempts}
        return sql(tx).change(_Q["settle"], **where, due_at=to_micros(due_at)) == 1

    def replace(self, tx: Tx, responder: OcspResponder, credential: OcspCredential, due_at: datetime) -> bool:
        touched = sql(tx).change(
            _Q["replace"],
            authority_id=responder.authority_id,
            attempts=responder.attempts,
            key_id=credential.key_id,
            key_uri=credential.key.uri,
            key_wrapped=credential.key.wrapped,
            certificate=credential.certificate,
            issuer_digest=credential.issuer_digest,
            not_before=to_micros(credential.not_before),
            not_after=to_micros(credential.not_after),
            due_at=to_micros(due_at),
        )
        return touched == 1


def _responder(row: Row) -> OcspResponder:
    credential = None
    if row["certificate"] is not None:
        credential = OcspCredential(
            key_id=row["key_id"],
            key=StoredKey(row["key_uri"], row["key_wrapped"]),
            certificate=row["certificate"],
            issuer_digest=row["issuer_digest"],
            not_before=time_of(row["not_before"]),
            not_after=time_of(row["not_after"]),
        )
    return OcspResponder(
        authority_id=row["authority_id"],
        key_hashes={SHA1: row["issuer_sha1"], SHA256: row["issuer_sha256"]},
        credential=credential,
        due_at=from_micros(row["due_at"]),
        attempts=row["attempts"],
    )
