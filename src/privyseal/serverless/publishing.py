"""Every certificate of the contract goes to its table, and says there when it is revoked or was reminded of.

What has still to be written is in the rows themselves, until it is there: whoever is killed writes it
again, which is no harm. Where no table was set before, all that there is goes to the one that is set.
"""

from collections.abc import Sequence
from datetime import timedelta
from threading import Event
from typing import Final

from privyseal import log
from privyseal.ca.ports import Certificates
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless import table_items
from privyseal.serverless.authorities import Hierarchy, Standing
from privyseal.serverless.model import Noted
from privyseal.serverless.notice_ports import CertificateTable, NotedIssues, Places
from privyseal.store import Store, Tx
from privyseal.x509.certificate import read_certificate

PAGE: Final = 25
# An item that the table refuses for itself is tried again after this: others do not wait for it.
PUT_OFF: Final = timedelta(hours=1)
_LATER: Final = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.THROTTLED})


class TablePublishing:
    """One process at a time runs it. `place` is the table's name, under which it is known what is there."""

    def __init__(
        self,
        store: Store,
        table: CertificateTable,
        *,
        noted: NotedIssues,
        places: Places,
        certificates: Certificates,
        hierarchy: Hierarchy,
        place: str,
    ) -> None:
        self._store = store
        self._noted = noted
        self._places = places
        self._certificates = certificates
        self._hierarchy = hierarchy
        self._table = table
        self._place = place

    def waiting(self, tx: Tx) -> bool:
        return bool(self._noted.unpublished(tx, 1) or self._behind(tx))

    def run(self, stopping: Event) -> None:
        """Raises UNAVAILABLE or THROTTLED where the table cannot be written now."""
        for each in self._store.view(self._behind):
            self._put_authority(each)
        while not stopping.is_set() and (page := self._store.view(self._read)):
            for noted, der in page:
                self._put(noted, der)

    def _behind(self, tx: Tx) -> list[Standing]:
        """Authorities whose item says less than there is to say."""
        standing = self._hierarchy.standing(tx)
        return [
            each
            for each in standing
            if self._places.state(tx, self._place, each.authority.arn.id) != each.state
        ]

    def _put_authority(self, standing: Standing) -> None:
        certificate = read_certificate(standing.certificate)
        number = standing.crl.number if standing.crl else 0
        self._table.put(
            table_items.authority_key(standing.slug, certificate), table_items.authority(certificate, number)
        )
        self._store.transact(
            lambda tx: self._places.put_state(tx, self._place, standing.authority.arn.id, standing.state)
        )

    def _read(self, tx: Tx) -> Sequence[tuple[Noted, bytes]]:
        page = self._noted.unpublished(tx, PAGE)
        rows = self._certificates.find_many(tx, [(n.issue.authority_id, n.issue.serial) for n in page])
        return [(each, rows[each.issue.authority_id, each.issue.serial].der) for each in page]

    def _put(self, noted: Noted, der: bytes) -> None:
        try:
            self._table.put(table_items.leaf_key(noted), table_items.leaf(noted, der))
        except PrivySealError as error:
            if error.code in _LATER:
                raise
            log.warning(
                "the table refuses a certificate", serial=str(noted.issue.serial), error=error.message
            )
            self._store.transact(lambda tx: self._noted.put_off(tx, noted.issue, tx.now + PUT_OFF))
        else:
            self._store.transact(lambda tx: self._noted.published(tx, noted))
