"""A device gets another key: by an administrator, or by itself with a certificate of the one before."""

import hashlib

from privyseal.caller import Caller
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Tx

REKEYED = "privyseal:RekeyDevice"


def put_key(tx: Tx, devices: Devices, caller: Caller, device: Device, key: bytes) -> None:
    """Register `key` (DER SubjectPublicKeyInfo) for the device. Raises CONFLICT when somebody was faster."""
    if device.public_key == key:
        return
    if not devices.set_key(tx, device, key):
        raise meanwhile()
    before, after = (hashlib.sha256(each).hexdigest() for each in (device.public_key, key))
    tx.record(entry(REKEYED, caller, f"device/{device.id}", before_sha256=before, after_sha256=after))


def meanwhile() -> PrivySealError:
    return PrivySealError(ErrorCode.CONFLICT, "Somebody else has changed the device meanwhile: try again.")
