"""What enrolment asks of the database beside the registry: a device's identities, and intents to issue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.store import Tx


class Identities(Protocol):
    def insert(self, tx: Tx, identity: Identity) -> None:
        """Add it; what is there already stays as it is."""
        ...

    def find(self, tx: Tx, account: str, device_id: str, arn: str) -> Identity | None: ...

    def of_request(self, tx: Tx, account: str, device_id: str, csr_digest: bytes) -> Identity | None:
        """The newest that was issued for that CSR."""
        ...

    def of_device(self, tx: Tx, account: str, device_id: str) -> Sequence[Identity]:
        """All of them, the newest first."""
        ...

    def active(self, tx: Tx, account: str, device_id: str) -> Identity | None: ...

    def released(self, tx: Tx, account: str, device_id: str) -> Sequence[Identity]:
        """Those that the device holds and may use: `identities.RELEASED`."""
        ...

    def released_page(self, tx: Tx, account: str, after: str | None, limit: int) -> Sequence[Identity]:
        """Those of all devices, in order of their ARNs, after the given one."""
        ...

    def set_state(
        self, tx: Tx, identity: Identity, state: IdentityState, due_at: datetime | None
    ) -> None: ...

    def set_held(self, tx: Tx, identity: Identity, *, held: bool) -> None: ...

    def due(self, tx: Tx, limit: int) -> Sequence[Identity]:
        """Those whose `due_at` has come, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Intent:
    """That somebody has set out to issue under a token; `issued` once it is known what came of it."""

    token: str
    csr_digest: bytes
    began_at: datetime
    leased_until: datetime  # until then, whoever has set out is waited for
    issued: IssuedDeviceCertificate | None = None


class Intents(Protocol):
    def find(self, tx: Tx, token: str) -> Intent | None: ...

    def put(self, tx: Tx, intent: Intent) -> None:
        """Add it, or replace the one of the same token."""
        ...

    def drop(self, tx: Tx, token: str) -> None: ...

    def prune(self, tx: Tx, until: datetime, limit: int) -> int:
        """Drop up to `limit` of the oldest that began at `until` or before; how many went."""
        ...
