"""What this domain asks of a database."""

from typing import Protocol

from privyseal.access.model import AccessKey
from privyseal.store import Tx


class AccessKeys(Protocol):
    def insert(self, tx: Tx, key: AccessKey) -> None:
        """Add a key; its secret is never stored in clear. Raises UniqueError when the id is taken."""
        ...

    def find(self, tx: Tx, key_id: str) -> AccessKey | None: ...
