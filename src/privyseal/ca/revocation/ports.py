"""What revocation asks of the outside. Like `privyseal.ca.ports`: every method runs inside the
transaction it is given.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from privyseal.ca.revocation.mass_model import Filter, MassRevocation, Position, Refusal, State, Step
from privyseal.ca.revocation.model import Crl, CrlDocument, Revocation
from privyseal.names import CertificateArn
from privyseal.store import Tx


class Revocations(Protocol):
    """The encoded entries of CRLs, by authority and partition."""

    def put_many(self, tx: Tx, revocations: Sequence[Revocation]) -> None:
        """List these from now on. The entry of one that is listed (as held) is replaced, and nothing
        says any more that it was released.
        """
        ...

    def release_many(self, tx: Tx, revocations: Sequence[Revocation]) -> None:
        """List these no more; their entries say so in delta CRLs."""
        ...


class Bearers(Protocol):
    """Whoever has been given certificates (devices, managed certificates), and has to follow when they
    count no more.
    """

    def revoked(self, tx: Tx, arns: Sequence[CertificateArn]) -> None:
        """These are revoked for good from this commit on. Nothing happens for those that nobody has."""
        ...

    def held(self, tx: Tx, arns: Sequence[CertificateArn], *, is_held: bool) -> None:
        """These are on hold from this commit on, or are not any more. Otherwise like `revoked`."""
        ...


class Partitions(Protocol):
    """The CRL partitions of authorities. The newest of each is open: it takes new certificates."""

    def open_of(self, tx: Tx, authority_ids: Sequence[str]) -> Mapping[str, str]:
        """Authority id → id of its open partition, where it has one."""
        ...

    def insert(self, tx: Tx, authority_id: str, partition: str) -> None:
        """Open a new partition, empty."""
        ...

    def add(self, tx: Tx, authority_id: str, partition: str, certificates: int) -> int:
        """Count certificates that name the partition; how many there are now."""
        ...


class MassRevocations(Protocol):
    """Orders to revoke many certificates; `ca.revocation.mass` says how they come and go."""

    def insert(self, tx: Tx, order: MassRevocation) -> None:
        """Raises UniqueError where another one of the same authority is RUNNING."""
        ...

    def find(self, tx: Tx, account: str, order_id: str) -> MassRevocation | None: ...

    def page(
        self, tx: Tx, account: str, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[MassRevocation]:
        """In order of (created_at, id), those after the given position."""
        ...

    def running_on(self, tx: Tx, authority_arn: str) -> MassRevocation | None: ...

    def is_due(self, tx: Tx) -> bool:
        """Whether there is one to take."""
        ...

    def take(self, tx: Tx, holder: str, until: datetime) -> MassRevocation | None:
        """The RUNNING order that has waited longest for somebody to work on it; the holder's until then."""
        ...

    def hold(self, tx: Tx, order: MassRevocation, until: datetime) -> bool:
        """Its holder has come further and holds it for longer; False where it is somebody else's by now."""
        ...

    def give_back(self, tx: Tx, order: MassRevocation) -> None:
        """Its holder stops working on it."""
        ...

    def publishing(self, tx: Tx) -> Sequence[MassRevocation]:
        """Those that wait for CRLs."""
        ...

    def change_state(self, tx: Tx, order: MassRevocation, state: State, failure: str | None = None) -> bool:
        """False where it is not in the state any more that `order` has."""
        ...

    def steps(self, tx: Tx, order_id: str) -> Sequence[Step]:
        """From above to below."""
        ...

    def put_step(self, tx: Tx, step: Step) -> None:
        """Add a step, or write how far it has come."""
        ...

    def refuse(self, tx: Tx, order_id: str, refusal: Refusal) -> None:
        """Note what could not be revoked; only once for each resource."""
        ...

    def refusals(self, tx: Tx, order_id: str, limit: int) -> tuple[Sequence[Refusal], int]:
        """The first of them, and how many there are."""
        ...

    def candidates(
        self,
        tx: Tx,
        authority_id: str,
        wanted: Filter,
        after: Position | None,
        limit: int,
    ) -> tuple[Sequence[Position], Position | None]:
        """At most so many certificates of an authority that have not expired and are not revoked for good,
        those after the given position, in its order; and the position up to which all was seen, None at
        the end. A call looks at no more rows than a transaction has time for. Left out are what roots have
        issued to themselves, which nobody can revoke, and the certificates of our own OCSP responders,
        which are to say what is revoked.
        """
        ...

    def count_candidates(self, tx: Tx, authority_id: str, wanted: Filter) -> int:
        """How many there are. Takes time in proportion to what the authority has issued."""
        ...

    def unpublished(self, tx: Tx, authority_id: str, last: datetime) -> Sequence[str]:
        """The partitions whose CRLs lack something that was revoked up to that moment, or have not been
        copied to where they go. Empty: the complete one, where there is one.
        """
        ...


