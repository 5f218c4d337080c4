"""What the CA domain asks of the outside: repositories, key stores, and places to publish.

Every repository method runs inside the transaction it is given. Writing methods raise
`privyseal.store.UniqueError` when a unique index refuses a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from privyseal.ca.model import (
    AuditReport,
    Authority,
    AuthorityExpiry,
    Certificate,
    Permission,
    ReportStatus,
    StoredKey,
    Tag,
)
from privyseal.ca.requests import PendingRequest
from privyseal.store import Tx
from privyseal.x509.algorithms import PrivateKey


class Authorities(Protocol):
    def insert(self, tx: Tx, authority: Authority) -> None: ...

    def find(self, tx: Tx, authority_id: str) -> Authority | None: ...

    def find_many(self, tx: Tx, ids: Sequence[str]) -> Mapping[str, Authority]: ...

    def versions(self, tx: Tx, ids: Sequence[str]) -> Mapping[str, int]:
        """The version of each authority that exists."""
        ...

    def by_token(self, tx: Tx, account: str, region: str, token: str) -> Authority | None: ...

    def forget_token(self, tx: Tx, authority_id: str) -> None: ...

    def update(self, tx: Tx, authority: Authority) -> bool:
        """Write the row if its stored version is `authority.version - 1`; False if it is not."""
        ...

    def page(
        self, tx: Tx, account: str, region: str, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Authority]:
        """In order of (created_at, id), those after the given position."""
        ...

    def count(self, tx: Tx, account: str, region: str) -> int: ...


class Certificates(Protocol):
    def insert_many(self, tx: Tx, certificates: Sequence[Certificate]) -> None: ...

    def find_many(self, tx: Tx, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Certificate]:
        """By (authority id, serial); one query however many keys."""
        ...

    def by_tokens(self, tx: Tx, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Certificate]:
        """By (authority id, token); one query however many keys."""
        ...

    def forget_tokens(self, tx: Tx, keys: Sequence[tuple[str, int]]) -> None:
        """Free the tokens of certificates whose five minutes are over."""
        ...

    def revoke(
        self,
        tx: Tx,
        authority_id: str,
        serial: int,
        *,
        at: datetime,
        reason: str,
        invalidity_date: datetime | None = None,
    ) -> bool:
        """Mark as revoked or held; False if it is either already: the first time and reason stay."""
        ...

    def revoke_held(
        self, tx: Tx, authority_id: str, serial: int, *, reason: str, invalidity_date: datetime | None = None
    ) -> bool:
        """Revoke for good what is held, since the time of its hold; False if it is not held. Without an
        invalidity date it keeps the one that it has.
        """
        ...

    def release(self, tx: Tx, authority_id: str, serial: int) -> bool:
        """Take a hold back; False if it is not held."""
        ...

    def by_keys(self, tx: Tx, key_digests: Sequence[bytes]) -> Sequence[Certificate]:
        """All with one of these public keys, whoever has issued them, in order of issue; one query."""
        ...

    def page(
        self, tx: Tx, authority_id: str, after: tuple[datetime, int] | None, limit: int
    ) -> Sequence[Certificate]:
        """In order of (issued_at, serial), those after the given position."""
        ...

    def count(self, tx: Tx, authority_id: str) -> int:
        """How many the authority has issued. Takes time in proportion to the answer."""
        ...


class AuthorityExpiries(Protocol):
    def put(self, tx: Tx, row: AuthorityExpiry) -> None:
        """Add, or overwrite by authority."""
        ...

    def due(self, tx: Tx, limit: int) -> Sequence[AuthorityExpiry]:
        """Where there is something to say now, the oldest first."""
        ...


class PendingRequests(Protocol):
    """Promised certificates; `ca.deferred` says how they come and go."""

    def insert(self, tx: Tx, pending: PendingRequest) -> None: ...

    def find_many(self, tx: Tx, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], PendingRequest]:
        """By (authority id, serial); one query however many keys."""
        ...

    def by_token(self, tx: Tx, authority_id: str, token: str) -> PendingRequest | None: ...

    def forget_token(self, tx: Tx, pending: PendingRequest) -> None: ...

    def any_due(self, tx: Tx) -> bool:
        """Whether `claim` would find any."""
        ...

    def claim(self, tx: Tx, until: datetime, limit: int) -> Sequence[PendingRequest]:
        """Due requests that nobody else has claimed, the oldest first; ours until the given time."""
        ...

    def remove(self, tx: Tx, pending: PendingRequest) -> None: ...

    def fail(self, tx: Tx, pending: PendingRequest, failure: str) -> None: ...


class Tags(Protocol):
    def of(self, tx: Tx, resource: str) -> Sequence[Tag]:
        """All tags of a resource, in order of their keys."""
        ...

    def put(self, tx: Tx, resource: str, tags: Sequence[Tag]) -> None:
        """Add or overwrite by key."""
        ...

    def remove(self, tx: Tx, resource: str, keys: Sequence[str]) -> None: ...


class Permissions(Protocol):
    def insert(self, tx: Tx, permission: Permission) -> None:
        """Raises UniqueError where the principal has one for that account already."""
        ...

    def remove(self, tx: Tx, authority_id: str, principal: str, source_account: str) -> bool:
        """False where there is none."""
        ...

    def page(
        self, tx: Tx, authority_id: str, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Permission]:
        """In order of (principal, source_account), those after the given position."""
        ...


class Policies(Protocol):
    """At most one resource policy for each authority: JSON, as it was given."""

    def find(self, tx: Tx, authority_id: str) -> str | None: ...

    def put(self, tx: Tx, authority_id: str, document: str) -> None: ...

    def remove(self, tx: Tx, authority_id: str) -> bool:
        """False where there is none."""
        ...


class AuditReports(Protocol):
    def insert(self, tx: Tx, report: AuditReport) -> None: ...

    def find(self, tx: Tx, authority_id: str, report_id: str) -> AuditReport | None: ...

    def newest(self, tx: Tx, authority_id: str) -> AuditReport | None:
        """The newest one that has not failed."""
        ...

    def next_due(self, tx: Tx) -> AuditReport | None:
        """The oldest one that is CREATING and that nobody holds now."""
        ...

    def lease(self, tx: Tx, report: AuditReport, until: datetime) -> AuditReport | None:
        """Begin to write it; None where somebody else was first."""
        ...

    def extend(self, tx: Tx, report: AuditReport, until: datetime) -> bool:
        """Hold it for longer; False where it is somebody else's by now."""
        ...

    def give_back(self, tx: Tx, report: AuditReport) -> None:
        """Stop writing it, as if it had never been begun."""
        ...

    def finish(self, tx: Tx, report: AuditReport, status: ReportStatus) -> bool:
        """SUCCESS or FAILED for good; False where it is somebody else's by now."""
        ...


class Publisher(Protocol):
    """Where reports are put for others to fetch: buckets of objects, as S3 has them."""

    def check(self, bucket: str) -> None:
        """Raises what forbids to write there: INVALID_ARGUMENT, VALIDATION or UNAVAILABLE."""
        ...

    def put(
        self,
        bucket: str,
        key: str,
        content: Iterable[bytes],
        content_type: str,
        *,
        acl: str | None = None,
    ) -> None:
        """Write one object, whole or not at all; it replaces the one that is there. `acl` is an
        S3ObjectAcl of the service model; without it the bucket decides.

        An exception of `content` comes out as it is, and nothing is written.
        Raises like `check`.
        """
        ...

    def url(self, bucket: str, key: str) -> str | None:
        """Where the object is found over plain HTTP; None where it is not."""
        ...


class KeyStore(Protocol):
    """Where private keys live. A key never leaves it except as an object that signs."""

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        """Make a key. `key_id` is the authority's id and is bound into a wrapped key."""
        ...

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        """The key, ready to sign. Raises PrivySealError(UNAVAILABLE) when it cannot be had now."""
        ...
