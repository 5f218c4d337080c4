"""Devices of the API: imported in batches, listed, looked at. `device_changes.py` has what changes them."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from privyseal.devices.model import Device, ListedDevice
from privyseal.devices.ports import Selection
from privyseal.devices.registry import Outcome, Registry, Result
from privyseal.devices.states import State
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    device_id: str


class DeviceEntry(Struct):
    device_id: str
    public_key: str  # base64 of the DER SubjectPublicKeyInfo
    public_key_sha256: str  # hexadecimal, of that DER
    state: str
    batch: str | None
    created_at: datetime
    certificate_arn: str | None


class DevicePage(Struct):
    devices: list[DeviceEntry]
    next: str | None


class DeviceRow(Struct, forbid_unknown_fields=True):
    device_id: str
    public_key: str
    status: str | None = None
    batch: str | None = None


class ImportRequest(Struct, forbid_unknown_fields=True):
    devices: list[DeviceRow]


class RowError(Struct):
    index: int
    device_id: str
    code: str
    message: str


class ImportResponse(Struct):
    imported: int
    unchanged: int
    errors: list[RowError]


SELECTION = frozenset({"prefix", "state", "batch"})


def endpoints(registry: Registry, pool: Pool) -> list[Endpoint]:
    devices = Devices(registry, pool)
    return [
        Endpoint("ListDevices", "GET", ("devices",), devices.list_devices, PAGE_PARAMETERS | SELECTION),
        Endpoint("ImportDevices", "POST", ("devices",), devices.import_devices),
        Endpoint("GetDevice", "GET", ("devices", None), devices.get_device),
    ]


class Devices:
    def __init__(self, registry: Registry, pool: Pool) -> None:
        self._registry = registry
        self._pool = pool

    async def list_devices(self, call: Call) -> DevicePage:
        token = call.query.get("after")
        after = page_token.decode(token, _End).device_id if token is not None else None
        selection, limit = _selection(call.query), page_size(call.query)
        rows, end = await self._pool.run(self._registry.page, call.caller, after, limit, selection)
        return DevicePage(
            [device_entry(row) for row in rows], None if end is None else page_token.encode(end)
        )

    async def get_device(self, call: Call) -> DeviceEntry:
        (device_id,) = call.variables
        return device_entry(await self._pool.run(self._registry.show, call.caller, device_id))

    async def import_devices(self, call: Call) -> ImportResponse:
        rows = strict_json.decode(call.body, ImportRequest).devices
        listed = [ListedDevice(row.device_id, row.public_key, row.status, row.batch) for row in rows]
        return _report(rows, await self._pool.run(self._registry.import_devices, call.caller, listed))


def _selection(query: dict[str, str]) -> Selection:
    state = query.get("state")
    if state is not None and state not in set(State):
        text = f"The parameter 'state' is one of {', '.join(State)}."
        raise PrivySealError(ErrorCode.VALIDATION, text)
    return Selection(query.get("prefix", ""), State(state) if state else None, query.get("batch"))


def _report(rows: Sequence[DeviceRow], results: Sequence[Result]) -> ImportResponse:
    return ImportResponse(
        imported=sum(result is Outcome.IMPORTED for result in results),
        unchanged=sum(result is Outcome.UNCHANGED for result in results),
        errors=[
            RowError(index, rows[index].device_id, result.code.value, result.message)
            for index, result in enumerate(results)
            if isinstance(result, PrivySealError)
        ],
    )


def device_entry(device: Device) -> DeviceEntry:
    return DeviceEntry(
        device_id=device.id,
        public_key=base64.b64encode(device.public_key).decode(),
        public_key_sha256=hashlib.sha256(device.public_key).hexdigest(),
        state=device.state.value,
        batch=device.batch,
        created_at=device.created_at,
        certificate_arn=device.certificate_arn,
    )
