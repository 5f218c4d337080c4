"""The CRLs that an authority has: one that is complete, or one for each partition of its certificates.

A CRL has to be there as soon as a certificate names it. So whoever switches CRLs on, gives an
authority its certificate or fills a partition calls `ensure_scopes` or `count` in the same commit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from privyseal.ca.model import ROOT, Authority
from privyseal.ca.ports import Publisher
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.settings import check_bucket, crl_settings, ocsp_settings
from privyseal.ca.revocation.urls import StatusUrls
from privyseal.ca.states import ANSWERS
from privyseal.names import new_id
from privyseal.store import Tx
from privyseal.x509.keys import key_bits
from privyseal.x509.ocsp_request import hashed

# Certificates of a partition before the next one is opened.
PARTITION_SIZE = 100_000
COMPLETE = ""  # the partition of the complete CRL


class Scopes:
    def __init__(
        self,
        rows: Repositories,
        urls: StatusUrls,
        publisher: Publisher,
        partition_size: int = PARTITION_SIZE,
    ) -> None:
        self._rows = rows
        self._urls = urls
        self._publisher = publisher
        self._partition_size = partition_size

    def check_bucket(self, revocation: Mapping[str, Any]) -> None:
        """That CRLs can be written to the bucket of such settings, if they name one: before a transaction,
        for it may be far away. Raises INVALID_ARGUMENT, VALIDATION, INVALID_POLICY or UNAVAILABLE.
        """
        check_bucket(self._publisher, revocation)

    def ensure(self, tx: Tx, authority: Authority) -> None:
        """Make the CRLs that the authority's settings ask for, where they are not there yet, and have
        its OCSP responder looked after.

        Raises INVALID_ARGUMENT where what certificates would name has no URL.
        """
        settings = crl_settings(authority)
        self._urls.extensions(authority, COMPLETE)
        if ocsp_settings(authority) and authority.certificate:
            self._rows.ocsp_responders.want(tx, authority.arn.id, hashed(key_bits(authority.public_key)))
        if settings is None or authority.status_at(tx.now) not in ANSWERS:
            return
        # A root's own certificate is in no partition, and who checks whole chains wants a CRL for it too.
        if not settings.partitioned or authority.type == ROOT:
            self._rows.crls.require(tx, authority.arn.id, COMPLETE)
        if settings.partitioned:
            self._ensure_open(tx, authority)
        self._rows.crls.all_changed(tx, authority.arn.id)

    def _ensure_open(self, tx: Tx, authority: Authority) -> None:
        if partition := self._rows.partitions.open_of(tx, [authority.arn.id]).get(authority.arn.id):
            self._name(tx, authority, partition)
        else:
            self._open(tx, authority)

    def open_of(self, tx: Tx, authorities: Sequence[Authority]) -> Mapping[str, str]:
        """Authority id → the partition of its next certificates; only for those that are partitioned."""
        ids = [each.arn.id for each in authorities if (s := crl_settings(each)) and s.partitioned]
        return self._rows.partitions.open_of(tx, ids) if ids else {}

    def count(self, tx: Tx, authority_id: str, partition: str, certificates: int) -> None:
        """So many certificates have been issued that name the partition: when it is full, open the next."""
        if self._rows.partitions.add(tx, authority_id, partition, certificates) >= self._partition_size and (
            self._rows.partitions.open_of(tx, [authority_id]).get(authority_id) == partition
        ):
            authority = self._rows.authorities.find(tx, authority_id)
            assert authority is not None  # it has just issued
            self._open(tx, authority)

    def _open(self, tx: Tx, authority: Authority) -> None:
        """A partition, whose CRL is due from now on, empty as it may be."""
        partition = new_id()
        self._rows.partitions.insert(tx, authority.arn.id, partition)
        self._rows.crls.require(tx, authority.arn.id, partition)
        self._name(tx, authority, partition)

    def _name(self, tx: Tx, authority: Authority, partition: str) -> None:
        """Certificates of the partition name this URL from now on, and so must its CRL."""
        if settings := crl_settings(authority):
            url = self._urls.crl(authority, settings, partition)
            self._rows.crls.found_at(tx, authority.arn.id, partition, url)
