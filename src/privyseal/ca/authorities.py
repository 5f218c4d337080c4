"""Authorities: described, listed, switched on and off, deleted and restored.

They are made in `creation.py` and get their certificates in `certification.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from privyseal.ca import limits
from privyseal.ca.lookup import find_authority, is_gone
from privyseal.ca.model import Authority
from privyseal.ca.ports import Authorities
from privyseal.ca.revocation import settings
from privyseal.ca.revocation.scopes import Scopes
from privyseal.ca.states import HAS_CSR, RESTORABLE, UPDATES, Event, Status, transition
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx

# From a row and the transaction's time to the changed row; raises what forbids the change.
Change = Callable[[Authority, datetime], Authority]
# Where a page ends: the (created_at, id) of its last row.
Position = tuple[datetime, str]

UPDATED = "acm-pca:UpdateCertificateAuthority"
DELETED = "acm-pca:DeleteCertificateAuthority"

# The states that UpdateCertificateAuthority takes, and what each asks for.
WANTED = {"ACTIVE": Event.ENABLED, "DISABLED": Event.DISABLED}


def change_authority(tx: Tx, authorities: Authorities, caller: Caller, arn: str, change: Change) -> Authority:
    """Apply `change` to the row of `arn`, with the next version; nobody else's change is lost."""
    authority = find_authority(tx, authorities, caller, arn)
    changed = replace(change(authority, tx.now), changed_at=tx.now, version=authority.version + 1)
    if not authorities.update(tx, changed):
        raise PrivySealError(ErrorCode.CONFLICT, f"The certificate authority {arn} was changed meanwhile.")
    return changed


class AuthorityService:
    def __init__(self, store: Store, authorities: Authorities, scopes: Scopes) -> None:
        self._store = store
        self._authorities = authorities
        self._scopes = scopes

    def describe(self, caller: Caller, arn: str) -> tuple[Authority, Status]:
        """The row, and the state that time has made of its status."""

        def read(tx: Tx) -> tuple[Authority, Status]:
            authority = find_authority(tx, self._authorities, caller, arn)
            return authority, authority.status_at(tx.now)

        return self._store.view(read)

    def csr(self, caller: Caller, arn: str) -> str:
        authority, status = self.describe(caller, arn)
        if status is Status.CREATING:
            raise PrivySealError(ErrorCode.IN_PROGRESS, f"The certificate authority {arn} is being created.")
        if status not in HAS_CSR:
            raise PrivySealError(
                ErrorCode.INVALID_STATE,
                f"The certificate authority {arn} is not in the correct state "
                "to have a certificate signing request.",
            )
        return authority.csr

    def page(
        self, caller: Caller, region: str, after: Position | None, limit: int
    ) -> tuple[list[tuple[Authority, Status]], Position | None]:
        """One page in order of creation, and the position after it; None at the end."""

        def read(tx: Tx) -> tuple[list[tuple[Authority, Status]], Position | None]:
            rows = self._authorities.page(tx, caller.account, region, after, limit + 1)
            shown = [(row, row.status_at(tx.now)) for row in rows[:limit] if not is_gone(row, tx.now)]
            last = rows[limit - 1] if len(rows) > limit else None
            return shown, (last.created_at, last.arn.id) if last else None

        return self._store.view(read)

    def update(
        self, caller: Caller, arn: str, status: str | None, revocation: Mapping[str, Any] | None
    ) -> None:
        """Switch on or off, change the revocation settings; only while ACTIVE or DISABLED."""

        def change(authority: Authority, now: datetime) -> Authority:
            current = authority.status_at(now)
            if current not in UPDATES:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE,
                    "The certificate authority must be in the ACTIVE or DISABLED state to be updated",
                )
            wanted = transition(current, WANTED[status]) if status is not None else current
            assert wanted is not None  # ACTIVE and DISABLED can become each other and stay themselves
            authority = replace(authority, status=wanted)
            if revocation is not None:
                checked = settings.checked(revocation, authority.revocation)
                authority = replace(authority, revocation=checked)
            return authority

        if revocation is not None:  # a bucket may be far away: it is not asked while other writers wait
            found = self._store.view(lambda tx: (find_authority(tx, self._authorities, caller, arn), tx.now))
            self._scopes.check_bucket(change(*found).revocation)
        detail = {"status": status} if status else {}
        self._change(UPDATED, caller, arn, change, detail)

    def delete(self, caller: Caller, arn: str, days: int | None) -> None:
        """Delete, restorable for `days`. An authority without key or certificate is gone at once."""
        change = _deletion(limits.MAX_RESTORE_DAYS if days is None else days)
        self._change(DELETED, caller, arn, change, {})

    def discard(self, tx: Tx, caller: Caller, arn: str) -> Authority:
        """Switch off and delete, restorable for as long as possible, what nobody uses; as it is then."""
        if find_authority(tx, self._authorities, caller, arn).status_at(tx.now) is Status.ACTIVE:
            off = {"status": Status.DISABLED.value}
            self._changed(tx, caller, arn, UPDATED, change=_switched_off, detail=off)
        change = _deletion(limits.MAX_RESTORE_DAYS)
        return self._changed(tx, caller, arn, DELETED, change=change, detail={})

    def restore(self, caller: Caller, arn: str) -> None:
        """Bring a deleted authority back to the state it had."""

        def change(authority: Authority, _now: datetime) -> Authority:
            before = authority.status_before_deletion
            if authority.status is not Status.DELETED or before is None:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE, f"The certificate authority {arn} is not deleted."
                )
            return replace(authority, status=before, status_before_deletion=None, restorable_until=None)

        self._change("acm-pca:RestoreCertificateAuthority", caller, arn, change, {})

    def _change(
        self,
        action: str,
        caller: Caller,
        arn: str,
        change: Change,
        detail: Mapping[str, object],
    ) -> None:
        self._store.transact(lambda tx: self._changed(tx, caller, arn, action, change=change, detail=detail))

    def _changed(
        self, tx: Tx, caller: Caller, arn: str, action: str, *, change: Change, detail: Mapping[str, object]
    ) -> Authority:
        changed = change_authority(tx, self._authorities, caller, arn, change)
        self._scopes.ensure(tx, changed)
        tx.invalidate()
        tx.record(entry(action, caller, arn, **detail))
        return changed


def _switched_off(authority: Authority, _now: datetime) -> Authority:
    return replace(authority, status=Status.DISABLED)


def _deletion(days: int) -> Change:
    """Raises VALIDATION for a time that AWS does not have."""
    if not limits.MIN_RESTORE_DAYS <= days <= limits.MAX_RESTORE_DAYS:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            f"A deleted authority can be restored for {limits.MIN_RESTORE_DAYS} to "
            f"{limits.MAX_RESTORE_DAYS} days, not for {days}.",
        )
    window = timedelta(days=days)

    def change(authority: Authority, now: datetime) -> Authority:
        current = authority.status_at(now)
        deleted = transition(current, Event.DELETED)
        if deleted is None:
            raise PrivySealError(
                ErrorCode.INVALID_STATE,
                "The certificate authority is not in a valid state for deletion.",
            )
        return replace(
            authority,
            status=deleted,
            status_before_deletion=current,
            restorable_until=now + window if current in RESTORABLE else None,
            token=None,
        )

    return change
