"""What registrars know of devices' certificates, for whoever looks: of one device, or what is behind."""

from collections.abc import Sequence
from dataclasses import dataclass

from privyseal.caller import Caller
from privyseal.devices.identities import Identity
from privyseal.devices.identity_ports import Identities
from privyseal.devices.lookup import find_device
from privyseal.devices.ports import Devices
from privyseal.devices.step_ports import Position, Steps
from privyseal.devices.steps import Step
from privyseal.store import Store, Tx


@dataclass(frozen=True, slots=True)
class Registered:
    identity: Identity
    steps: Sequence[Step]  # in order of the registrars' names


class RegistrationReader:
    def __init__(self, store: Store, devices: Devices, identities: Identities, steps: Steps) -> None:
        self._store = store
        self._devices = devices
        self._identities = identities
        self._steps = steps

    def of_device(self, caller: Caller, device_id: str) -> Sequence[Registered]:
        """Every certificate that the device has had, the newest first. Raises NOT_FOUND."""

        def read(tx: Tx) -> Sequence[Registered]:
            device = find_device(tx, self._devices, caller.account, device_id)
            found = self._identities.of_device(tx, caller.account, device.id)
            return [Registered(each, list(self._steps.of(tx, each).values())) for each in found]

        return self._store.view(read)

    def behind(
        self, caller: Caller, after: Position | None, limit: int
    ) -> tuple[Sequence[Step], Position | None]:
        """One page of what registrars have still to do, and where the next begins; None at the end."""
        rows = self._store.view(lambda tx: self._steps.behind(tx, caller.account, after, limit + 1))
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], (last.device_id, last.arn, last.registrar)
