"""The job that follows authorities: whoever revokes the certificate that an ARN has now, it is REVOKED.

AWS Private CA and AWS Certificate Manager are two services, and so is the word between them a moment
late. What an ARN had before its last renewal may be revoked, and the ARN stays what it is; a hold is no
revocation, and what is revoked through acm was known here before.
"""

import threading
from collections.abc import Mapping

from privyseal.ca.model import Certificate
from privyseal.ca.repositories import Repositories
from privyseal.caller import Caller
from privyseal.managed import limits
from privyseal.managed.model import IssuedSerial, ManagedCertificate, Revoked
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.revoking import ACTION, REASONS, as_revoked
from privyseal.managed.states import Event, transition
from privyseal.managed.told import told
from privyseal.names import AuthorityArn, new_id
from privyseal.store import Store, Tx

# Certificates in one commit.
PAGE = 256
# RevocationReason of acm-pca → that of the acm service model, spelled right. A hold is not among them.
_REASONS: Mapping[str, str] = {theirs: ours for ours, theirs in REASONS.items() if ours != "SUPERCEDED"}


class Following:
    def __init__(self, store: Store, rows: ManagedRows, ca: Repositories) -> None:
        self._store = store
        self._rows = rows
        self._ca = ca

    def follow_due(self, stopping: threading.Event) -> None:
        while not stopping.is_set() and self._store.view(self.has_to_follow):
            self._store.transact(self._follow_page)

    def has_to_follow(self, tx: Tx) -> bool:
        return bool(self._rows.serials.to_follow(tx, 1))

    def _follow_page(self, tx: Tx) -> None:
        page = self._rows.serials.to_follow(tx, PAGE)
        theirs = self._ca.certificates.find_many(tx, sorted({_key(each) for each in page}))
        found = self._rows.certificates.find_many(tx, sorted({each.id for each in page}))
        ours = {each.arn.id: each for each in found}
        for issued in page:
            certificate, issue = ours.get(issued.id), theirs.get(_key(issued))
            if certificate and issue and _is_now(certificate, issued):
                self._follow(tx, certificate, issue)
            self._rows.serials.followed(tx, issued)

    def _follow(self, tx: Tx, certificate: ManagedCertificate, issued: Certificate) -> None:
        status = transition(certificate.status, Event.REVOKED)
        reason = _REASONS.get(issued.revocation_reason or "")
        if status is None or reason is None or issued.revoked_at is None:
            return
        after = as_revoked(certificate, status, Revoked(issued.revoked_at, reason))
        written = self._rows.certificates.update(tx, after)
        assert written  # it was read in this transaction
        caller = Caller(limits.PRINCIPAL, certificate.arn.account, new_id())
        tx.record(told(ACTION, caller, after, tx.now, reason=reason))


def _is_now(certificate: ManagedCertificate, issued: IssuedSerial) -> bool:
    """Whether that is the certificate which the ARN has, and not one before it."""
    serial = certificate.material.serial if certificate.material else None
    return (serial, certificate.authority_arn) == (issued.serial, issued.authority_arn)


def _key(issued: IssuedSerial) -> tuple[str, int]:
    return AuthorityArn.parse(issued.authority_arn).id, issued.serial
