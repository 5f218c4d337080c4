"""`devices.identity_ports.Identities` in SQL, and what the CA domain says to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from privyseal.devices.identities import Identity, IdentityState
from privyseal.names import CertificateArn
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("device_identity")


class SqlIdentities:
    def insert(self, tx: Tx, identity: Identity) -> None:
        sql(tx).change(_Q["insert"], **_columns(identity))

    def find(self, tx: Tx, account: str, device_id: str, arn: str) -> Identity | None:
        return _one(sql(tx).row(_Q["find"], account=account, device_id=device_id, arn=arn))

    def of_request(self, tx: Tx, account: str, device_id: str, csr_digest: bytes) -> Identity | None:
        return _one(
            sql(tx).row(_Q["of_request"], account=account, device_id=device_id, csr_digest=csr_digest)
        )

    def of_device(self, tx: Tx, account: str, device_id: str) -> Sequence[Identity]:
        rows = sql(tx).rows(_Q["of_device"], account=account, device_id=device_id)
        return [identity_of(row) for row in rows]

    def active(self, tx: Tx, account: str, device_id: str) -> Identity | None:
        return _one(sql(tx).row(_Q["active"], account=account, device_id=device_id))

    def released(self, tx: Tx, account: str, device_id: str) -> Sequence[Identity]:
        rows = sql(tx).rows(_Q["released"], account=account, device_id=device_id)
        return [identity_of(row) for row in rows]

    def released_page(self, tx: Tx, account: str, after: str | None, limit: int) -> Sequence[Identity]:
        rows = sql(tx).rows(_Q["released_page"], account=account, after=after or "", limit=limit)
        return [identity_of(row) for row in rows]

    def set_state(self, tx: Tx, identity: Identity, state: IdentityState, due_at: datetime | None) -> None:
        sql(tx).change(_Q["set_state"], **_key(identity), state=state.value, due_at=to_micros(due_at))

    def set_held(self, tx: Tx, identity: Identity, *, held: bool) -> None:
        sql(tx).change(_Q["set_held"], **_key(identity), held=int(held))

    def revoked(self, tx: Tx, arns: Sequence[CertificateArn]) -> None:
        """Implements `ca.revocation.ports.Bearers`."""
        for account, theirs in _by_account(arns).items():
            sql(tx).change(_Q["revoked"], account=account, arns=theirs, now=to_micros(tx.now))

    def held(self, tx: Tx, arns: Sequence[CertificateArn], *, is_held: bool) -> None:
        """Implements `ca.revocation.ports.Bearers`: registrars come to it, like to what else is wanted."""
        query = _Q["held" if is_held else "released_from_hold"]
        for account, theirs in _by_account(arns).items():
            sql(tx).change(query, account=account, arns=theirs, now=to_micros(tx.now))

    def due(self, tx: Tx, limit: int) -> Sequence[Identity]:
        rows = sql(tx).rows(_Q["due"], now=to_micros(tx.now), limit=limit)
        return [identity_of(row) for row in rows]


def _by_account(arns: Sequence[CertificateArn]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for arn in arns:
        found.setdefault(arn.authority.account, []).append(str(arn))
    return found


def _key(identity: Identity) -> dict[str, Any]:
    return {"account": identity.account, "device_id": identity.device_id, "arn": identity.arn}


def _columns(identity: Identity) -> dict[str, Any]:
    return _key(identity) | {
        "csr_digest": identity.csr_digest,
        "requested_at": to_micros(identity.requested_at),
        "der": identity.certificate,
        "chain": identity.chain,
        "issued_at": to_micros(identity.issued_at),
        "not_after": to_micros(identity.not_after),
        "state": identity.state.value,
        "due_at": to_micros(identity.due_at),
        "held": int(identity.held),
    }


def _one(row: Row | None) -> Identity | None:
    return identity_of(row) if row else None


def identity_of(row: Row) -> Identity:
    return Identity(
        account=row["account"],
        device_id=row["device_id"],
        arn=row["arn"],
        csr_digest=row["csr_digest"],
        requested_at=time_of(row["requested_at"]),
        certificate=row["der"],
        chain=row["chain"],
        issued_at=time_of(row["issued_at"]),
        not_after=time_of(row["not_after"]),
        state=IdentityState(row["state"]),
        due_at=from_micros(row["due_at"]),
        held=bool(row["held"]),
    )
