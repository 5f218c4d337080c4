"""What managed certificates ask of the outside: repositories, and somebody who issues.

Every method runs inside the transaction it is given. Writing methods raise
`privyseal.store.UniqueError` when a unique index refuses a row.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from privyseal.ca.requests import Issued, IssueRequest
from privyseal.errors import PrivySealError
from privyseal.managed.model import AccountConfiguration, IssuedSerial, ManagedCertificate
from privyseal.managed.states import Status
from privyseal.store import Tx

# `ca.issuance.Issuance.issue`: positional answers.
Issue = Callable[[Sequence[IssueRequest]], Sequence[Issued | PrivySealError]]
# Longer than any attempt waits for the next one.
LONGEST_WAIT = timedelta(days=1)
# Where a page ends: (created_at, id) of its last row.
Position = tuple[datetime, str]


class ManagedCertificates(Protocol):
    def insert(self, tx: Tx, certificate: ManagedCertificate) -> None: ...

    def find(self, tx: Tx, certificate_id: str) -> ManagedCertificate | None: ...

    def find_many(self, tx: Tx, ids: Sequence[str]) -> Sequence[ManagedCertificate]:
        """Those that are there, in any order; one query however many."""
        ...

    def by_token(self, tx: Tx, account: str, region: str, token: str) -> ManagedCertificate | None: ...

    def forget_token(self, tx: Tx, certificate: ManagedCertificate) -> None: ...

    def update(self, tx: Tx, certificate: ManagedCertificate) -> bool:
        """Write the row if its stored version is `certificate.version - 1`; False if it is not."""
        ...

    def plan(self, tx: Tx, certificate: ManagedCertificate) -> bool:
        """Like `update`, of what is done next alone: attempt, failures, notices. Nobody searches for that."""
        ...

    def remove(self, tx: Tx, certificate: ManagedCertificate) -> bool:
        """With its serials, if its stored version is `certificate.version`; False if it is not."""
        ...

    def page(
        self, tx: Tx, account: str, region: str, after: Position | None, limit: int
    ) -> Sequence[ManagedCertificate]:
        """In order of (created_at, id), those after the given position."""
        ...

    def to_attempt(self, tx: Tx, status: Status, limit: int) -> Sequence[ManagedCertificate]:
        """Of that status, those whose `attempt_at` has come, the oldest first; and those with an attempt
        under way, to be issued at all, or being renewed (PENDING_AUTO_RENEWAL), that are put off for longer
        than LONGEST_WAIT, which only a wrong clock has done.
        """
        ...

    def to_notice(self, tx: Tx, limit: int) -> Sequence[ManagedCertificate]:
        """Those whose `notice_at` has come, the oldest first."""
        ...

    def to_expire(self, tx: Tx, limit: int) -> Sequence[ManagedCertificate]:
        """ISSUED ones whose time is over, the oldest first."""
        ...

    def to_restore(self, tx: Tx, limit: int) -> Sequence[ManagedCertificate]:
        """EXPIRED ones that have more than LONGEST_WAIT left, which only a wrong clock has done."""
        ...

    def attempts_between(self, tx: Tx, start: datetime, end: datetime, most: int) -> int:
        """How many ISSUED ones have their `attempt_at` in [start, end); it stops counting at `most`."""
        ...


class IssuedSerials(Protocol):
    def insert(self, tx: Tx, issued: IssuedSerial) -> None: ...

    def unexpired(self, tx: Tx, certificate_id: str) -> Sequence[IssuedSerial]:
        """All of an ARN that still count, the newest first."""
        ...

    def to_follow(self, tx: Tx, limit: int) -> Sequence[IssuedSerial]:
        """Those that their authority has revoked or held, whoever asked it to, until `followed`."""
        ...

    def follow(self, tx: Tx, issued: IssuedSerial) -> None:
        """Look at it (again), whether it was revoked or not."""
        ...

    def followed(self, tx: Tx, issued: IssuedSerial) -> None: ...


class Imports(Protocol):
    """How many imports an account has made in a region: kept in the commits that change it."""

    def now(self, tx: Tx, account: str, region: str) -> int:
        """How many it has."""
        ...

    def counting(self, tx: Tx, account: str, region: str) -> int:
        """How many it has made within IMPORTS_COUNT_FOR, those that were deleted since among them."""
        ...

    def added(self, tx: Tx, account: str, region: str) -> None: ...

    def removed(self, tx: Tx, account: str, region: str) -> None: ...


class AccountConfigurations(Protocol):
    def find(self, tx: Tx, account: str, region: str) -> AccountConfiguration | None: ...

    def put(self, tx: Tx, configuration: AccountConfiguration) -> None:
        """Add, or overwrite by account and region."""
        ...

    def next_unapplied(self, tx: Tx) -> AccountConfiguration | None: ...
