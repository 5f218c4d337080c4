"""Revoking: monotonic, by serial, with AWS's state checks.

Whoever revokes, holds or releases does it by `mark_revoked` or `mark_released`: the certificate, what
CRLs list of it, and what was said of it before are one commit, so that no CRL or OCSP answer made
afterwards can miss it. So is the word to whoever bears it.
"""

from collections.abc import Sequence
from datetime import datetime

from privyseal.ca.certificates import not_there
from privyseal.ca.lookup import find_authority
from privyseal.ca.model import OCSP_RESPONDER, Authority, Certificate
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.model import Revocation
from privyseal.ca.revocation.reasons import HOLD, REASONS, REMOVE_FROM_CRL
from privyseal.ca.states import REVOKES
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import CertificateArn, parse_serial
from privyseal.store import Store, Tx
from privyseal.x509.profiles import ROOT, template_kind
from privyseal.x509.revoked import revoked_entry

ACTION = "acm-pca:RevokeCertificate"
HOLD_ACTION = "privyseal:HoldCertificate"  # acm-pca has no holds: no event says that something is revoked
RELEASE_ACTION = "privyseal:ReleaseCertificate"


def mark_revoked(
    tx: Tx,
    rows: Repositories,
    caller: Caller,
    authority: Authority,
    certificates: Sequence[Certificate],
    *,
    reason: str,
    invalidity_date: datetime | None = None,
    **detail: object,
) -> Sequence[Certificate]:
    """Revoke certificates of one authority, or hold them; those to which that could be done, as they were.

    What is revoked for good is left alone. What was held keeps the date of its hold (`standing.py`).
    `detail` goes into the journal entries.
    """
    found = [each for each in certificates if _mark(tx, rows, each, reason, invalidity_date)]
    moment = rows.crls.next_moment(tx, authority.arn.id)
    listed = [
        _listed(each, tx.now, moment, REASONS[reason], invalidity_date or each.invalidity_date)
        for each in found
    ]
    rows.revocations.put_many(tx, listed)
    if invalidity_date is not None:
        detail = {"invalidity_date": invalidity_date.isoformat(), **detail}
    action = HOLD_ACTION if reason == HOLD else ACTION
    arns = [CertificateArn(authority.arn, each.serial) for each in found]
    for arn in arns:
        tx.record(entry(action, caller, str(arn), reason=reason, **detail))
    for bearers in rows.bearers:
        if reason == HOLD:
            bearers.held(tx, arns, is_held=True)
        else:
            bearers.revoked(tx, arns)
    _tell(tx, rows, authority, found)
    return found


def mark_released(
    tx: Tx, rows: Repositories, caller: Caller, authority: Authority, certificates: Sequence[Certificate]
) -> Sequence[Certificate]:
    """Take holds back: those certificates of one authority that were held, as they were."""
    found = [each for each in certificates if rows.certificates.release(tx, each.authority_id, each.serial)]
    moment = rows.crls.next_moment(tx, authority.arn.id)
    listed = [_listed(each, tx.now, moment, REMOVE_FROM_CRL, None) for each in found]
    rows.revocations.release_many(tx, listed)
    arns = [CertificateArn(authority.arn, each.serial) for each in found]
    for arn in arns:
        tx.record(entry(RELEASE_ACTION, caller, str(arn)))
    for bearers in rows.bearers:
        bearers.held(tx, arns, is_held=False)
    _tell(tx, rows, authority, found)
    return found


def _mark(
    tx: Tx, rows: Repositories, certificate: Certificate, reason: str, invalidity_date: datetime | None
) -> bool:
    key = certificate.authority_id, certificate.serial
    if rows.certificates.revoke(tx, *key, at=tx.now, reason=reason, invalidity_date=invalidity_date):
        return True
    return reason != HOLD and rows.certificates.revoke_held(
        tx, *key, reason=reason, invalidity_date=invalidity_date
    )


def _listed(
    certificate: Certificate,
    now: datetime,
    moment: datetime,
    reason: int,
    invalidity_date: datetime | None,
) -> Revocation:
    """`certificate` is as it was before. `revoked_at` of the row is the moment at which the entry came to
    be, since delta CRLs go by it; the date in the entry is by the clock, and may be that of a hold.
    """
    date = certificate.revoked_at or now
    return Revocation(
        authority_id=certificate.authority_id,
        partition=certificate.crl_partition,
        serial=certificate.serial,
        not_after=certificate.not_after,
        revoked_at=moment,
        entry=revoked_entry(certificate.serial, date, reason, invalidity_date),
    )


def _tell(tx: Tx, rows: Repositories, authority: Authority, changed: Sequence[Certificate]) -> None:
    """What CRLs and OCSP have said of these is wrong from this commit on."""
    if changed:
        rows.ocsp_answers.remove_many(tx, [(each.authority_id, each.serial) for each in changed])
        responders = [each.der for each in changed if each.service_principal == OCSP_RESPONDER]
        if responders:
            rows.ocsp_responders.withdraw(tx, authority.arn.id, responders)
        rows.crls.changed(tx, authority.arn.id, {each.crl_partition for each in changed})
        tx.invalidate()


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
            check_revocable(certificate, tx.now)
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


def check_revocable(certificate: Certificate, now: datetime) -> None:
    """Raises INVALID_REQUEST for what nobody can revoke, hold or release."""
    if template_kind(certificate.template) == ROOT:
        raise PrivySealError(ErrorCode.INVALID_REQUEST, "Self-signed certificate can not be revoked")
    if now > certificate.not_after:
        raise PrivySealError(
            ErrorCode.INVALID_REQUEST, "The certificate has expired: there is nothing to revoke."
        )
