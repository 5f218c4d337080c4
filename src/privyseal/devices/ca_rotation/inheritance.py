"""What the new authority takes over from the old one: its permissions, its resource policy and its tags.

They are copied as they stand when it is made, in the commit that notes it, so that managed renewal and
other accounts find there what they are used to. A policy names its authority as the Resource of each
statement, and nowhere else (`ca.policy_document`): there the new one stands instead. How certificates are
revoked (CRLs, OCSP) it is made with.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from privyseal import strict_json
from privyseal.ca.limits import MAX_TAGS
from privyseal.ca.model import Authority, Permission, Tag
from privyseal.ca.permissions import MAX_ACCOUNTS, PRINCIPALS
from privyseal.ca.policy_document import check_policy
from privyseal.ca.repositories import Repositories
from privyseal.devices.ca_rotation.model import Rotation
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn
from privyseal.store import Tx

# A tag of the new authority: by it a step that was cut short finds what it has made.
TAG = "privyseal:rotation"
# Tags by which this service knows an authority begin with this: they are about that one alone.
_OURS = "privyseal:"
_PERMISSIONS = len(PRINCIPALS) * MAX_ACCOUNTS  # more an authority cannot have


@dataclass(frozen=True, slots=True)
class Inheritance:
    permissions: Sequence[Permission]
    policy: str | None  # as the old one has it
    tags: Sequence[Tag]

    def __str__(self) -> str:
        """In words; "" for nothing."""
        parts = [f"the permission of {each.principal}" for each in self.permissions]
        parts += ["the resource policy"] if self.policy is not None else []
        parts += [f"the tag {each.key!a}" for each in self.tags]
        return ", ".join(parts)


def inheritance(tx: Tx, rows: Repositories, old: Authority) -> Inheritance:
    """Raises TOO_MANY_TAGS, or INVALID_POLICY: what the new one could not have, has to be mended first."""
    authority_id = old.arn.id
    tags = [each for each in rows.tags.of(tx, authority_id) if not each.key.startswith(_OURS)]
    if len(tags) >= MAX_TAGS:
        raise PrivySealError(
            ErrorCode.TOO_MANY_TAGS,
            f"{old.arn} has {len(tags)} tags, and the new authority needs room for one more ({TAG}): "
            "remove one first.",
        )
    policy = rows.policies.find(tx, authority_id)
    if policy is not None:
        check_policy(policy, old.arn)
    permissions = rows.permissions.page(tx, authority_id, None, _PERMISSIONS)
    return Inheritance(permissions, policy, tags)


def hand_over(tx: Tx, rows: Repositories, rotation: Rotation, taken: Inheritance, new: AuthorityArn) -> None:
    """What somebody has given the new one meanwhile stays as it is."""
    caller, text, why = rotation.caller, str(new), {"rotation": rotation.id}
    has = rows.permissions.page(tx, new.id, None, _PERMISSIONS)
    there = {(each.principal, each.source_account) for each in has}
    for each in taken.permissions:
        if (each.principal, each.source_account) in there:
            continue
        given = Permission(new.id, each.principal, each.source_account, each.actions, tx.now)
        rows.permissions.insert(tx, given)
        names = {"grantee": each.principal, "source_account": each.source_account}
        tx.record(entry("acm-pca:CreatePermission", caller, text, **names, actions=list(each.actions), **why))
    if taken.policy is not None and rows.policies.find(tx, new.id) is None:
        document = _renamed(taken.policy, new)
        rows.policies.put(tx, new.id, document)
        tx.record(entry("acm-pca:PutPolicy", caller, text, policy=document, **why))
    keys = {each.key for each in rows.tags.of(tx, new.id)}
    if missing := [each for each in taken.tags if each.key not in keys]:
        rows.tags.put(tx, new.id, missing)
        tags = [each.key for each in missing]
        tx.record(entry("acm-pca:TagCertificateAuthority", caller, text, keys=tags, **why))


def _renamed(document: str, new: AuthorityArn) -> str:
    """A policy that is valid for another authority of the region, valid for the new one."""
    policy = strict_json.load(document)
    for statement in policy["Statement"]:
        statement["Resource"] = str(new)
    renamed = json.dumps(policy, ensure_ascii=False, separators=(",", ":"))  # no longer than it was
    check_policy(renamed, new)
    return renamed
