"""Revoking: monotonic, by serial, with AWS's state checks.

Whoever revokes does it by `mark_revoked`: the certificate, what CRLs list of it, and what was said
of it before are one commit, so that no CRL or OCSP answer made afterwards can miss it.
"""

from collections.abc import Sequence
from datetime import datetime

from privyseal.ca.certificates import not_there
from privyseal.ca.lookup import find_authority
from privyseal.ca.model import Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.model import Revocation
from privyseal.ca.revocation.reasons import REASONS
from privyseal.ca.states import REVOKES
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import CertificateArn, parse_serial
from privyseal.store import Store, Tx
from privyseal.x509.profiles import ROOT, template_kind
from privyseal.x509.revoked import revoked_entry

ACTION = "acm-pca:RevokeCertificate"


def mark_revoked(
    tx: Tx,
    rows: Repositories,
    caller: Caller,
    authority: Authority,
    certificates: Sequence[Certificate],
    *,
    reason: str,
    invalidity_date: datetime | None = None,
) -> Sequence[Certificate]:
    """Revoke certificates of one authority for good; those that were not revoked yet, which it returns."""
    fresh = [
        each
        for each in certificates
        if rows.certificates.revoke(
            tx, each.authority_id, each.serial, at=tx.now, reason=reason, invalidity_date=invalidity_date
        )
    ]
    rows.revocations.insert_many(
        tx,
        [
            Revocation(
                authority_id=each.authority_id,
                partition=each.crl_partition,
                serial=each.serial,
                not_after=each.not_after,
                revoked_at=tx.now,
                entry=revoked_entry(each.serial, tx.now, REASONS[reason], invalidity_date),
            )
            for each in fresh
        ],
    )
    for each in fresh:
        tx.record(entry(ACTION, caller, str(CertificateArn(authority.arn, each.serial)), reason=reason))
    if fresh:
        tx.invalidate()
    return fresh


class Revoking:
    def __init__(self, store: Store, rows: Repositories) -> None:
        self._store = store
        self._rows = rows

    def revoke(self, caller: Caller, arn: str, serial_text: str, reason: str) -> None:
        """Revoke one certificate of an authority for good; the first time and reason stay."""
        serial = parse_serial(serial_text)

        def write(tx: Tx) -> None:
            authority = find_authority(tx, self._rows.authorities, caller, arn)
            if authority.status_at(tx.now) not in REVOKES:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE,
                    "The certificate authority must be in the ACTIVE or DISABLED state to revoke.",
                )
            certificate = self._find(tx, authority, serial)
            _check(certificate, tx.now)
            if not mark_revoked(tx, self._rows, caller, authority, [certificate], reason=reason):
                raise PrivySealError(ErrorCode.ALREADY_DONE, "The certificate is already revoked.")

        self._store.transact(write)

    def _find(self, tx: Tx, authority: Authority, serial: int) -> Certificate:
        key = (authority.arn.id, serial)
        certificate = self._rows.certificates.find_many(tx, [key]).get(key)
        if certificate is None:
            promise = self._rows.pending_requests.find_many(tx, [key]).get(key)
            raise not_there(CertificateArn(authority.arn, serial), promise)
        return certificate


def _check(certificate: Certificate, now: datetime) -> None:
    if template_kind(certificate.template) == ROOT:
        raise PrivySealError(ErrorCode.INVALID_REQUEST, "Self-signed certificate can not be revoked")
    if now > certificate.not_after:
        raise PrivySealError(
            ErrorCode.INVALID_REQUEST, "The certificate has expired: there is nothing to revoke."
        )
