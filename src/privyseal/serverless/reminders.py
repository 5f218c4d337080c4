"""Reminders of certificates that come to their end: once a day and stage, and once when it has come.

None is sent of a certificate that is revoked, or that a newer one of the same subject has replaced. When
there is something to say next is a column of its row, so nobody looks through certificates; a stage that
the service has slept through is said when it is back, with the days that are left then.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from threading import Event
from typing import Final

from privyseal.ca.model import Certificate
from privyseal.ca.ports import Authorities, Certificates
from privyseal.serverless import notices, responses
from privyseal.serverless.model import Issue, Noted
from privyseal.serverless.notice_ports import NotedIssues
from privyseal.serverless.ports import Issues
from privyseal.store import Store, Tx

PAGE: Final = 100  # certificates of one commit
# For so long after its end, a certificate is said to have expired.
_RECENT: Final = timedelta(days=1)
_DAY: Final = timedelta(days=1)
# Newer certificates of one common name among which its successor is looked for.
_NEWER: Final = 100


class Reminders:
    """`stages` are in days before the end, by the calendar (UTC)."""

    def __init__(
        self,
        store: Store,
        stages: Sequence[int],
        *,
        noted: NotedIssues,
        issues: Issues,
        certificates: Certificates,
        authorities: Authorities,
    ) -> None:
        self._store = store
        self._noted = noted
        self._issues = issues
        self._certificates = certificates
        self._authorities = authorities
        self._stages = sorted(set(stages), reverse=True)
        self._plan = "days " + ",".join(map(str, self._stages))

    def waiting(self, tx: Tx) -> bool:
        return bool(self._noted.unplanned(tx, self._plan, 1) or self._noted.due(tx, 1))

    def say_due(self, stopping: Event) -> None:
        """All that there is to say now."""
        while not stopping.is_set() and self._store.view(self.waiting):
            self._store.transact(self._say_some)

    def _say_some(self, tx: Tx) -> None:
        """A page, with what was said in one commit."""
        for noted in self._noted.unplanned(tx, self._plan, PAGE):
            self._plan_next(tx, noted)
        for noted in self._noted.due(tx, PAGE):
            self._say(tx, noted)

    def _say(self, tx: Tx, noted: Noted) -> None:
        issue = noted.issue
        key = issue.authority_id, issue.serial
        certificate = self._certificates.find_many(tx, [key]).get(key)
        if certificate is None or (noted.revoked_at is not None):
            self._noted.plan(tx, issue, None, None)
            return
        if certificate.revoked_at is None and not self._is_replaced(tx, issue):
            noted = self._remind(tx, noted, certificate)
        if tx.now >= issue.expires_at:
            self._noted.plan(tx, issue, None, None)
        else:
            self._plan_next(tx, noted, after_today=True)

    def _remind(self, tx: Tx, noted: Noted, certificate: Certificate) -> Noted:
        issue = noted.issue
        over = tx.now >= issue.expires_at
        days = 0 if over else max((_day(issue.expires_at) - _day(tx.now)) // _DAY, 1)
        if (over and tx.now - issue.expires_at > _RECENT) or (not over and _is_today(noted, tx.now)):
            return noted
        authority = self._authorities.find(tx, issue.authority_id)
        if authority is None:
            return noted
        said = (*noted.reminded, responses.at(tx.now))
        self._noted.remind(tx, issue, said)
        tx.record(notices.reminded(authority.arn, issue, certificate.der, days))
        return Noted(issue, noted.revoked_at, said, noted.changes + 1)

    def _is_replaced(self, tx: Tx, issue: Issue) -> bool:
        """By one of the same subject that was issued later, ends later, and is not revoked."""
        newer = [
            each
            for each in self._issues.named(tx, issue.account, issue.common_name, None, _NEWER)
            if each.subject == issue.subject
            and each.issued_at > issue.issued_at
            and each.expires_at > issue.expires_at
        ]
        rows = self._certificates.find_many(tx, [(each.authority_id, each.serial) for each in newer])
        return any(row.revoked_at is None for row in rows.values())

    def _plan_next(self, tx: Tx, noted: Noted, *, after_today: bool = False) -> None:
        today = _day(tx.now)
        first = today + _DAY if after_today or _is_today(noted, tx.now) else today
        expires = noted.issue.expires_at
        days = (_day(expires) - stage * _DAY for stage in self._stages)
        at = next((day for day in days if day >= first), expires)
        if noted.revoked_at is not None or tx.now > expires + _RECENT:
            self._noted.plan(tx, noted.issue, None, None)
        else:
            self._noted.plan(tx, noted.issue, self._plan, at)


def _day(moment: datetime) -> datetime:
    """Its beginning."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def _is_today(noted: Noted, now: datetime) -> bool:
    return any(said.startswith(f"{now.astimezone(UTC):%Y-%m-%d}") for said in noted.reminded)
