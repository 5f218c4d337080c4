"""Registration: a certificate becomes known to registrars before anybody gets it.

Each registrar is a step (`steps.py`). What is done is recorded, so whoever comes again goes on where
the last one stopped, with the same certificate. No transaction is open while a registrar is called: a
crash between its answer and our record repeats a call that finds everything there.

Every registrar is asked. A required one has to succeed, or nothing is released. One that is not (AWS
IoT Core in another region) may be away: then its step is behind from the moment of the release, and
`step_work.py` goes on with it in the background.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from privyseal import log
from privyseal.devices.catching_up import IdRule
from privyseal.devices.identities import Identity
from privyseal.devices.identity_ports import Identities
from privyseal.devices.ports import Registrar
from privyseal.devices.reach import Reach
from privyseal.devices.step_ports import Steps
from privyseal.devices.step_work import AWAY, StepWork
from privyseal.devices.steps import Step, StepState
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store, Tx
from privyseal.x509.refusal import shown

T = TypeVar("T")

NO_RULES: Mapping[str, IdRule] = MappingProxyType({})


class Registrations:
    def __init__(
        self,
        store: Store,
        identities: Identities,
        steps: Steps,
        registrars: Mapping[str, Registrar],
        *,
        required: Collection[str] | None = None,
        reach: Reach | None = None,
        ids: Mapping[str, IdRule] = NO_RULES,
    ) -> None:
        """`registrars` by name, in the order in which they are called; the first with an endpoint says
        where devices connect. `required` are the names of those that are: all where it is None. `ids` says
        by registrar which device ids it can have; where it says nothing, any.
        """
        self._store = store
        self._steps = steps
        self._registrars = registrars
        self._ids = ids
        self._required = registrars.keys() if required is None else required
        self._reach = reach or Reach()
        self.work = StepWork(store, identities, steps, registrars, self._reach)

    def check_id(self, device_id: str) -> None:
        """Raises VALIDATION for a device that a registrar can never have: nothing is issued for it."""
        for name, (pattern, rule) in self._ids.items():
            if not pattern.match(device_id):
                text = f"The device id {shown(device_id)} does not suit the registrar {name}: {rule}."
                raise PrivySealError(ErrorCode.VALIDATION, text)

    def endpoint(self) -> str:
        """Raises as `Registrar.endpoint` does. Where the certificate is not yet, no device is sent."""
        asked = (self._asked(name, self._registrars[name].endpoint) for name in self._in_order(required=True))
        return next((endpoint for endpoint in asked if endpoint), "")

    def begin(self, tx: Tx, identity: Identity) -> bool:
        """Note what is to be done for a new certificate; whether there is anything."""
        self._steps.insert(tx, identity, list(self._registrars))
        return bool(self._registrars)

    def complete(self, identity: Identity) -> None:
        """Register with everybody who has not got it yet. Raises THROTTLED or UNAVAILABLE where a
        required one does not succeed.
        """
        steps = self._store.view(lambda tx: self._steps.of(tx, identity))
        for name in (*self._in_order(required=True), *self._in_order(required=False)):
            if _is_done(steps.get(name)):
                continue
            call = partial(self._registrars[name].register, identity.registration())
            if name in self._required:
                self._note(identity, name, self._asked(name, call))
            else:
                self._try(identity, name, call)

    def release(self, tx: Tx, identity: Identity) -> None:
        """In the transaction that releases the certificate: what is not done yet is behind from now on."""
        self._steps.settle(tx, identity)

    def withdraw(self, identity: Identity) -> None:
        """Withdraw from everybody who may have got it. Raises UNAVAILABLE as long as somebody is behind,
        FAILED where nobody knows the registrar any more.
        """
        self._store.transact(lambda tx: self._steps.want(tx, identity, StepState.WITHDRAWN))
        self.work.carry_out(identity)
        steps = self._store.view(lambda tx: self._steps.of(tx, identity))
        left = [name for name, step in steps.items() if step.state is not StepState.WITHDRAWN]
        if unknown := [name for name in left if name not in self._registrars]:
            text = f"The registrar {unknown[0]} is not in the settings any more: {identity.arn} stays there."
            raise PrivySealError(ErrorCode.FAILED, text)
        if left:
            text = f"{identity.arn} is still to be withdrawn from {', '.join(left)}."
            raise PrivySealError(ErrorCode.UNAVAILABLE, text)

    def _in_order(self, *, required: bool) -> Sequence[str]:
        return [name for name in self._registrars if (name in self._required) is required]

    def _try(self, identity: Identity, name: str, call: Callable[[], str]) -> None:
        if self._reach.is_away(name):
            return
        try:
            reference = call()
        except PrivySealError as error:
            if error.code in AWAY:
                self._reach.lost(name)
            log.warning("device_registrar_behind", registrar=name, arn=identity.arn, error=str(error))
            return
        self._note(identity, name, reference)

    def _note(self, identity: Identity, name: str, reference: str) -> None:
        self._store.transact(lambda tx: self._steps.put(tx, identity, name, StepState.DONE, reference))

    def _asked(self, name: str, call: Callable[[], T]) -> T:
        """What a required registrar answers. Its errors are between it and the operator, but for a
        device's patience.
        """
        try:
            return call()
        except PrivySealError as error:
            log.warning("device_registrar_refused", registrar=name, error=str(error))
            code = ErrorCode.THROTTLED if error.code is ErrorCode.THROTTLED else ErrorCode.UNAVAILABLE
            raise PrivySealError(
                code, "The certificate cannot be registered now; the operator's log says why. Try later."
            ) from error


def _is_done(step: Step | None) -> bool:
    return step is not None and step.state is StepState.DONE
