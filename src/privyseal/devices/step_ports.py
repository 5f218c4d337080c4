"""What registration asks of the database: the steps of registrars, those that are behind above all."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from privyseal.devices.identities import Identity
from privyseal.devices.steps import Step, StepState
from privyseal.store import Tx

# Device id, ARN and registrar: where a page of steps ends.
Position = tuple[str, str, str]


class Steps(Protocol):
    def insert(self, tx: Tx, identity: Identity, registrars: Sequence[str]) -> None:
        """A pending step for each registrar; what is there already stays as it is."""
        ...

    def add(self, tx: Tx, identity: Identity, registrar: str, wanted: StepState) -> bool:
        """A step that is behind from now on; False, and no change, where there is one already."""
        ...

    def of(self, tx: Tx, identity: Identity) -> Mapping[str, Step]:
        """By registrar."""
        ...

    def put(self, tx: Tx, identity: Identity, registrar: str, state: StepState, reference: str) -> None:
        """Note what a registrar has done; it is due where something else is wanted meanwhile."""
        ...

    def want(self, tx: Tx, identity: Identity, wanted: StepState) -> None:
        """Let every step of it come to that state: due, but for those that are there already.

        What is wanted withdrawn stays so.
        """
        ...

    def settle(self, tx: Tx, identity: Identity) -> None:
        """Let every step of it come to what is wanted: due, but for those that are there already."""
        ...

    def due(self, tx: Tx, registrar: str) -> Step | None:
        """The one that is due first, and that nobody has a lease of. What is to be taken away from a device
        (SUSPENDED, WITHDRAWN) comes before what it is given.
        """
        ...

    def begin(self, tx: Tx, step: Step, leased_until: datetime) -> bool:
        """Take a lease of a step that is due: it is PENDING then. False where somebody else has one."""
        ...

    def finish(self, tx: Tx, step: Step, reference: str) -> bool:
        """It has come to what was wanted. False, and no change, when the lease is not that of `step`."""
        ...

    def fail(self, tx: Tx, step: Step, problem: str, again: datetime) -> None:
        """It is due `again`, or at once where something else is wanted; nothing when the lease is not its."""
        ...

    def behind(self, tx: Tx, account: str, after: Position | None, limit: int) -> Sequence[Step]:
        """Those that are due now or later, in order of their positions."""
        ...
