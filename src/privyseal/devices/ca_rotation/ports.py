"""What rotations of issuing authorities ask of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from privyseal.ca.repositories import Repositories
from privyseal.devices.ca_rotation.model import Done, Rotation
from privyseal.devices.identities import Identity
from privyseal.devices.identity_ports import Identities
from privyseal.devices.succession import Successions
from privyseal.store import Tx


class CaRotations(Protocol):
    def insert(self, tx: Tx, rotation: Rotation) -> None:
        """Raises UniqueError while another one of the account is unfinished."""
        ...

    def find(self, tx: Tx, account: str, rotation_id: str) -> Rotation | None: ...

    def unfinished(self, tx: Tx, account: str) -> Rotation | None: ...

    def due(self, tx: Tx) -> Rotation | None:
        """One that is running, or being given up, and whose time has come."""
        ...

    def page(
        self, tx: Tx, account: str, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Rotation]:
        """In order of (created_at, id), those after the given position."""
        ...

    def update(self, tx: Tx, rotation: Rotation) -> bool:
        """Write the row if its stored version is `rotation.version - 1`; False if it is not."""
        ...

    def put_done(self, tx: Tx, rotation_id: str, done: Done) -> None: ...

    def done(self, tx: Tx, rotation_id: str) -> Sequence[Done]:
        """In the order of the steps."""
        ...

    def issued_by(self, tx: Tx, account: str, authority: str, limit: int) -> Sequence[Identity]:
        """Certificates of devices from that authority that are not withdrawn, nor about to be."""
        ...

    def devices_of(self, tx: Tx, account: str, authority: str) -> int:
        """How many devices have their active certificate from it. Takes time in proportion."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """All repositories that a rotation touches."""

    ca: Repositories
    rotations: CaRotations
    identities: Identities
    successions: Successions
