"""One process of several does a piece of work: a row says which, and for how long."""

from datetime import timedelta

from privyseal import log
from privyseal.errors import PrivySealError
from privyseal.events.ports import Lease, Trail
from privyseal.names import new_id
from privyseal.store import Store, Tx

# Whoever dies is replaced after this.
TERM = timedelta(seconds=10)


class Leased:
    """Safe although clocks jump: a lease that ends later than a whole term from now is none."""

    def __init__(self, store: Store, trail: Trail, name: str) -> None:
        self._store = store
        self._trail = trail
        self._name = name
        self._holder = new_id()

    def elsewhere(self, tx: Tx) -> bool:
        """Whether another process has the lease."""
        lease = self._trail.lease(tx, self._name)
        return lease is not None and lease.holder != self._holder and tx.now < lease.until <= tx.now + TERM

    def take(self) -> bool:
        """Have the lease for at least half a term from now, if nobody else has it."""

        def kept(tx: Tx) -> bool:
            lease = self._trail.lease(tx, self._name)
            mine = lease is not None and lease.holder == self._holder
            return mine and lease is not None and tx.now + TERM / 2 < lease.until <= tx.now + TERM

        def write(tx: Tx) -> bool:
            if self.elsewhere(tx):
                return False
            self._trail.put_lease(tx, self._name, Lease(self._holder, tx.now + TERM))
            return True

        return self._store.view(kept) or self._store.transact(write)

    def release(self) -> None:
        """At an orderly end: nobody has to wait for the end of the term. It ends anyway if this fails."""

        def write(tx: Tx) -> None:
            lease = self._trail.lease(tx, self._name)
            if lease is not None and lease.holder == self._holder:
                self._trail.put_lease(tx, self._name, Lease(self._holder, tx.now))

        try:
            self._store.transact(write)
        except PrivySealError as error:
            log.warning("a lease was not given back", name=self._name, error=str(error))
