"""Authorities that come to their end: said once at each stage, and once when it has come.

What is said is a journal entry. When there is something to say next is a row of its own, written with
each certificate that an authority gets, so that nobody has to look through authorities.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event

from privyseal.ca.lookup import is_gone
from privyseal.ca.model import Authority, AuthorityExpiry
from privyseal.ca.ports import Authorities, AuthorityExpiries
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.events.journal import entry
from privyseal.names import new_id
from privyseal.store import Store, Tx

# Days before the end. A stage that the certificate begins in, since it lives no longer, is not said.
STAGES = (90, 60, 30, 14, 7, 3, 1)
EXPIRED = 0
PAGE = 100  # authorities of one commit
# A deleted authority may be restored: it is looked at again.
RECHECK = timedelta(days=1)

PRINCIPAL = "service:ca"
APPROACHING = "privyseal:AuthorityApproachingExpiration"
EXPIRE = "privyseal:ExpireAuthority"

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Stages:
    """Of one certificate."""

    not_after: datetime

    def at(self, now: datetime) -> int | None:
        """The stage that it is in; None before the first."""
        if now > self.not_after:  # as `states.status_at` has it
            return EXPIRED
        left = self.not_after - now
        return min((stage for stage in STAGES if left <= stage * _DAY), default=None)

    def next_at(self, said: int | None) -> datetime | None:
        """When there is something to say after a stage."""
        if said == EXPIRED:
            return None
        later = [stage for stage in STAGES if said is None or stage < said]
        return self.not_after - later[0] * _DAY if later else self.not_after + timedelta(seconds=1)


def watch(authority_id: str, not_after: datetime, now: datetime) -> AuthorityExpiry:
    """The row of an authority that has just got a certificate."""
    stages = _Stages(not_after)
    stage = stages.at(now)
    return AuthorityExpiry(authority_id, not_after, stages.next_at(stage), stage)


class ExpiryWatch:
    def __init__(self, store: Store, authorities: Authorities, expiries: AuthorityExpiries) -> None:
        self._store = store
        self._authorities = authorities
        self._expiries = expiries

    def waiting(self, tx: Tx) -> bool:
        return bool(self._expiries.due(tx, 1))

    def say_due(self, stopping: Event) -> None:
        """All that there is to say now."""
        while not stopping.is_set() and self._store.transact(self._say_some):
            pass

    def _say_some(self, tx: Tx) -> int:
        """One page, with what was said in one commit; how many there were."""
        due = self._expiries.due(tx, PAGE)
        found = self._authorities.find_many(tx, [each.authority_id for each in due])
        for each in due:
            self._expiries.put(tx, self._say(tx, each, found.get(each.authority_id)))
        return len(due)

    def _say(self, tx: Tx, row: AuthorityExpiry, authority: Authority | None) -> AuthorityExpiry:
        """What becomes of the row."""
        if authority is None or is_gone(authority, tx.now):
            return replace(row, due_at=None)
        if authority.status is Status.DELETED:
            return replace(row, due_at=tx.now + RECHECK)
        stages = _Stages(row.not_after)
        stage = stages.at(tx.now)
        if stage is not None and (row.stage is None or stage < row.stage):
            self._record(tx, row, authority, stage)
            return replace(row, stage=stage, due_at=stages.next_at(stage))
        return replace(row, due_at=stages.next_at(row.stage))

    def _record(self, tx: Tx, row: AuthorityExpiry, authority: Authority, stage: int) -> None:
        left = max(math.ceil((row.not_after - tx.now) / _DAY), 0)
        tx.record(
            entry(
                EXPIRE if stage == EXPIRED else APPROACHING,
                Caller(PRINCIPAL, authority.arn.account, new_id()),
                str(authority.arn),
                days_to_expiry=left,
                not_after=f"{row.not_after:%Y-%m-%dT%H:%M:%SZ}",
                subject=authority.subject.get("CommonName", ""),
            )
        )
