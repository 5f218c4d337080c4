"""What changes devices that are registered: suspended, resumed and retired in lists, rekeyed one by one."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from privyseal.devices.lifecycle import Change, Lifecycle, Result
from privyseal.devices.states import Event
from privyseal.errors import PrivySealError
from privyseal.frontends import strict_json
from privyseal.frontends.api.devices import DeviceEntry, RowError, device_entry
from privyseal.frontends.api.model import Call, Endpoint
from privyseal.frontends.http import Pool

# The last segment of the path → operation and event.
CHANGES = {
    "suspend": ("SuspendDevices", Event.SUSPENDED),
    "resume": ("ResumeDevices", Event.RESUMED),
    "retire": ("RetireDevices", Event.RETIRED),
}


class ChangeRequest(Struct, forbid_unknown_fields=True):
    device_ids: list[str]


class ChangeResponse(Struct):
    changed: int
    unchanged: int
    errors: list[RowError]


class RekeyRequest(Struct, forbid_unknown_fields=True):
    public_key: str


def endpoints(lifecycle: Lifecycle, pool: Pool) -> list[Endpoint]:
    changes = DeviceChanges(lifecycle, pool)
    return [
        *(
            Endpoint(operation, "POST", ("devices", word), partial(changes.change, event))
            for word, (operation, event) in CHANGES.items()
        ),
        Endpoint("RekeyDevice", "PUT", ("devices", None, "key"), changes.rekey),
    ]


class DeviceChanges:
    def __init__(self, lifecycle: Lifecycle, pool: Pool) -> None:
        self._lifecycle = lifecycle
        self._pool = pool

    async def change(self, event: Event, call: Call) -> ChangeResponse:
        ids = strict_json.decode(call.body, ChangeRequest).device_ids
        return _report(ids, await self._pool.run(self._lifecycle.change, call.caller, event, ids))

    async def rekey(self, call: Call) -> DeviceEntry:
        (device_id,) = call.variables
        key = strict_json.decode(call.body, RekeyRequest).public_key
        return device_entry(await self._pool.run(self._lifecycle.rekey, call.caller, device_id, key))


def _report(ids: Sequence[str], results: Sequence[Result]) -> ChangeResponse:
    return ChangeResponse(
        changed=sum(result is Change.CHANGED for result in results),
        unchanged=sum(result is Change.UNCHANGED for result in results),
        errors=[
            RowError(index, device_id, result.code.value, result.message)
            for index, (device_id, result) in enumerate(zip(ids, results, strict=True))
            if isinstance(result, PrivySealError)
        ],
    )
