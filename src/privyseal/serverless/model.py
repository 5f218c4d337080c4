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
