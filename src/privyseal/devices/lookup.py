"""Finding a device: what could not be registered is not there either."""

from privyseal.devices.ids import fault_in_id
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Tx
from privyseal.x509.refusal import shown


def find_device(tx: Tx, devices: Devices, account: str, device_id: str) -> Device:
    """The device with exactly that id. Raises NOT_FOUND."""
    device = None if fault_in_id(device_id) else devices.find(tx, account, device_id)
    if device is None:
        raise PrivySealError(
            ErrorCode.NOT_FOUND,
            f"No device is registered with the id {shown(device_id)}. An administrator imports it first.",
        )
    return device
