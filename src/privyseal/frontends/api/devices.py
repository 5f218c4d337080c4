"""Devices of the API: imported in batches, listed, looked at."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from privyseal.devices.model import Device
from privyseal.devices.registry import Outcome, Registry, Result
from privyseal.errors import PrivySealError
from privyseal.frontends import page_token, strict_json
from privyseal.frontends.api.model import PAGE_PARAMETERS, Call, Endpoint, page_size
from privyseal.frontends.http import Pool


class _End(NamedTuple):
    """Where a page ends, as its token has it."""

    device_id: str


class DeviceEntry(Struct):
    device_id: str
    public_key_sha256: str  # hexadecimal, of the DER SubjectPublicKeyInfo
    created_at: datetime
    certificate_arn: str | None


class DevicePage(Struct):
    devices: list[DeviceEntry]
    next: str | None


class DeviceRow(Struct, forbid_unknown_fields=True):
    device_id: str
    public_key: str


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


def endpoints(registry: Registry, pool: Pool) -> list[Endpoint]:
    devices = Devices(registry, pool)
    return [
        Endpoint("ListDevices", "GET", ("devices",), devices.list_devices, PAGE_PARAMETERS),
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
        rows, end = await self._pool.run(self._registry.page, call.caller, after, page_size(call.query))
        return DevicePage([_entry(row) for row in rows], None if end is None else page_token.encode(end))

    async def get_device(self, call: Call) -> DeviceEntry:
        (device_id,) = call.variables
        return _entry(await self._pool.run(self._registry.show, call.caller, device_id))

    async def import_devices(self, call: Call) -> ImportResponse:
        rows = strict_json.decode(call.body, ImportRequest).devices
        pairs = [(row.device_id, row.public_key) for row in rows]
        return _report(rows, await self._pool.run(self._registry.import_devices, call.caller, pairs))


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


def _entry(device: Device) -> DeviceEntry:
    return DeviceEntry(
        device_id=device.id,
        public_key_sha256=hashlib.sha256(device.public_key).hexdigest(),
        created_at=device.created_at,
        certificate_arn=device.certificate_arn,
    )
