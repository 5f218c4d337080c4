"""Registration: a certificate becomes known to every registrar before anybody gets it.

Each registrar is a step. What is done is recorded, so whoever comes again goes on where the last
one stopped, with the same certificate. No transaction is open while a registrar is called: a crash
between its answer and our record repeats a call that finds everything there.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from privyseal import log
from privyseal.devices.identities import Identity, StepState
from privyseal.devices.identity_ports import Identities
from privyseal.devices.ports import Registrar
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store, Tx

T = TypeVar("T")


class Registrations:
    def __init__(self, store: Store, identities: Identities, registrars: Mapping[str, Registrar]) -> None:
        """`registrars` by name, in the order in which they are called; the first with an endpoint says
        where devices connect.
        """
        self._store = store
        self._identities = identities
        self._registrars = registrars

    @property
    def names(self) -> Sequence[str]:
        return list(self._registrars)

    def endpoint(self) -> str:
        """Raises as `Registrar.endpoint` does."""
        found = (_asked(name, each.endpoint) for name, each in self._registrars.items())
        return next((endpoint for endpoint in found if endpoint), "")

    def complete(self, identity: Identity) -> None:
        """Register with everybody who has not got it yet. Raises THROTTLED or UNAVAILABLE."""
        steps = self._store.view(lambda tx: self._identities.steps(tx, identity))
        for name, registrar in self._registrars.items():
            step = steps.get(name)
            if step is None or step.state is not StepState.DONE:
                reference = _asked(name, partial(registrar.register, identity.registration()))
                self._record(identity, name, StepState.DONE, reference)

    def withdraw(self, identity: Identity) -> None:
        """Withdraw from everybody who may have got it. Raises as `complete` does."""
        steps = self._store.view(lambda tx: self._identities.steps(tx, identity))
        for name, step in steps.items():
            if step.state is StepState.WITHDRAWN:
                continue
            registrar = self._registrars.get(name)
            if registrar is None:
                text = f"The registrar {name} is not in the settings any more: {identity.arn} stays there."
                raise PrivySealError(ErrorCode.FAILED, text)
            _asked(name, partial(registrar.withdraw, identity.registration(step.reference)))
            self._record(identity, name, StepState.WITHDRAWN, step.reference)

    def _record(self, identity: Identity, name: str, state: StepState, reference: str) -> None:
        def write(tx: Tx) -> None:
            self._identities.put_step(tx, identity, name, state, reference)

        self._store.transact(write)


def _asked(name: str, call: Callable[[], T]) -> T:
    """What a registrar answers. Its errors are between it and the operator, but for a device's patience."""
    try:
        return call()
    except PrivySealError as error:
        log.warning("device_registrar_refused", registrar=name, error=str(error))
        code = ErrorCode.THROTTLED if error.code is ErrorCode.THROTTLED else ErrorCode.UNAVAILABLE
        raise PrivySealError(
            code, "The certificate cannot be registered now; the operator's log says why. Try later."
        ) from error
