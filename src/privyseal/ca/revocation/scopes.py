"""The CRLs that an authority has: one that is complete, or one for each partition of its certificates.

A CRL has to be there as soon as a certificate names it. So whoever switches CRLs on, gives an
authority its certificate or fills a partition calls `ensure_scopes` or `count` in the same commit.
"""

from collections.abc import Mapping, Sequence

from privyseal.ca.model import Authority
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.settings import crl_settings
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.states import ANSWERS
from privyseal.names import new_id
from privyseal.store import Tx

# Certificates of a partition before the next one is opened.
PARTITION_SIZE = 100_000
COMPLETE = ""  # the partition of the complete CRL


class Scopes:
    def __init__(self, rows: Repositories, urls: StatusUrls, partition_size: int = PARTITION_SIZE) -> None:
        self._rows = rows
        self._urls = urls
        self._partition_size = partition_size

    def ensure(self, tx: Tx, authority: Authority) -> None:
        """Make the CRLs that the authority's settings ask for, where they are not there yet.

        Raises INVALID_ARGUMENT where what certificates would name has no URL.
        """
        settings = crl_settings(authority)
        self._urls.extensions(authority, COMPLETE)
        if settings is None or authority.status_at(tx.now) not in ANSWERS:
            return
        if not settings.partitioned:
            self._begin(tx, authority.arn.id, COMPLETE)
        elif not self._rows.partitions.open_of(tx, [authority.arn.id]):
            self._open(tx, authority.arn.id)

    def open_of(self, tx: Tx, authorities: Sequence[Authority]) -> Mapping[str, str]:
        """Authority id → the partition of its next certificates; only for those that are partitioned."""
        ids = [each.arn.id for each in authorities if (s := crl_settings(each)) and s.partitioned]
        return self._rows.partitions.open_of(tx, ids) if ids else {}

    def count(self, tx: Tx, authority_id: str, partition: str, certificates: int) -> None:
        """So many certificates have been issued that name the partition: when it is full, open the next."""
        if self._rows.partitions.add(tx, authority_id, partition, certificates) >= self._partition_size and (
            self._rows.partitions.open_of(tx, [authority_id]).get(authority_id) == partition
        ):
            self._open(tx, authority_id)

    def _open(self, tx: Tx, authority_id: str) -> None:
        partition = new_id()
        self._rows.partitions.insert(tx, authority_id, partition)
        self._begin(tx, authority_id, partition)

    def _begin(self, tx: Tx, authority_id: str, partition: str) -> None:
        """The CRL of a scope is due from now on, empty as it may be."""
