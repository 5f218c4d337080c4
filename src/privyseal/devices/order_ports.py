"""What orders ask of the outside: rows, and a place where answers are fetched."""

from datetime import datetime
from typing import Protocol

from privyseal.devices.orders import Order
from privyseal.store import Tx


class Orders(Protocol):
    def put(self, tx: Tx, order: Order) -> None:
        """Add it, or replace the one of the same request."""
        ...

    def find(self, tx: Tx, order_id: str) -> Order | None: ...

    def of_request(
        self, tx: Tx, account: str, device_id: str, contract: str, csr_digest: bytes
    ) -> Order | None: ...

    def due(self, tx: Tx, limit: int) -> list[Order]:
        """Those whose `due_at` has come, the oldest first."""
        ...

    def is_due(self, tx: Tx) -> bool:
        """Whether there are any: cheap."""
        ...

    def save(self, tx: Tx, order: Order) -> None:
        """Attempts, due_at and outcome; an order that is gone meanwhile stays away."""
        ...

    def prune(self, tx: Tx, limit: int) -> int:
        """Drop up to `limit` that have expired, the oldest first; how many went."""
        ...


class LinkKeys(Protocol):
    def find(self, tx: Tx) -> bytes | None: ...

    def put(self, tx: Tx, secret: bytes) -> None: ...


class Counter(Protocol):
    """Where a device fetches what it has ordered: this service itself, or a bucket elsewhere."""

    def link(self, order_id: str, expires_at: datetime) -> str:
        """What fetches the answer of that order, for who has it and for nobody else. Blocks."""
        ...

    def lay_out(self, order: Order) -> None:
        """The answer of a finished order, before it is recorded as finished; safe to repeat. Blocks.

        Raises PrivySealError when it could not be brought there: it is tried again.
        """
        ...
