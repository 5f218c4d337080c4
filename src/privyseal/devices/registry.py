"""The registry: device ids and the public keys that prove them. Filled in batches, never overwritten."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.ids import check_device_id
from privyseal.devices.key_text import read_key_text
from privyseal.devices.lookup import find_device
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices, Insertion
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.events.refusals import REFUSED
from privyseal.store import Store, Tx

ACTION = "privyseal:ImportDevices"


class Outcome(Enum):
    IMPORTED = "imported"
    UNCHANGED = "unchanged"


# What became of one row of an import.
Result = Outcome | PrivySealError


class Registry:
    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices

    def import_devices(self, caller: Caller, rows: Sequence[tuple[str, str]]) -> Sequence[Result]:
        """Register (device id, public key as text) pairs; positional answers from one transaction.

        What is there already with the same key is unchanged, so an import can be repeated. Another
        key for a known id is a CONFLICT and the registered one stays: no key is ever replaced
        silently. A bad row (VALIDATION) does not touch its neighbours. Raises LIMIT_EXCEEDED for
        more rows than one transaction takes.
        """
        if len(rows) > limits.MAX_IMPORT:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"One import takes at most {limits.MAX_IMPORT} devices, not {len(rows)}: send them in parts.",
            )
        read = [_read(*row) for row in rows]
        pairs = [pair for pair in read if not isinstance(pair, PrivySealError)]
        answers = iter(self._insert(caller, pairs))
        return [pair if isinstance(pair, PrivySealError) else next(answers) for pair in read]

    def show(self, caller: Caller, device_id: str) -> Device:
        """Raises NOT_FOUND."""
        return self._store.view(lambda tx: find_device(tx, self._devices, caller.account, device_id))

    def page(self, caller: Caller, after: str | None, limit: int) -> tuple[Sequence[Device], str | None]:
        """One page in order of ids, and the id after which the next begins; None at the end."""
        rows = self._store.view(lambda tx: self._devices.page(tx, caller.account, after, limit + 1))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def _insert(self, caller: Caller, pairs: Sequence[tuple[str, bytes]]) -> Sequence[Result]:
        def write(tx: Tx) -> Sequence[Result]:
            devices = [Device(caller.account, device_id, key, tx.now) for device_id, key in pairs]
            insertions = self._devices.insert_many(tx, caller.account, devices)
            new = [d for d, became in zip(devices, insertions, strict=True) if became is Insertion.NEW]
            if new:
                keys = {device.id: _digest(device) for device in new}
                tx.record(entry(ACTION, caller, "devices", public_key_sha256=keys))
            if kept := _conflicts(devices, insertions):
                told = {"result": REFUSED, "error": ErrorCode.CONFLICT.value, "public_key_sha256": kept}
                tx.record(entry(ACTION, caller, "devices", **told))
            return [_RESULTS[became]() for became in insertions]

        return self._store.transact(write) if pairs else []


def _conflicts(devices: Sequence[Device], insertions: Sequence[Insertion]) -> Mapping[str, str]:
    """Ids that are known with another key, and the key that somebody would have put in its place."""
    pairs = zip(devices, insertions, strict=True)
    return {device.id: _digest(device) for device, became in pairs if became is Insertion.CONFLICT}


def _digest(device: Device) -> str:
    return hashlib.sha256(device.public_key).hexdigest()


def _read(device_id: str, text: str) -> tuple[str, bytes] | PrivySealError:
    try:
        check_device_id(device_id)
        return device_id, read_key_text(text)
    except PrivySealError as error:
        return error


def _conflict() -> PrivySealError:
    return PrivySealError(
        ErrorCode.CONFLICT, "The device is registered with another public key, which has been kept."
    )


_RESULTS: Mapping[Insertion, Callable[[], Result]] = {
    Insertion.NEW: lambda: Outcome.IMPORTED,
    Insertion.UNCHANGED: lambda: Outcome.UNCHANGED,
    Insertion.CONFLICT: _conflict,
}
