"""RenewCertificate: a renewal at once, by the job that does all of them (`issuing.py`)."""

from collections.abc import Callable
from dataclasses import replace

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed.lookup import find_certificate
from privyseal.managed.model import ManagedCertificate, Renewal
from privyseal.managed.renewal import is_eligible
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import RenewalStatus, Status
from privyseal.managed.told import told
from privyseal.store import Store, Tx

ACTION = "acm:RenewCertificate"


class Renewing:
    def __init__(self, store: Store, rows: ManagedRows, wake: Callable[[], None]) -> None:
        """`wake` tells the job that there is something to renew."""
        self._store = store
        self._rows = rows
        self._wake = wake

    def force(self, caller: Caller, arn: str) -> None:
        """Renew it now. Raises VALIDATION for what is not eligible, IN_PROGRESS while that is under way."""

        def write(tx: Tx) -> None:
            certificate = find_certificate(tx, self._rows.certificates, caller, arn)
            _check(certificate)
            after = replace(
                certificate,
                renewal=Renewal(RenewalStatus.PENDING_AUTO_RENEWAL, None, tx.now),
                failures=0,
                attempt_at=tx.now,
                version=certificate.version + 1,
            )
            written = self._rows.certificates.update(tx, after)
            assert written  # it was read in this transaction
            tx.record(told(ACTION, caller, after, tx.now))

        self._store.transact(write)
        self._wake()


def _check(certificate: ManagedCertificate) -> None:
    arn = certificate.arn
    if certificate.status is Status.PENDING_VALIDATION:
        raise PrivySealError(ErrorCode.IN_PROGRESS, f"Certificate {arn} is being issued. Try again soon.")
    if not is_eligible(certificate):
        raise PrivySealError(
            ErrorCode.VALIDATION,
            f"Certificate {arn} is not eligible for renewal: only a private certificate that is ISSUED, and"
            " has been exported since it was issued or renewed last, can be renewed.",
        )
    if (
        certificate.renewal
        and certificate.renewal.status is RenewalStatus.PENDING_AUTO_RENEWAL
        and certificate.renewal.reason is None
    ):
        raise PrivySealError(ErrorCode.IN_PROGRESS, f"Certificate {arn} is being renewed. Try again soon.")
