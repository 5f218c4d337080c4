"""Rows of lists of devices: read strictly, and compared with what is registered already."""

from privyseal.devices.ids import check_batch, check_device_id
from privyseal.devices.key_text import read_key_text
from privyseal.devices.model import Device, ListedDevice
from privyseal.devices.states import EXPORTED, IMPORTED
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Tx


def read_row(tx: Tx, account: str, row: ListedDevice, public_key: bytes) -> Device:
    """The device that a checked row registers."""
    state = IMPORTED[row.status or "active"]
    return Device(account, row.device_id, public_key, tx.now, state=state, batch=row.batch)


def check_row(row: ListedDevice, known: Device | None) -> bytes:
    """The row's key as DER. Raises VALIDATION for whatever is wrong with the row.

    `known` is the device that is there under the row's id.
    """
    check_device_id(row.device_id)
    if row.status is not None and row.status not in IMPORTED:
        words = ", ".join(IMPORTED)
        raise PrivySealError(ErrorCode.VALIDATION, f"The status {row.status[:40]!a} is not one of {words}.")
    if row.batch is not None:
        check_batch(row.batch)
    return read_key_text(row.public_key, known.public_key if known else None)


def check_same(there: Device, row: ListedDevice, public_key: bytes) -> None:
    """Raises CONFLICT when a row says something else than is registered; what it leaves out counts not."""
    if there.public_key != public_key:
        raise PrivySealError(
            ErrorCode.CONFLICT, "The device is registered with another public key, which has been kept."
        )
    if row.status is not None and IMPORTED[row.status] is not IMPORTED[EXPORTED[there.state]]:
        raise PrivySealError(
            ErrorCode.CONFLICT,
            f"The device is {there.state.value}, and an import does not change that. "
            "Suspend, resume or retire it explicitly.",
        )
    if row.batch is not None and row.batch != there.batch:
        raise PrivySealError(
            ErrorCode.CONFLICT,
            "The device is registered in another batch, and an import does not change that.",
        )
