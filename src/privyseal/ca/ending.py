"""When authorities and their OCSP responders end, for monitoring: both few, what is read is bounded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from privyseal.names import AuthorityArn
from privyseal.store import Tx

# So many are looked at, those that end first before the others.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class AuthorityEnd:
    arn: AuthorityArn
    common_name: str  # "": the subject has none
    serial: int
    not_after: datetime


class Endings(Protocol):
    """Each in the order of their ends, at most `limit`, inside the transaction that is given."""

    def authorities(self, tx: Tx, limit: int = MOST) -> Sequence[AuthorityEnd]:
        """Those that are switched on, expired ones among them."""
        ...

    def responders(self, tx: Tx, limit: int = MOST) -> Sequence[datetime]:
        """The ends of the certificates of responders."""
        ...
