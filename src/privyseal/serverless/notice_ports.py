"""What notices, reminders and publishing ask of the outside. Adapters and tests implement these protocols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from privyseal.events.repositories import Cursor
from privyseal.serverless.model import Issue, Noted
from privyseal.store import Tx


class NotedIssues(Protocol):
    """What has been said of certificates. Every method runs inside the transaction it is given."""

    def moved(self, tx: Tx) -> Cursor:
        """Where to go on in the journal: of each writer that has rows which have not been read."""
        ...

    def put_cursor(self, tx: Tx, cursor: Cursor) -> None: ...

    def find(self, tx: Tx, authority_id: str, serial: int) -> Noted | None: ...

    def revoke(self, tx: Tx, issue: Issue, at: datetime) -> bool:
        """Its item has to say so; False where it does."""
        ...

    def unplanned(self, tx: Tx, plan: str, limit: int) -> Sequence[Noted]:
        """Those with reminders to come that are planned by another plan, or by none."""
        ...

    def due(self, tx: Tx, limit: int) -> Sequence[Noted]:
        """Those of which there is something to say now, the oldest first."""
        ...

    def plan(self, tx: Tx, issue: Issue, plan: str | None, at: datetime | None) -> None:
        """When there is something to say next, by which plan; None and None: never again."""
        ...

    def remind(self, tx: Tx, issue: Issue, reminded: Sequence[str]) -> None:
        """All reminders that it has had; its item has to say so."""
        ...

    def unpublished(self, tx: Tx, limit: int) -> Sequence[Noted]:
        """Those whose items are to be written now."""
        ...

    def published(self, tx: Tx, noted: Noted) -> None:
        """Its item is as it was read, which may be too old by now."""
        ...

    def put_off(self, tx: Tx, issue: Issue, until: datetime) -> None: ...

    def adopt(self, tx: Tx, noted: Noted) -> None:
        """What another deployment has said of it before."""
        ...


class Places(Protocol):
    """What of an authority is where: a text that tells its certificates and CRLs apart."""

    def state(self, tx: Tx, place: str, authority_id: str) -> str:
        """Empty where nothing is there."""
        ...

    def put_state(self, tx: Tx, place: str, authority_id: str, state: str) -> None: ...


# A value is text, a whole number, bytes, a truth, or a list of texts.
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemKey:
    common_name: str
    serial: str  # decimal


class CertificateTable(Protocol):
    """The table where serverless-ca keeps its certificates."""

    def put(self, key: ItemKey, attributes: Item) -> None:
        """Write these attributes of the item, which is made where there is none; others stay. Durable when
        this returns, perhaps a second time. Raises UNAVAILABLE or THROTTLED where that may work later; any
        other PrivySealError when this item never will.
        """
        ...
