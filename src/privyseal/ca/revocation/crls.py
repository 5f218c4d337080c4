"""CRLs are made here, in the background, whenever one is due, and published.

A CRL that is due is a row. Whoever makes it holds a lease, so that of many processes one does, and one
whose process has died is made by another. Its documents are written aside and published in one commit:
what is served is always whole. Numbers and times never go back: a clock that is far behind the last
CRL publishes nothing until somebody has set it right.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event

from privyseal import log
from privyseal.ca.keys import OpenKeys
from privyseal.ca.lookup import is_gone
from privyseal.ca.model import Authority
from privyseal.ca.ports import Publisher
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation import timing
from privyseal.ca.revocation.crl_writing import BATCH, CrlWriting, LostError, Signer
from privyseal.ca.revocation.model import Crl, CrlDocument
from privyseal.ca.revocation.settings import CrlSettings, crl_settings
from privyseal.ca.revocation.urls import StatusUrls, crl_key
from privyseal.ca.states import ANSWERS
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx
from privyseal.x509.algorithms import signing_algorithm
from privyseal.x509.build import issuer_from_certificate
from privyseal.x509.crl import CrlTerms

ACTION = "acm-pca:GenerateCrl"
CONTENT_TYPE = "application/pkix-crl"  # RFC 2585 §4.2
# Who makes CRLs, as CloudTrail has it (its event GenerateCRL).
PRINCIPAL = "acm-pca.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _Order:
    """A leased CRL of an authority that has CRLs now. `now` is when it was leased."""

    crl: Crl
    authority: Authority
    settings: CrlSettings
    now: datetime


class CrlMaker:
    def __init__(
        self,
        store: Store,
        rows: Repositories,
        keys: OpenKeys,
        publisher: Publisher,
        *,
        urls: StatusUrls,
        deltas: bool,
    ) -> None:
        self._store = store
        self._rows = rows
        self._keys = keys
        self._publisher = publisher
        self._urls = urls
        self._deltas = deltas
        self._compared = False  # whether this start's URLs are those of the last one

    def waiting(self, tx: Tx) -> bool:
        crls = self._rows.crls
        return not self._compared or crls.next_due(tx) is not None or crls.discarded(tx) is not None

    def make_due(self, stopping: Event) -> None:
        """Make every CRL that is due and that nobody makes, and tidy up after those before."""
        if not self._compared:
            self._store.transact(self._compare_urls)
            self._compared = True
        while not stopping.is_set() and (due := self._store.view(self._rows.crls.next_due)):
            order = self._store.transact(lambda tx, crl=due: self._take(tx, crl))  # type: ignore[misc]
            if order:
                self._make(order, stopping)
        while not stopping.is_set() and (document_id := self._store.view(self._rows.crls.discarded)):
            self._store.transact(lambda tx, each=document_id: self._rows.crls.delete_chunks(tx, each))  # type: ignore[misc]

    def _compare_urls(self, tx: Tx) -> None:
        """Certificates name this start's URLs. A partition says which ones it is found at: where that is
        not this one yet, it is made again.
        """
        for crl in self._rows.crls.open_partitions(tx):
            authority = self._rows.authorities.find(tx, crl.authority_id)
            settings = crl_settings(authority) if authority else None
            url = self._url(authority, settings, crl) if authority and settings else None
            if url and url not in crl.points:
                self._rows.crls.found_at(tx, crl.authority_id, crl.partition, url)
                self._rows.crls.changed(tx, crl.authority_id, [crl.partition])

    def _url(self, authority: Authority, settings: CrlSettings, crl: Crl) -> str | None:
        """None where this start has no address for CRLs."""
        try:
            return self._urls.crl(authority, settings, crl.partition)
        except PrivySealError:
            return None

    def _take(self, tx: Tx, due: Crl) -> _Order | None:
        """Lease it, unless it is not to be made now."""
        crl = self._rows.crls.lease(tx, due)
        if crl is None:
            return None
        authority = self._rows.authorities.find(tx, crl.authority_id)
        if authority is None or is_gone(authority, tx.now):
            self._rows.crls.finish(tx, crl, None, soon=tx.now)
            return None
        settings = crl_settings(authority)
        if settings is None or authority.status_at(tx.now) not in ANSWERS:
            again = tx.now + timing.RECHECK
            self._rows.crls.finish(tx, crl, again, soon=again)
            return None
        return _Order(crl, authority, settings, tx.now)

    def _make(self, order: _Order, stopping: Event) -> None:
        try:
            made, documents = self._written(order, stopping)
            order = replace(order, crl=made)
            self._store.transact(lambda tx: self._publish(tx, order, documents))
            self._copy(order, documents, stopping)
        except LostError:  # somebody else has it, or is to have it
            self._store.transact(lambda tx: self._rows.crls.give_back(tx, order.crl))
        except PrivySealError as error:
            self._fail(order, error.message)
        except Exception as error:  # noqa: BLE001 - a defect fails this CRL and no other
            log.exception("a CRL failed", error, authority=order.crl.authority_id)
            self._fail(order, "Internal failure.")
        else:
            self._store.transact(lambda tx: self._succeed(tx, order, documents[0]))

    def _written(self, order: _Order, stopping: Event) -> tuple[Crl, list[CrlDocument]]:
        crl, authority = order.crl, order.authority
        assert authority.certificate is not None  # it is ACTIVE or DISABLED
        issuer = issuer_from_certificate(authority.certificate, authority.chain)
        assert issuer.key_id is not None
        signer = Signer(self._keys.of(authority), signing_algorithm(authority.signing_algorithm))
        this_update = _this_update(crl, order.now)
        url = self._url(authority, order.settings, crl)
        assert crl.points or not crl.partition  # without, it would claim to be complete
        terms = CrlTerms(
            issuer=issuer.subject,
            key_id=issuer.key_id,
            number=max(crl.number + 1, int(order.now.timestamp() * 1000)),
            this_update=this_update,
            next_update=this_update + timedelta(days=order.settings.days),
            distribution_points=crl.points,
            freshest=_delta_name(url) if self._deltas and url else None,
        )
        writing = CrlWriting(self._store, self._rows, crl, stopping)
        # What has expired since the last one stays for this one (RFC 5280 §3.3).
        cutoff = min(crl.this_update or authority.created_at, order.now)
        documents = [writing.complete(cutoff, terms, signer)]
        crl = replace(crl, number=terms.number, made_at=crl.changed_at, this_update=this_update)
        crl = _with_base(crl, order)
        if terms.freshest:
            assert crl.base is not None
            assert crl.base_made_at is not None
            delta = replace(terms, base=crl.base, freshest=None)
            documents.append(writing.delta(crl.base_made_at, delta, signer))
        return crl, documents

    def _publish(self, tx: Tx, order: _Order, documents: list[CrlDocument]) -> None:
        if not self._rows.crls.publish(tx, order.crl, documents):
            raise LostError
        detail = {"crl": order.crl.name, "number": order.crl.number}
        tx.record(entry(ACTION, _caller(order), str(order.authority.arn), **detail))

    def _copy(self, order: _Order, documents: list[CrlDocument], stopping: Event) -> None:
        """Into the bucket, if there is one: after it is served, so that no number is used twice."""
        if order.settings.bucket is None:
            return
        key = crl_key(order.authority, order.settings, order.crl.partition)
        for each in documents:
            self._publisher.put(
                order.settings.bucket,
                _delta_name(key) if each.delta else key,
                self._content(order.crl, each, stopping),
                CONTENT_TYPE,
                acl=order.settings.acl,
            )

    def _content(self, crl: Crl, document: CrlDocument, stopping: Event) -> Iterator[bytes]:
        yield document.head
        for seq in range(document.chunks):
            # An older copy must not arrive after a newer one.
            if seq % BATCH == 0 and not self._store.transact(lambda tx: self._rows.crls.hold(tx, crl)):
                raise LostError
            chunk = self._store.view(lambda tx, n=seq: self._rows.crls.chunk(tx, document.id, n))  # type: ignore[misc]
            if chunk is None or stopping.is_set():
                raise LostError
            yield chunk
        yield document.tail

    def _succeed(self, tx: Tx, order: _Order, document: CrlDocument) -> None:
        half = document.this_update + (document.next_update - document.this_update) / 2
        soon = order.now + timing.INTERVAL
        self._rows.crls.finish(tx, replace(order.crl, failures=0), half, soon=soon)

    def _fail(self, order: _Order, reason: str) -> None:
        crl = replace(order.crl, failures=order.crl.failures + 1)

        def write(tx: Tx) -> None:
            again = tx.now + timing.retry_after(crl.failures)
            if self._rows.crls.finish(tx, crl, again, soon=again):
                detail = {"crl": crl.name, "result": "failure", "reason": reason}
                tx.record(entry(ACTION, _caller(order), str(order.authority.arn), **detail))

        log.warning("a CRL could not be made or copied", authority=crl.authority_id, reason=reason)
        self._store.transact(write)


def _this_update(crl: Crl, now: datetime) -> datetime:
    """In whole seconds, as DER has it, and never before the last one's."""
    last = crl.this_update
    if last is not None and now < last - timing.CLOCK_SLACK:
        raise PrivySealError(
            ErrorCode.UNAVAILABLE,
            f"The clock is behind the last CRL, which is of {last:%Y-%m-%dT%H:%M:%SZ}: set it right.",
        )
    return max(now.replace(microsecond=0), last) if last else now.replace(microsecond=0)


def _with_base(crl: Crl, order: _Order) -> Crl:
    """Deltas are to a complete CRL that is no older than half of what it is good for."""
    young = (
        order.crl.base_update and order.now < order.crl.base_update + timedelta(days=order.settings.days) / 2
    )
    if young:
        return crl
    return replace(crl, base=crl.number, base_made_at=crl.made_at, base_update=crl.this_update)


def _delta_name(place: str) -> str:
    """The delta's URL or key beside that of the complete CRL."""
    return f"{place.removesuffix('.crl')}.delta.crl"


def _caller(order: _Order) -> Caller:
    return Caller(PRINCIPAL, order.authority.arn.account, new_id())
