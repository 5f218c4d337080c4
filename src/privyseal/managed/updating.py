"""UpdateCertificateOptions: what of CertificateOptions can be changed after the request.

Source: acm API reference, CertificateOptions: Export cannot be updated once the certificate was
requested; ValidationMethod is for certificates that were validated by e-mail, which are public ones.
"""

from collections.abc import Mapping
from dataclasses import replace

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.managed.lookup import find_certificate
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.options import EXPORT, LOGGING, VALIDATION, options_of
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Kind, Status
from privyseal.store import Store, Tx

ACTION = "acm:UpdateCertificateOptions"


class Updating:
    def __init__(self, store: Store, rows: ManagedRows) -> None:
        self._store = store
        self._rows = rows

    def update(self, caller: Caller, arn: str, options: Mapping[str, str]) -> None:
        """Raises VALIDATION for what cannot be changed, INVALID_STATE for what is over."""

        def write(tx: Tx) -> None:
            certificate = find_certificate(tx, self._rows.certificates, caller, arn)
            _check(certificate, options)
            after = {**certificate.options, **options}
            if after != certificate.options:
                changed = replace(certificate, options=after, version=certificate.version + 1)
                written = self._rows.certificates.update(tx, changed)
                assert written  # it was read in this transaction
                tx.record(entry(ACTION, caller, arn, options=dict(options)))

        self._store.transact(write)


def _check(certificate: ManagedCertificate, options: Mapping[str, str]) -> None:
    arn, now = certificate.arn, options_of(certificate)
    if certificate.status not in {Status.PENDING_VALIDATION, Status.ISSUED}:
        text = f"Certificate {arn} is {certificate.status.value}: its options cannot be changed any more."
        raise PrivySealError(ErrorCode.INVALID_STATE, text)
    if VALIDATION in options:
        text = f"Certificate {arn} is not a public certificate: it has no validation method."
        raise PrivySealError(ErrorCode.VALIDATION, text)
    if options.get(EXPORT, now[EXPORT]) != now[EXPORT]:
        text = "Whether a certificate can be exported is settled with its request."
        raise PrivySealError(ErrorCode.VALIDATION, text)
    if certificate.kind is Kind.IMPORTED and options.get(LOGGING, now[LOGGING]) != now[LOGGING]:
        text = f"Certificate {arn} was imported: nobody can log it afterwards."
        raise PrivySealError(ErrorCode.VALIDATION, text)
