"""`devices.ports.Devices` in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.devices.model import Claim, Device
from privyseal.devices.ports import Insertion
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("device")


class SqlDevices:
    def find(self, tx: Tx, account: str, device_id: str) -> Device | None:
        return self.find_many(tx, account, [device_id]).get(device_id)

    def find_many(self, tx: Tx, account: str, ids: Sequence[str]) -> Mapping[str, Device]:
        return {row["id"]: _device(row) for row in sql(tx).rows(_Q["by_ids"], account=account, ids=ids)}

    def insert_many(self, tx: Tx, account: str, devices: Sequence[Device]) -> Sequence[Insertion]:
        inserted = [sql(tx).change(_Q["insert"], **_columns(device)) == 1 for device in devices]
        taken = [device.id for device, new in zip(devices, inserted, strict=True) if not new]
        there = self.find_many(tx, account, taken)
        return [
            Insertion.NEW if new else _compared(there[device.id], device)
            for device, new in zip(devices, inserted, strict=True)
        ]

    def page(self, tx: Tx, account: str, after: str | None, limit: int) -> Sequence[Device]:
        where: dict[str, Any] = {"account": account, "limit": limit}
        if after is None:
            rows = sql(tx).rows(_Q["first_page"], **where)
        else:
            rows = sql(tx).rows(_Q["next_page"], **where, after=after)
        return [_device(row) for row in rows]

    def set_certificate(self, tx: Tx, account: str, device_id: str, arn: str, requested_at: datetime) -> bool:
        at = to_micros(requested_at)
        touched = sql(tx).change(
            _Q["set_certificate"], account=account, id=device_id, arn=arn, requested_at=at
        )
        return touched == 1

    def find_claim(self, tx: Tx, account: str, device_id: str, csr_digest: bytes) -> Claim | None:
        key = {"account": account, "device_id": device_id, "csr_digest": csr_digest}
        row = sql(tx).row(_Q["find_claim"], **key)
        return Claim(account, device_id, csr_digest, time_of(row["requested_at"])) if row else None

    def put_claim(self, tx: Tx, claim: Claim) -> None:
        sql(tx).change(
            _Q["put_claim"],
            account=claim.account,
            device_id=claim.device_id,
            csr_digest=claim.csr_digest,
            requested_at=to_micros(claim.requested_at),
        )

    def prune_claims(self, tx: Tx, until: datetime, limit: int) -> int:
        return sql(tx).change(_Q["prune_claims"], until=to_micros(until), limit=limit)


def _compared(there: Device, wanted: Device) -> Insertion:
    return Insertion.UNCHANGED if there.public_key == wanted.public_key else Insertion.CONFLICT


def _columns(device: Device) -> dict[str, Any]:
    return {
        "account": device.account,
        "id": device.id,
        "public_key": device.public_key,
        "created_at": to_micros(device.created_at),
        "certificate_arn": device.certificate_arn,
        "certified_at": to_micros(device.certified_at),
    }


def _device(row: Row) -> Device:
    return Device(
        account=row["account"],
        id=row["id"],
        public_key=row["public_key"],
        created_at=time_of(row["created_at"]),
        certificate_arn=row["certificate_arn"],
        certified_at=from_micros(row["certified_at"]),
    )
