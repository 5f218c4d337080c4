"""What jobs ask of a database."""

from collections.abc import Mapping
from typing import Protocol

from privyseal.jobs.model import Standing
from privyseal.store import Tx


class Jobs(Protocol):
    """The rows of jobs. Every method runs inside the transaction it is given."""

    def all(self, tx: Tx) -> Mapping[str, Standing]:
        """By their names; those that have run at least once."""
        ...

    def find(self, tx: Tx, name: str) -> Standing | None: ...

    def put(self, tx: Tx, row: Standing) -> None:
        """Write the whole row, new or not. Who writes it has read it in the same transaction."""
        ...
