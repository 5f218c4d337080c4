"""Revoking: monotonic, by serial, with AWS's state checks. Publication is not built yet."""

from privyseal.ca.certificates import not_there
from privyseal.ca.lookup import find_authority
from privyseal.ca.ports import Authorities, Certificates, PendingRequests
from privyseal.ca.states import REVOKES
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import CertificateArn, parse_serial
from privyseal.store import Store, Tx
from privyseal.x509.profiles import ROOT, template_kind


class Revocation:
    def __init__(
        self, store: Store, authorities: Authorities, certificates: Certificates, pending: PendingRequests
    ) -> None:
        self._store = store
        self._authorities = authorities
        self._certificates = certificates
        self._pending = pending

    def revoke(self, caller: Caller, arn: str, serial_text: str, reason: str) -> None:
        """Revoke one certificate of an authority for good; the first time and reason stay."""
        serial = parse_serial(serial_text)

        def write(tx: Tx) -> None:
            authority = find_authority(tx, self._authorities, caller, arn)
            if authority.status_at(tx.now) not in REVOKES:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE,
                    "The certificate authority must be in the ACTIVE or DISABLED state to revoke.",
                )
            key = (authority.arn.id, serial)
            certificate = self._certificates.find_many(tx, [key]).get(key)
            if certificate is None:
                promise = self._pending.find_many(tx, [key]).get(key)
                raise not_there(CertificateArn(authority.arn, serial), promise)
            if template_kind(certificate.template) == ROOT:
                raise PrivySealError(ErrorCode.INVALID_REQUEST, "Self-signed certificate can not be revoked")
            if tx.now > certificate.not_after:
                raise PrivySealError(
                    ErrorCode.INVALID_REQUEST, "The certificate has expired: there is nothing to revoke."
                )
            if not self._certificates.revoke(tx, *key, tx.now, reason):
                raise PrivySealError(ErrorCode.ALREADY_DONE, "The certificate is already revoked.")
            resource = str(CertificateArn(authority.arn, serial))
            tx.record(entry("acm-pca:RevokeCertificate", caller, resource, reason=reason))

        self._store.transact(write)
