"""`devices.ports.Devices` in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from privyseal.devices.model import Claim, Device
from privyseal.devices.ports import Selection
from privyseal.devices.states import State
from privyseal.store import Tx
from privyseal.stores.sql import Row, from_micros, queries, sql, time_of, to_micros

_Q = queries("device")
# The last code point, which is no character: every id with a prefix comes before prefix and this.
_LAST = "\U0010ffff"
# (of one batch, of one state) → the query, for each of which there is an index.
_PAGES = {
    (False, False): "page",
    (False, True): "page_of_state",
    (True, False): "page_of_batch",
    (True, True): "page_of_batch_and_state",
}


class SqlDevices:
    def find(self, tx: Tx, account: str, device_id: str) -> Device | None:
        return self.find_many(tx, account, [device_id]).get(device_id)

    def find_many(self, tx: Tx, account: str, ids: Sequence[str]) -> Mapping[str, Device]:
        return {row["id"]: _device(row) for row in sql(tx).rows(_Q["by_ids"], account=account, ids=ids)}

    def insert_many(self, tx: Tx, account: str, devices: Sequence[Device]) -> Sequence[Device | None]:
        inserted = [sql(tx).change(_Q["insert"], **_columns(device)) == 1 for device in devices]
        taken = [device.id for device, new in zip(devices, inserted, strict=True) if not new]
        there = self.find_many(tx, account, taken)
        return [None if new else there[device.id] for device, new in zip(devices, inserted, strict=True)]

    def page(
        self, tx: Tx, account: str, selection: Selection, after: str | None, limit: int
    ) -> Sequence[Device]:
        where: dict[str, Any] = {
            "account": account,
            "low": max(selection.prefix, after or ""),
            "high": selection.prefix + _LAST,
            "after": after or "",
            "limit": limit,
        }
        if selection.state is not None:
            where["state"] = selection.state.value
        if selection.batch is not None:
            where["batch"] = selection.batch
        query = _PAGES[selection.batch is not None, selection.state is not None]
        return [_device(row) for row in sql(tx).rows(_Q[query], **where)]

    def set_state(self, tx: Tx, device: Device, state: State) -> bool:
        where = {"account": device.account, "id": device.id, "before": device.state.value}
        return sql(tx).change(_Q["set_state"], **where, after=state.value) == 1

    def set_key(self, tx: Tx, device: Device, public_key: bytes) -> bool:
        where = {"account": device.account, "id": device.id, "before": device.public_key}
        return sql(tx).change(_Q["set_key"], **where, after=public_key) == 1

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


def _columns(device: Device) -> dict[str, Any]:
    return {
        "account": device.account,
        "id": device.id,
        "public_key": device.public_key,
        "created_at": to_micros(device.created_at),
        "certificate_arn": device.certificate_arn,
        "certified_at": to_micros(device.certified_at),
        "state": device.state.value,
        "batch": device.batch,
    }


def _device(row: Row) -> Device:
    return Device(
        account=row["account"],
        id=row["id"],
        public_key=row["public_key"],
        created_at=time_of(row["created_at"]),
        certificate_arn=row["certificate_arn"],
        certified_at=from_micros(row["certified_at"]),
        state=State(row["state"]),
        batch=row["batch"],
    )
