"""What an administrator does to registered devices: suspend, resume, retire, and give another key.

Their certificates follow in the same commit. Suspending puts those that the device uses on hold, and
resuming releases what suspending has held: what somebody else has put on hold stays so, for registrars,
too, which are told of both by `step_work.py`. Retiring hands all of them to `retirement.py`, which
revokes and withdraws them.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType

from privyseal.caller import Caller
from privyseal.devices import limits
from privyseal.devices.identities import RELEASED, IdentityState
from privyseal.devices.identity_ports import Identities
from privyseal.devices.ids import fault_in_id
from privyseal.devices.key_text import read_key_text
from privyseal.devices.lookup import find_device, not_found
from privyseal.devices.model import Device
from privyseal.devices.ports import Devices, Holder, Witness
from privyseal.devices.rekeying import meanwhile, put_key
from privyseal.devices.states import REKEYS, Event, State, transition
from privyseal.devices.step_ports import Steps
from privyseal.devices.steps import StepState
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx

# Event → the action that the journal has.
ACTIONS: Mapping[Event, str] = MappingProxyType(
    {
        Event.SUSPENDED: "privyseal:SuspendDevices",
        Event.RESUMED: "privyseal:ResumeDevices",
        Event.RETIRED: "privyseal:RetireDevices",
    }
)
# What registrars come to, for what the device uses.
_WANTED: Mapping[Event, StepState] = MappingProxyType(
    {Event.SUSPENDED: StepState.SUSPENDED, Event.RESUMED: StepState.DONE}
)
_WITHDRAWN_WHEN_RETIRED = RELEASED | {IdentityState.ISSUED}


class Change(Enum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"


Result = Change | PrivySealError


class Lifecycle:
    def __init__(
        self,
        store: Store,
        devices: Devices,
        identities: Identities,
        steps: Steps,
        *,
        holder: Holder,
        witness: Witness,
    ) -> None:
        self._store = store
        self._devices = devices
        self._identities = identities
        self._steps = steps
        self._holder = holder
        self._witness = witness

    def change(self, caller: Caller, event: Event, ids: Sequence[str]) -> Sequence[Result]:
        """Let `event` happen to all of them in one transaction; positional answers.

        NOT_FOUND for an id that nobody has, INVALID_STATE where the event cannot happen (a retired
        device stays retired); neither touches its neighbours. Raises LIMIT_EXCEEDED as an import does.
        """
        if len(ids) > limits.MAX_IMPORT:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"One call changes at most {limits.MAX_IMPORT} devices, not {len(ids)}: send them in parts.",
            )
        return self._store.transact(lambda tx: self._change(tx, caller, event, ids))

    def rekey(self, caller: Caller, device_id: str, public_key: str) -> Device:
        """Give the device another key; certificates of the one before stay as they are.

        Raises NOT_FOUND, VALIDATION for text that is no key, INVALID_STATE for a retired device.
        """
        key = read_key_text(public_key)
        return self._store.transact(lambda tx: self._rekey(tx, caller, device_id, key))

    def _change(self, tx: Tx, caller: Caller, event: Event, ids: Sequence[str]) -> Sequence[Result]:
        wanted = [device_id for device_id in dict.fromkeys(ids) if not fault_in_id(device_id)]
        there = self._devices.find_many(tx, caller.account, wanted)
        results = {device_id: self._apply(tx, event, device) for device_id, device in there.items()}
        before = {each: there[each].state.value for each in wanted if results.get(each) is Change.CHANGED}
        if before:
            tx.record(entry(ACTIONS[event], caller, "devices", before=before))
            self._follow(tx, caller, event, list(before))
        return [results.get(device_id, not_found(device_id)) for device_id in ids]

    def _apply(self, tx: Tx, event: Event, device: Device) -> Result:
        state = transition(device.state, event, certified=device.certificate_arn is not None)
        if state is None:
            return _impossible(device)
        if state is device.state:
            return Change.UNCHANGED
        return Change.CHANGED if self._devices.set_state(tx, device, state) else meanwhile()

    def _follow(self, tx: Tx, caller: Caller, event: Event, ids: Sequence[str]) -> None:
        """The certificates of devices to which `event` has happened."""
        theirs = [each for i in ids for each in self._identities.of_device(tx, caller.account, i)]
        used = {each.arn: each for each in theirs if each.state in RELEASED}
        if event is Event.SUSPENDED:
            for arn in self._holder.hold(tx, caller, list(used)):
                self._identities.set_held(tx, used[arn], held=True)
        elif event is Event.RESUMED:
            held = [each for each in theirs if each.held]
            self._holder.release(tx, caller, [each.arn for each in held])
            for each in held:
                self._identities.set_held(tx, each, held=False)
        elif event is Event.RETIRED:
            for each in theirs:
                if each.state in _WITHDRAWN_WHEN_RETIRED:
                    self._identities.set_state(tx, each, IdentityState.WITHDRAWING, tx.now)
            return
        for each in used.values():
            if event is Event.SUSPENDED or self._witness.is_good(tx, each.arn):
                self._steps.want(tx, each, _WANTED[event])

    def _rekey(self, tx: Tx, caller: Caller, device_id: str, key: bytes) -> Device:
        device = find_device(tx, self._devices, caller.account, device_id)
        if device.state not in REKEYS:
            raise _impossible(device)
        put_key(tx, self._devices, caller, device, key)
        return find_device(tx, self._devices, caller.account, device_id)


def _impossible(device: Device) -> PrivySealError:
    assert device.state is State.RETIRED
    return PrivySealError(ErrorCode.INVALID_STATE, "The device is retired, which is final.")
