"""How many certificates an authority may issue, where the operator has set a limit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from privyseal.ca.ports import Certificates
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store

# Counting reads an index from end to end, so it is done once in a while; what this process issues
# in between is added. What other processes issue in that time can go beyond the limit.
COUNTED_FOR = timedelta(seconds=10)


@dataclass(slots=True)
class _Count:
    at: datetime
    certificates: int


class CertificateQuota:
    """`limit` None: no limit, and nothing is counted."""

    def __init__(self, store: Store, certificates: Certificates, limit: int | None) -> None:
        self._store = store
        self._certificates = certificates
        self._limit = limit
        self._counts: dict[str, _Count] = {}

    def take(self, authority_id: str, now: datetime) -> None:
        """Count one more certificate. Raises LIMIT_EXCEEDED. One thread at a time per authority."""
        if self._limit is None:
            return
        count = self._counts.get(authority_id)
        if count is None or now >= count.at + COUNTED_FOR:
            issued = self._store.view(lambda tx: self._certificates.count(tx, authority_id))
            count = self._counts[authority_id] = _Count(now, issued)
        if count.certificates >= self._limit:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"The certificate authority has issued {self._limit} certificates, which is its limit.",
            )
        count.certificates += 1
