"""The jobs that go by the calendar: who expires soon is told of, and who has expired says so."""

import threading
from dataclasses import replace

from privyseal.caller import Caller
from privyseal.managed import limits
from privyseal.managed.model import AccountConfiguration, ManagedCertificate, Renewal
from privyseal.managed.notices import is_approaching, needs_action, next_notice
from privyseal.managed.renewal import Schedule
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.restoring import restore
from privyseal.managed.settling import days_before_expiry
from privyseal.managed.states import Event, RenewalStatus, transition
from privyseal.managed.told import days_left, told
from privyseal.names import new_id
from privyseal.store import Store, Tx

APPROACHING = "acm:ApproachingExpiration"
ACTION_REQUIRED = "acm:RenewalActionRequired"
EXPIRED = "acm:ExpireCertificate"
# Certificates in one commit.
PAGE = 256


class Expiring:
    def __init__(self, store: Store, rows: ManagedRows, schedule: Schedule) -> None:
        self._store = store
        self._schedule = schedule
        self._rows = rows

    def notice_due(self, stopping: threading.Event) -> None:
        """Say of each certificate what is due, once; what was missed meanwhile is not made up for."""
        while not stopping.is_set() and self._store.view(self.has_to_notice):
            self._store.transact(self._notice_page)

    def expire_due(self, stopping: threading.Event) -> None:
        """And take back what was said to have expired when the clock was ahead."""
        while not stopping.is_set() and self._store.view(self.has_to_expire):
            self._store.transact(self._expire_page)

    def has_to_notice(self, tx: Tx) -> bool:
        return bool(self._rows.accounts.next_unapplied(tx) or self._rows.certificates.to_notice(tx, 1))

    def has_to_expire(self, tx: Tx) -> bool:
        rows = self._rows.certificates
        return bool(rows.to_expire(tx, 1) or rows.to_restore(tx, 1))

    def _notice_page(self, tx: Tx) -> None:
        if configuration := self._rows.accounts.next_unapplied(tx):
            self._apply(tx, configuration)
        for certificate in self._rows.certificates.to_notice(tx, PAGE):
            self._notice(tx, certificate)

    def _notice(self, tx: Tx, certificate: ManagedCertificate) -> None:
        days = days_before_expiry(tx, self._rows, certificate)
        material = certificate.material
        assert material is not None  # it has a notice to come
        left = days_left(material.not_after, tx.now)
        if left == 0:  # the other job's
            self._plan(tx, replace(certificate, notice_at=None))
            return
        caller = _caller(certificate)
        if is_approaching(left, days):
            tx.record(told(APPROACHING, caller, certificate, tx.now))
        is_open = tx.now >= self._schedule.opens_at(material)
        if is_open and needs_action(certificate, left):
            tx.record(told(ACTION_REQUIRED, caller, certificate, tx.now))
        after = replace(certificate, noticed_days=left)
        self._plan(tx, replace(after, notice_at=next_notice(after, days)))

    def _apply(self, tx: Tx, configuration: AccountConfiguration) -> None:
        """Another number of days: a page of the account's certificates follows it."""
        page = self._rows.certificates.page(
            tx, configuration.account, configuration.region, configuration.applied_to, PAGE
        )
        for certificate in page:
            notice_at = next_notice(certificate, configuration.days_before_expiry)
            if notice_at != certificate.notice_at:
                self._plan(tx, replace(certificate, notice_at=notice_at))
        last = (page[-1].created_at, page[-1].arn.id) if page else None
        done = len(page) < PAGE
        self._rows.accounts.put(tx, replace(configuration, applied=done, applied_to=None if done else last))

    def _expire_page(self, tx: Tx) -> None:
        for certificate in self._rows.certificates.to_restore(tx, PAGE):
            restore(tx, self._rows, self._schedule, certificate)
        for certificate in self._rows.certificates.to_expire(tx, PAGE):
            status = transition(certificate.status, Event.EXPIRED)
            assert status is not None  # only ISSUED ones are to expire
            after = replace(
                certificate,
                status=status,
                renewal=_given_up(certificate, tx),
                attempt=None,
                attempt_at=None,
                notice_at=None,
                version=certificate.version + 1,
            )
            written = self._rows.certificates.update(tx, after)
            assert written  # it was read in this transaction
            tx.record(told(EXPIRED, _caller(certificate), after, tx.now))

    def _plan(self, tx: Tx, after: ManagedCertificate) -> None:
        written = self._rows.certificates.plan(tx, replace(after, version=after.version + 1))
        assert written  # it was read in this transaction


def _given_up(certificate: ManagedCertificate, tx: Tx) -> Renewal | None:
    renewal = certificate.renewal
    if renewal is None or renewal.status is not RenewalStatus.PENDING_AUTO_RENEWAL:
        return renewal
    return Renewal(RenewalStatus.FAILED, renewal.reason, tx.now)


def _caller(certificate: ManagedCertificate) -> Caller:
    return Caller(limits.PRINCIPAL, certificate.arn.account, new_id())
