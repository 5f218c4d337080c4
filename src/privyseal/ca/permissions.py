"""Permissions of AWS services on an authority: what managed renewal needs.

Source: acm-pca service model and user guide, "Assign certificate renewal permissions to ACM". The
only principal is ACM, and only for the account that owns the authority.
"""

import json
from collections.abc import Sequence

from privyseal.ca.lookup import find_authority, require_status
from privyseal.ca.model import Authority, Permission
from privyseal.ca.ports import Authorities, Permissions
from privyseal.ca.states import GRANTS
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn
from privyseal.store import Store, Tx, UniqueError

PRINCIPALS = frozenset({"acm.amazonaws.com"})

# A principal has permissions for one account, the owner's: `_check`.
MAX_ACCOUNTS = 1

# Where a page ends: the (principal, source_account) of its last row.
Position = tuple[str, str]


class PermissionService:
    def __init__(self, store: Store, authorities: Authorities, permissions: Permissions) -> None:
        self._store = store
        self._authorities = authorities
        self._permissions = permissions

    def create(
        self, caller: Caller, arn: str, principal: str, actions: Sequence[str], source_account: str | None
    ) -> None:
        """Let `principal` do `actions`. Raises ALREADY_EXISTS when it may do anything already."""
        account = source_account or caller.account
        _check(caller, principal, account)
        names = tuple(dict.fromkeys(actions))

        def write(tx: Tx) -> None:
            authority = self._find(tx, caller, arn)
            permission = Permission(authority.arn.id, principal, account, names, tx.now)
            self._permissions.insert(tx, permission)
            detail = {"grantee": principal, "source_account": account, "actions": list(names)}
            tx.record(entry("acm-pca:CreatePermission", caller, arn, **detail))

        try:
            self._store.transact(write)
        except UniqueError:
            raise PrivySealError(
                ErrorCode.ALREADY_EXISTS, f"{principal} already has a permission on {arn}; delete it first."
            ) from None

    def delete(self, caller: Caller, arn: str, principal: str, source_account: str | None) -> None:
        """Take the permission back. Raises NOT_FOUND when there is none."""
        account = source_account or caller.account
        _check(caller, principal, account)

        def write(tx: Tx) -> None:
            authority = self._find(tx, caller, arn)
            if not self._permissions.remove(tx, authority.arn.id, principal, account):
                raise PrivySealError(ErrorCode.NOT_FOUND, f"{principal} has no permission on {arn}.")
            detail = {"grantee": principal, "source_account": account}
            tx.record(entry("acm-pca:DeletePermission", caller, arn, **detail))

        self._store.transact(write)

    def page(
        self, caller: Caller, arn: str, after: Position | None, limit: int
    ) -> tuple[Sequence[Permission], Position | None]:
        """One page, and the position after it; None at the end."""

        def read(tx: Tx) -> tuple[Sequence[Permission], Position | None]:
            authority = self._find(tx, caller, arn)
            rows = self._permissions.page(tx, authority.arn.id, after, limit + 1)
            last = rows[limit - 1] if len(rows) > limit else None
            return rows[:limit], (last.principal, last.source_account) if last else None

        return self._store.view(read)

    def _find(self, tx: Tx, caller: Caller, arn: str) -> Authority:
        return require_status(find_authority(tx, self._authorities, caller, arn), tx.now, GRANTS)


def may(
    tx: Tx,
    permissions: Permissions,
    authority_id: str,
    *,
    principal: str,
    account: str,
    actions: frozenset[str],
) -> bool:
    """Whether `principal` may do all of these actions with the authority on behalf of the account."""
    before = (principal, "")  # comes before every account of that principal
    rows = permissions.page(tx, authority_id, before, MAX_ACCOUNTS)
    return any(
        (row.principal, row.source_account) == (principal, account) and actions <= set(row.actions)
        for row in rows
    )


def policy_of(permission: Permission, arn: AuthorityArn) -> str:
    """What the permission says, as a policy document; AWS shows one with every permission."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": permission.principal},
        "Action": [f"acm-pca:{action}" for action in permission.actions],
        "Resource": str(arn),
        "Condition": {"StringEquals": {"aws:SourceAccount": permission.source_account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def _check(caller: Caller, principal: str, account: str) -> None:
    if principal not in PRINCIPALS:
        raise PrivySealError(
            ErrorCode.VALIDATION, f"The only valid principal is {', '.join(sorted(PRINCIPALS))}."
        )
    if account != caller.account:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            "SourceAccount must be the account of the caller; leave it out or repair it.",
        )
