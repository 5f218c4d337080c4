"""Retirement: certificates that have had their day are revoked, and withdrawn from every registrar.

What is due says `Identity.due_at`:

- ISSUED: nobody has come back for an unfinished enrolment.
- RETIRING: the grace period is over, in which the device could still use the one before.
- WITHDRAWING: somebody has begun and not finished, as after a crash or a failure.

Any number of processes may look: who takes one up has it to itself until the next attempt is due.
"""

from collections.abc import Sequence
from datetime import timedelta
from threading import Event

from privyseal import log
from privyseal.caller import Caller
from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.identity_ports import Identities
from privyseal.devices.ports import Revoker
from privyseal.devices.registration import Registrations
from privyseal.errors import PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx

PRINCIPAL = "service:devices"
WITHDRAWN = "privyseal:WithdrawDeviceCertificate"

# Between attempts, and longer than one takes.
_AGAIN = timedelta(minutes=10)


class Retirement:
    def __init__(
        self,
        store: Store,
        identities: Identities,
        registrations: Registrations,
        revokers: Sequence[Revoker],
    ) -> None:
        """Of the `revokers` the first one that has issued a certificate revokes it."""
        self._store = store
        self._identities = identities
        self._registrations = registrations
        self._revokers = revokers

    def retire_due(self, stopping: Event) -> None:
        """All that is due now. What fails is logged, and due again later."""
        while not stopping.is_set():
            identity = self._store.transact(self._begin)
            if identity is None:
                return
            caller = Caller(PRINCIPAL, identity.account, new_id())
            try:
                self._withdraw(identity, caller)
            except PrivySealError as error:
                log.warning("device_certificate_not_withdrawn", arn=identity.arn, error=str(error))

    def _begin(self, tx: Tx) -> Identity | None:
        due = self._identities.due(tx, 1)
        for identity in due:
            self._identities.set_state(tx, identity, IdentityState.WITHDRAWING, tx.now + _AGAIN)
        return next(iter(due), None)

    def _withdraw(self, identity: Identity, caller: Caller) -> None:
        """First revoked: a registrar that goes by CRLs finds it there."""
        any(revoker.revoke(identity.arn, caller) for revoker in self._revokers)
        self._registrations.withdraw(identity)

        def write(tx: Tx) -> None:
            self._identities.set_state(tx, identity, IdentityState.WITHDRAWN, None)
            resource = f"device/{identity.device_id}"
            tx.record(entry(WITHDRAWN, caller, resource, certificate_arn=identity.arn))

        self._store.transact(write)