class CrlEntries(Protocol):
    """Encoded entries, joined: a page of them and where it ended, None at the end of all."""

    def page(
        self, tx: Tx, authority_id: str, partition: str, after: tuple[datetime, str], limit: int
    ) -> tuple[bytes, tuple[datetime, str] | None]:
        """Of certificates whose (not_after, serial) is greater, in that order."""
        ...

    def recent(
        self, tx: Tx, authority_id: str, partition: str, after: tuple[datetime, datetime, str], limit: int
    ) -> tuple[bytes, tuple[datetime, datetime, str] | None]:
        """Of what was revoked: those whose (revoked_at, not_after, serial) is greater, in that order."""
        ...

    def released(
        self, tx: Tx, authority_id: str, partition: str, after: tuple[datetime, str], limit: int
    ) -> tuple[bytes, tuple[datetime, str] | None]:
        """Of holds that were released: those whose (released_at, serial) is greater, in that order."""
        ...

    def partitions(self, tx: Tx, authority_id: str) -> Sequence[str]:
        """All that an authority's certificates can be in, the empty one first."""
        ...


class Crls(Protocol):
    """Which CRLs there are to be, when the next one of each is due, and those that are published."""

    def require(self, tx: Tx, authority_id: str, partition: str) -> None:
        """There is to be such a CRL from now on; no-op where there is."""
        ...

    def all_changed(self, tx: Tx, authority_id: str) -> None:
        """Every CRL of the authority is due now: its settings or its certificate have changed."""
        ...

    def changed(self, tx: Tx, authority_id: str, partitions: Collection[str]) -> None:
        """Something in these partitions was revoked or released: their CRLs and the complete one are
        due soon. Takes the next moment.
        """
        ...

    def next_moment(self, tx: Tx, authority_id: str) -> datetime:
        """When what this transaction changes happens, as CRLs count: the present, but after every change and
        every beginning of a CRL so far, also where the clock was set back. `changed` and `lease` take it.
        """
        ...

    def restart(self, tx: Tx, authority_id: str) -> int:
        """Forget the times of the authority's CRLs, which are due now; how many there are."""
        ...

    def number_above(self, tx: Tx, authority_id: str, number: int) -> None:
        """The complete CRL's next number is above this one, which another deployment has used."""
        ...

    def found_at(self, tx: Tx, authority_id: str, partition: str, url: str) -> None:
        """Certificates name this URL from now on; those from before go on naming others."""
        ...

    def find(self, tx: Tx, authority_id: str, partition: str) -> Crl | None: ...

    def open_partitions(self, tx: Tx) -> Sequence[Crl]:
        """Of each partitioned authority the CRL of the partition that takes new certificates."""
        ...

    def next_updates(self, tx: Tx) -> Mapping[str, datetime]:
        """Authority id → when the first of its CRLs runs out, of those that are still made."""
        ...

    def next_due(self, tx: Tx) -> Crl | None:
        """The one that is due for longest and that nobody makes now."""
        ...

    def lease(self, tx: Tx, crl: Crl) -> Crl | None:
        """Begin to make it, with all that changed before; None where somebody else was first."""
        ...

    def hold(self, tx: Tx, crl: Crl) -> bool:
        """Hold the lease for longer; False where it is lost."""
        ...

    def give_back(self, tx: Tx, crl: Crl) -> None:
        """Somebody else may make it at once; no-op where the lease is lost."""
        ...

    def append(self, tx: Tx, crl: Crl, document_id: str, seq: int, chunks: Sequence[bytes]) -> bool:
        """Store chunks from number `seq` on, and hold the lease for longer; False where it is lost."""
        ...

    def publish(self, tx: Tx, crl: Crl, documents: Sequence[CrlDocument]) -> bool:
        """Serve these from now on. `crl` has their number, times and base. False where the lease is lost,
        or the number or the time would go back.
        """
        ...

    def finish(self, tx: Tx, crl: Crl, due: datetime | None, *, soon: datetime) -> bool:
        """Give the lease back; `crl` has the failures. The next one is `due` then, or `soon` where
        something changed meanwhile; None: never. False where the lease is lost.
        """
        ...

    def published(self, tx: Tx, name: str, *, delta: bool) -> CrlDocument | None: ...

    def all_published(self, tx: Tx, authority_id: str) -> Sequence[CrlDocument]:
        """The complete one and those of all partitions, without deltas, in order of their names."""
        ...

    def is_promised(self, tx: Tx, name: str) -> bool:
        """Whether a CRL of that name will be published, if it is not yet."""
        ...

    def chunk(self, tx: Tx, document_id: str, seq: int) -> bytes | None:
        """None where a replaced document has been deleted."""
        ...

    def discarded(self, tx: Tx) -> str | None:
        """A document whose chunks are to be deleted: it was replaced a while ago, or never finished."""
        ...

    def delete_chunks(self, tx: Tx, document_id: str) -> None:
        """Some of them: a commit must not take long."""
        ...
