"""RevokeCertificate: all certificates that an ARN has had and that still count, for good.

A renewal leaves the certificate before it valid, and that is the one which was exported: revoking
only the newest would leave it in use.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

from privyseal.ca.lookup import find_authority
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.revoking import mark_revoked
from privyseal.ca.states import REVOKES
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.lookup import find_certificate
from privyseal.managed.model import IssuedSerial, ManagedCertificate, Revoked
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Event, Kind, Status, transition
from privyseal.managed.told import told
from privyseal.store import Store, Tx

ACTION = "acm:RevokeCertificate"

# RevocationReason of the acm service model → that of acm-pca. CERTIFICATE_HOLD and REMOVE_FROM_CRL can be
# undone or undo, and "revoking a certificate is permanent".
REASONS: Mapping[str, str] = {
    "UNSPECIFIED": "UNSPECIFIED",
    "KEY_COMPROMISE": "KEY_COMPROMISE",
    "CA_COMPROMISE": "CERTIFICATE_AUTHORITY_COMPROMISE",
    "AFFILIATION_CHANGED": "AFFILIATION_CHANGED",
    "SUPERCEDED": "SUPERSEDED",
    "SUPERSEDED": "SUPERSEDED",
    "CESSATION_OF_OPERATION": "CESSATION_OF_OPERATION",
    "PRIVILEGE_WITHDRAWN": "PRIVILEGE_WITHDRAWN",
    "A_A_COMPROMISE": "A_A_COMPROMISE",
}


class ManagedRevoking:
    def __init__(self, store: Store, rows: ManagedRows, ca: Repositories) -> None:
        self._store = store
        self._rows = rows
        self._ca = ca

    def revoke(self, caller: Caller, arn: str, reason: str) -> None:
        """Raises VALIDATION for what cannot be revoked, IN_USE for what is in use."""
        if reason not in REASONS:
            raise PrivySealError(
                ErrorCode.VALIDATION, f"A certificate cannot be revoked for {reason}: revoking is permanent."
            )

        def write(tx: Tx) -> None:
            certificate = find_certificate(tx, self._rows.certificates, caller, arn)
            status = transition(certificate.status, Event.REVOKED)
            _check(certificate)
            if status is None:
                text = f"Certificate {arn} is {certificate.status.value}: only an ISSUED one can be revoked."
                raise PrivySealError(ErrorCode.VALIDATION, text)
            for authority_arn, issued in groupby(
                sorted(self._rows.serials.unexpired(tx, certificate.arn.id), key=_authority), key=_authority
            ):
                self._revoke(tx, caller, authority_arn, list(issued), REASONS[reason])
            after = as_revoked(certificate, status, Revoked(tx.now, reason))
            written = self._rows.certificates.update(tx, after)
            assert written  # it was read in this transaction
            tx.record(told(ACTION, caller, after, tx.now, reason=reason))

        self._store.transact(write)

    def _revoke(
        self, tx: Tx, caller: Caller, authority_arn: str, issued: list[IssuedSerial], reason: str
    ) -> None:
        authority = find_authority(tx, self._ca.authorities, caller, authority_arn)
        if authority.status_at(tx.now) not in REVOKES:
            raise PrivySealError(
                ErrorCode.CONFLICT,
                f"The authority {authority_arn} cannot revoke: it is neither ACTIVE nor DISABLED.",
            )
        keys = [(authority.arn.id, each.serial) for each in issued]
        found = self._ca.certificates.find_many(tx, keys)
        mark_revoked(tx, self._ca, caller, authority, list(found.values()), reason=reason)


def as_revoked(certificate: ManagedCertificate, status: Status, revoked: Revoked) -> ManagedCertificate:
    """The row after it: nothing is done with it any more."""
    return replace(
        certificate,
        status=status,
        revoked=revoked,
        attempt=None,
        attempt_at=None,
        notice_at=None,
        version=certificate.version + 1,
    )


def _authority(issued: IssuedSerial) -> str:
    return issued.authority_arn


def _check(certificate: ManagedCertificate) -> None:
    arn = certificate.arn
    if certificate.kind is not Kind.PRIVATE:
        text = f"Certificate {arn} is not a private certificate"
        raise PrivySealError(ErrorCode.VALIDATION, text)
    if certificate.in_use_by:
        raise PrivySealError(ErrorCode.IN_USE, f"Certificate {arn} is in use.")
    if certificate.first_exported_at is None:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            f"Certificate {arn} has never been exported: there is nothing to revoke. Delete it.",
        )
