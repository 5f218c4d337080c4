"""Resource policies of authorities: attached, shown, detached.

What a policy may say is in `policy_document.py`. LockoutPrevented cannot occur: a policy has only
Allow statements, and what the owner may do never depends on it.
"""

from privyseal.ca.lookup import find_authority, require_status
from privyseal.ca.model import Authority
from privyseal.ca.policy_document import check_policy
from privyseal.ca.ports import Authorities, Policies
from privyseal.ca.states import GRANTS
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx


class PolicyService:
    def __init__(self, store: Store, authorities: Authorities, policies: Policies) -> None:
        self._store = store
        self._authorities = authorities
        self._policies = policies

    def put(self, caller: Caller, arn: str, document: str) -> None:
        """Attach a policy in place of the one that is there. Raises INVALID_POLICY."""

        def write(tx: Tx) -> None:
            authority = self._find(tx, caller, arn)
            check_policy(document, authority.arn)
            self._policies.put(tx, authority.arn.id, document)
            tx.record(entry("acm-pca:PutPolicy", caller, arn, policy=document))

        self._store.transact(write)

    def get(self, caller: Caller, arn: str) -> str:
        """The policy as it was given. Raises NOT_FOUND when there is none."""

        def read(tx: Tx) -> str:
            authority = self._find(tx, caller, arn)
            document = self._policies.find(tx, authority.arn.id)
            if document is None:
                raise PrivySealError(ErrorCode.NOT_FOUND, f"{arn} has no policy.")
            return document

        return self._store.view(read)

    def delete(self, caller: Caller, arn: str) -> None:
        """Detach the policy; nothing happens when there is none."""

        def write(tx: Tx) -> None:
            authority = self._find(tx, caller, arn)
            if self._policies.remove(tx, authority.arn.id):
                tx.record(entry("acm-pca:DeletePolicy", caller, arn))

        self._store.transact(write)

    def _find(self, tx: Tx, caller: Caller, arn: str) -> Authority:
        return require_status(find_authority(tx, self._authorities, caller, arn), tx.now, GRANTS)
