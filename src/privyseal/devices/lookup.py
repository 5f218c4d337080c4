"""Finding a device: what could not be registered is not there either. And whether it may enrol."""

from privyseal.devices.ids import fault_in_id
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices
from privyseal.devices.states import ENROLS
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Tx
from privyseal.x509.refusal import shown


def find_device(tx: Tx, devices: Devices, account: str, device_id: str) -> Device:
    """The device with exactly that id. Raises NOT_FOUND."""
    device = None if fault_in_id(device_id) else devices.find(tx, account, device_id)
    if device is None:
        raise not_found(device_id)
    return device


def not_found(device_id: str) -> PrivySealError:
    return PrivySealError(
        ErrorCode.NOT_FOUND,
        f"No device is registered with the id {shown(device_id)}. An administrator imports it first.",
    )


def check_enrols(device: Device) -> None:
    """Raises ACCESS_DENIED for a device that gets no certificates now."""
    if device.state not in ENROLS:
        raise PrivySealError(
            ErrorCode.ACCESS_DENIED, f"The device is {device.state.value}: it gets no certificates."
        )
