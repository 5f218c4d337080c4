"""DeleteCertificate. What an authority has issued stays on record there, and stays valid."""

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.lookup import find_certificate
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Kind
from privyseal.managed.told import told
from privyseal.store import Store, Tx

ACTION = "acm:DeleteCertificate"


class Removing:
    def __init__(self, store: Store, rows: ManagedRows) -> None:
        self._store = store
        self._rows = rows

    def delete(self, caller: Caller, arn: str) -> None:
        """With its key and its tags. Raises IN_USE for what is in use."""

        def write(tx: Tx) -> None:
            certificate = find_certificate(tx, self._rows.certificates, caller, arn)
            if certificate.in_use_by:
                raise PrivySealError(ErrorCode.IN_USE, f"Certificate {arn} is in use.")
            removed = self._rows.certificates.remove(tx, certificate)
            assert removed  # it was read in this transaction
            if certificate.kind is Kind.IMPORTED:
                self._rows.imports.removed(tx, certificate.arn.account, certificate.arn.region)
            keys = [tag.key for tag in self._rows.tags.of(tx, certificate.arn.id)]
            self._rows.tags.remove(tx, certificate.arn.id, keys)
            tx.record(told(ACTION, caller, certificate, tx.now))

        self._store.transact(write)
