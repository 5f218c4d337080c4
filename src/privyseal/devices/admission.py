"""Devices that a list elsewhere has and the registry has not: looked up when they come.

What is found is registered as an import registers it, so the list is asked once for each device; what
changes there later changes nothing here. Who looks has proved the key of its CSR, but not yet that it
is anybody: a list must bear being asked for ids that it does not have.
"""

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices.ids import fault_in_id
from privyseal.devices.ports import DeviceSource
from privyseal.devices.registry import Registry
from privyseal.errors import ErrorCode, PrivySealError


class Admission:
    """`name` is the list's, for the journal: it is who registers what it has."""

    def __init__(self, registry: Registry, source: DeviceSource, *, name: str) -> None:
        self._registry = registry
        self._source = source
        self._principal = f"source:{name}"

    def admit(self, device_id: str, *, account: str, request_id: str) -> bool:
        """Whether the device is registered now. Blocks. Raises UNAVAILABLE when the list cannot be asked.

        A row that cannot be used is as good as none for the device; the log says what is wrong with it.
        """
        if fault_in_id(device_id):
            return False
        caller = Caller(self._principal, account, request_id)
        try:
            row = self._source.find(device_id)
        except PrivySealError as error:
            return self._unreadable(device_id, error, caller)
        if row is None:
            return False
        (result,) = self._registry.import_devices(caller, [row])
        if isinstance(result, PrivySealError) and result.code is ErrorCode.VALIDATION:
            return self._unreadable(device_id, result, caller)
        return True  # if it is a conflict, somebody else has registered the device meanwhile

    def _unreadable(self, device_id: str, error: PrivySealError, caller: Caller) -> bool:
        log.warning(
            "device_list_refused", device_id=device_id, error=str(error), request_id=caller.request_id
        )
        if error.code is not ErrorCode.VALIDATION:
            raise PrivySealError(
                ErrorCode.UNAVAILABLE, "The list of devices cannot be asked now; the operator's log says why."
            ) from error
        return False
