"""What this service remembers of the certificates that were asked for as serverless-ca's are."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """One certificate beside its row in `ca/`: what only its notices, its search and its table need."""

    account: str
    authority_id: str
    serial: int
    common_name: str
    subject: str  # as `subject.shown` writes it
    key_digest: bytes  # SHA-256 of the DER SubjectPublicKeyInfo
    issued_at: datetime
    expires_at: datetime
    notify_issued: bool
    notify_expiry: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """A certificate with what has been said of it since. `reminded` are the times of its reminders, as
    the contract writes them; `changes` counts what its item of the table has to say.
    """

    issue: Issue
    revoked_at: datetime | None = None
    reminded: tuple[str, ...] = ()
    changes: int = 0
