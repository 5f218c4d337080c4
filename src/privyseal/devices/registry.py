"""The registry: device ids and the public keys that prove them. Filled in batches, never overwritten."""

import hashlib
from collections.abc import Sequence
from enum import Enum

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.ids import fault_in_id
from privyseal.devices.lookup import find_device
from privyseal.devices.model import Device, ListedDevice
from privyseal.devices.ports import Devices, Selection
from privyseal.devices.rows import check_row, check_same, read_row
from privyseal.devices.states import State
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.events.refusals import REFUSED
from privyseal.store import Store, Tx

ACTION = "privyseal:ImportDevices"
EVERYTHING = Selection()


class Outcome(Enum):
    IMPORTED = "imported"
    UNCHANGED = "unchanged"


# What became of one row of an import.
Result = Outcome | PrivySealError

_Checked = tuple[ListedDevice, bytes]  # a row and its key


class Registry:
    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices

    def import_devices(self, caller: Caller, rows: Sequence[ListedDevice]) -> Sequence[Result]:
        """Register the devices of a list; positional answers from one transaction.

        What is there already is unchanged, so an import can be repeated. A row that says something
        else about it is a CONFLICT and nothing changes: no key is ever replaced silently, and nobody
        is resumed by an old list. A bad row (VALIDATION) does not touch its neighbours. Raises
        LIMIT_EXCEEDED for more rows than one transaction takes.
        """
        if len(rows) > limits.MAX_IMPORT:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"One import takes at most {limits.MAX_IMPORT} devices, not {len(rows)}: send them in parts.",
            )
        # Examining a key costs more than everything else: a list that is sent again is mostly known.
        ids = [row.device_id for row in rows if not fault_in_id(row.device_id)]
        known = self._store.view(lambda tx: self._devices.find_many(tx, caller.account, ids))
        checked = [_checked(row, known.get(row.device_id)) for row in rows]
        good = [each for each in checked if not isinstance(each, PrivySealError)]
        answers = iter(self._insert(caller, good))
        return [each if isinstance(each, PrivySealError) else next(answers) for each in checked]

    def show(self, caller: Caller, device_id: str) -> Device:
        """Raises NOT_FOUND."""
        return self._store.view(lambda tx: find_device(tx, self._devices, caller.account, device_id))

    def page(
        self, caller: Caller, after: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> tuple[Sequence[Device], str | None]:
        """One page in order of ids, and the id after which the next begins; None at the end."""
        rows = self._store.view(
            lambda tx: self._devices.page(tx, caller.account, selection, after, limit + 1)
        )
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def _insert(self, caller: Caller, checked: Sequence[_Checked]) -> Sequence[Result]:
        def write(tx: Tx) -> Sequence[Result]:
            devices = [read_row(tx, caller.account, row, key) for row, key in checked]
            found = self._devices.insert_many(tx, caller.account, devices)
            new = [device for device, there in zip(devices, found, strict=True) if there is None]
            if new:
                tx.record(entry(ACTION, caller, "devices", **_detail(new)))
            results = [_result(there, *each) for there, each in zip(found, checked, strict=True)]
            if kept := _conflicts(devices, results):
                told = {"result": REFUSED, "error": ErrorCode.CONFLICT.value}
                tx.record(entry(ACTION, caller, "devices", **told, **_detail(kept)))
            return results

        return self._store.transact(write) if checked else []


def _checked(row: ListedDevice, known: Device | None) -> _Checked | PrivySealError:
    try:
        return row, check_row(row, known)
    except PrivySealError as error:
        return error


def _result(there: Device | None, row: ListedDevice, public_key: bytes) -> Result:
    if there is None:
        return Outcome.IMPORTED
    try:
        check_same(there, row, public_key)
    except PrivySealError as error:
        return error
    return Outcome.UNCHANGED


def _conflicts(devices: Sequence[Device], results: Sequence[Result]) -> Sequence[Device]:
    """Rows that say something else than is registered: what somebody would have put in its place."""
    pairs = zip(devices, results, strict=True)
    return [device for device, result in pairs if isinstance(result, PrivySealError)]


def _detail(devices: Sequence[Device]) -> dict[str, dict[str, str]]:
    """Every key by its digest; states and batches only where a row said something of them."""
    keys = {device.id: hashlib.sha256(device.public_key).hexdigest() for device in devices}
    states = {device.id: device.state.value for device in devices if device.state is not State.REGISTERED}
    batches = {device.id: device.batch for device in devices if device.batch is not None}
    more = {"state": states, "batch": batches}
    return {"public_key_sha256": keys, **{name: told for name, told in more.items() if told}}
