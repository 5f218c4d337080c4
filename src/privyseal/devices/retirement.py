"""Retirement: certificates that have had their day are revoked, and withdrawn from every registrar.

What is due says `Identity.due_at`:

- ISSUED: nobody has come back for an unfinished enrolment.
- RETIRING: the grace period is over, in which the device could still use the one before.
- WITHDRAWING: the device has been retired, or somebody has revoked the certificate; or somebody has
  begun and not finished, as after a crash or a failure.

Any number of processes may look: who takes one up has it to itself until the next attempt is due. That is
at once where `step_work.py` has done the last step meanwhile.
"""

from collections.abc import Sequence
from datetime import timedelta
from threading import Event

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.identity_ports import Identities
from privyseal.devices.ports import Devices, Revoker
from privyseal.devices.registration import Registrations
from privyseal.devices.states import State
from privyseal.errors import PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx

PRINCIPAL = "service:devices"
WITHDRAWN = "privyseal:WithdrawDeviceCertificate"

# RevocationReason of the acm-pca service model.
SUPERSEDED = "SUPERSEDED"  # there is a newer one
CEASED = "CESSATION_OF_OPERATION"  # the device is retired

# Between attempts, and longer than one takes.
_AGAIN = timedelta(minutes=10)


class Retirement:
    def __init__(
        self,
        store: Store,
        devices: Devices,
        identities: Identities,
        registrations: Registrations,
        revokers: Sequence[Revoker],
    ) -> None:
        """Of the `revokers` the first one that has issued a certificate revokes it."""
        self._store = store
        self._devices = devices
        self._identities = identities
        self._registrations = registrations
        self._revokers = revokers

    def waiting(self, tx: Tx) -> bool:
        return bool(self._identities.due(tx, 1))

    def retire_due(self, stopping: Event) -> None:
        """All that is due now. What fails is logged, and due again later."""
        while not stopping.is_set():
            begun = self._store.transact(self._begin)
            if begun is None:
                return
            identity, reason = begun
            caller = Caller(PRINCIPAL, identity.account, new_id())
            try:
                self._withdraw(identity, caller, reason)
            except PrivySealError as error:
                log.warning("device_certificate_not_withdrawn", arn=identity.arn, error=str(error))

    def _begin(self, tx: Tx) -> tuple[Identity, str] | None:
        """What is due first, and the reason for which it is revoked."""
        identity = next(iter(self._identities.due(tx, 1)), None)
        if identity is None:
            return None
        self._identities.set_state(tx, identity, IdentityState.WITHDRAWING, tx.now + _AGAIN)
        device = self._devices.find(tx, identity.account, identity.device_id)
        retired = device is not None and device.state is State.RETIRED
        return identity, CEASED if retired else SUPERSEDED

    def _withdraw(self, identity: Identity, caller: Caller, reason: str) -> None:
        """First revoked: a registrar that goes by CRLs finds it there. One that does not is told whatever
        becomes of that.
        """
        try:
            any(revoker.revoke(identity.arn, caller, reason) for revoker in self._revokers)
        finally:
            self._registrations.withdraw(identity)

        def write(tx: Tx) -> None:
            found = self._identities.find(tx, identity.account, identity.device_id, identity.arn)
            if found is None or found.state is IdentityState.WITHDRAWN:  # by another process
                return
            self._identities.set_state(tx, identity, IdentityState.WITHDRAWN, None)
            resource = f"device/{identity.device_id}"
            tx.record(entry(WITHDRAWN, caller, resource, certificate_arn=identity.arn))

        self._store.transact(write)
