"""What OCSP asks of the outside. Like `privyseal.ca.ports`: every method runs inside the transaction
it is given.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from privyseal.ca.revocation.ocsp_model import CertificateStatus, OcspAnswer, OcspCredential, OcspResponder
from privyseal.store import Tx


class OcspResponders(Protocol):
    """One responder for each authority that has or had OCSP enabled."""

    def want(self, tx: Tx, authority_id: str, key_hashes: Mapping[str, bytes]) -> None:
        """Something about the authority has changed: look after its responder now."""
        ...

    def withdraw(self, tx: Tx, authority_id: str, certificates: Sequence[bytes]) -> None:
        """These certificates (DER) of responders have been revoked: what has one of them signs no more,
        what is being made may be one of them, and the responder is looked after now.
        """
        ...

    def by_issuers(self, tx: Tx, keys: Sequence[tuple[str, bytes]]) -> Sequence[OcspResponder]:
        """Those of the authorities whose keys have these hashes, given as (object identifier of the
        hash, hash); one query however many.
        """
        ...

    def next_due(self, tx: Tx) -> OcspResponder | None:
        """The one that has waited longest to be looked after, and that nobody holds now. What was put off
        or is held for longer than may be was so by a clock that was wrong.
        """
        ...

    def lease(self, tx: Tx, responder: OcspResponder, until: datetime) -> OcspResponder | None:
        """Begin to look after it; None where somebody else was first."""
        ...

    def settle(self, tx: Tx, responder: OcspResponder, due_at: datetime | None) -> bool:
        """It needs nothing before `due_at`; False where it is somebody else's by now."""
        ...

    def replace(self, tx: Tx, responder: OcspResponder, credential: OcspCredential, due_at: datetime) -> bool:
        """It signs with that from now on; False where it is somebody else's by now."""
        ...


class OcspAnswers(Protocol):
    """What is to be said of certificates, and what is signed already."""

    def statuses(self, tx: Tx, serials: Iterable[int]) -> Mapping[tuple[str, int], CertificateStatus]:
        """By (authority id, serial), of all certificates that have one of the serials; one query."""
        ...

    def find_many(self, tx: Tx, serials: Iterable[int]) -> Mapping[tuple[str, bytes], OcspAnswer]:
        """By (authority id, CertID), those that are neither of the future nor expired; one query."""
        ...

    def put_many(self, tx: Tx, answers: Sequence[OcspAnswer]) -> None:
        """Add, or overwrite by authority and CertID."""
        ...

    def remove_many(self, tx: Tx, keys: Iterable[tuple[str, int]]) -> None:
        """All about these certificates, by (authority id, serial): their status changes."""
        ...

    def any_expired(self, tx: Tx) -> bool: ...

    def remove_expired(self, tx: Tx, limit: int) -> int:
        """About `limit` of the oldest expired ones; how many there were."""
        ...
