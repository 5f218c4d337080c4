"""Certificates that devices have already become known to a registrar that was added later.

Whoever operates it orders that (`privyseal device register-all`), page by page along an index: for each
certificate in use that the registrar has no step for, there is one afterwards, which is behind from that
commit on (`step_work.py` does the rest). So an order that was cut short is simply given again, and what is
done once is not done twice.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.identities import Identity
from privyseal.devices.identity_ports import Identities
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices, Witness
from privyseal.devices.states import State
from privyseal.devices.step_ports import Steps
from privyseal.devices.steps import StepState
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx
from privyseal.x509.refusal import shown

ACTION = "privyseal:RegisterDeviceCertificates"

# What a device id must be like, and the same for people.
IdRule = tuple[re.Pattern[str], str]
# ARN of a certificate → the registrars that can ever have it.
Fit = Callable[[str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Rows:
    devices: Devices
    identities: Identities
    steps: Steps


@dataclass(frozen=True, slots=True)
class Unsuitable:
    device_id: str
    registrar: str
    message: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """One page. `after` is where the next one begins, None at the end; `ordered` what is behind since."""

    registrars: Sequence[str]
    certificates: int
    ordered: int
    unsuitable: Sequence[Unsuitable]
    after: str | None


class CatchingUp:
    def __init__(
        self,
        store: Store,
        rows: Rows,
        witness: Witness,
        registrars: Mapping[str, IdRule],
        *,
        fit: Callable[[Tx], Fit],
        wake: Callable[[], None],
    ) -> None:
        """`registrars` by name, NAME or NAME/REGION, with the ids that each can have."""
        self._store = store
        self._rows = rows
        self._witness = witness
        self._registrars = registrars
        self._fit = fit
        self._wake = wake

    def order(self, caller: Caller, registrar: str | None, after: str | None) -> Ordered:
        """One page of certificates, for all registrars of that name; without a name for every one.

        Raises NOT_FOUND for a registrar that there is not.
        """
        names = self._named(registrar)

        def write(tx: Tx) -> Ordered:
            found = self._rows.identities.released_page(tx, caller.account, after, limits.REGISTRATIONS)
            ordered, unsuitable = self._order(tx, caller.account, names, found)
            if ordered:
                told = {"registrars": names, "certificates": len(found), "ordered": ordered}
                tx.record(entry(ACTION, caller, "devices", **told))
            end = found[-1].arn if len(found) == limits.REGISTRATIONS else None
            return Ordered(names, len(found), ordered, unsuitable, end)

        page = self._store.transact(write)
        if page.ordered:
            self._wake()
        return page

    def _named(self, registrar: str | None) -> list[str]:
        found = [
            name
            for name in self._registrars
            if registrar is None or name == registrar or name.startswith(f"{registrar}/")
        ]
        if not found:
            there = ", ".join(self._registrars)
            text = f"There is no registrar {shown(registrar or '')}: there are {there}."
            none = "There is no registrar: [devices] registrars in the settings names none."
            raise PrivySealError(ErrorCode.NOT_FOUND, text if there else none)
        return found

    def _order(
        self, tx: Tx, account: str, names: Sequence[str], found: Sequence[Identity]
    ) -> tuple[int, list[Unsuitable]]:
        fit = self._fit(tx)
        devices = self._rows.devices.find_many(tx, account, list({each.device_id for each in found}))
        ordered, unsuitable = 0, []
        for identity in found:
            can_have = fit(identity.arn) if tx.now < identity.not_after else ()
            for name in (name for name in names if name in can_have):
                pattern, rule = self._registrars[name]
                if not pattern.match(identity.device_id):
                    unsuitable.append(Unsuitable(identity.device_id, name, rule))
                    continue
                wanted = self._wanted(tx, devices.get(identity.device_id), identity)
                ordered += self._rows.steps.add(tx, identity, name, wanted)
        return ordered, unsuitable

    def _wanted(self, tx: Tx, device: Device | None, identity: Identity) -> StepState:
        """Of one that is not to be used now, the registrar gets to know when it is."""
        suspended = device is not None and device.state is State.SUSPENDED
        return (
            StepState.SUSPENDED
            if suspended or not self._witness.is_good(tx, identity.arn)
            else StepState.DONE
        )
