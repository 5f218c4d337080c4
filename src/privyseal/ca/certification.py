"""An authority gets its certificate: checked as AWS checks an import, then installed."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from privyseal.ca.authorities import change_authority
from privyseal.ca.expiry import watch
from privyseal.ca.lookup import find_authority
from privyseal.ca.model import Authority
from privyseal.ca.ports import Authorities, AuthorityExpiries
from privyseal.ca.revocation.scopes import Scopes
from privyseal.ca.states import HAS_CERTIFICATE, Event, Status, transition
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store, Tx
from privyseal.x509.certificate import read_certificate
from privyseal.x509.chain import check_ca_certificate
from privyseal.x509.pem import to_pem


@dataclass(frozen=True, slots=True)
class CertificatePem:
    """PEM without a final newline; `chain` from the issuer to the root, None for a root."""

    certificate: str
    chain: str | None


class Certification:
    def __init__(
        self, store: Store, authorities: Authorities, expiries: AuthorityExpiries, scopes: Scopes
    ) -> None:
        self._store = store
        self._authorities = authorities
        self._expiries = expiries
        self._scopes = scopes

    def install(self, caller: Caller, arn: str, certificate: bytes, chain: bytes | None) -> None:
        """ImportCertificateAuthorityCertificate: the first one activates, a later one renews."""
        authority, now = self._store.view(
            lambda tx: (find_authority(tx, self._authorities, caller, arn), tx.now)
        )
        _status_with_certificate(authority)
        # Two megabytes of somebody's chain are not read while other writers wait. The key and the
        # type, against which they are checked, never change.
        new = check_ca_certificate(
            certificate, chain, spki=authority.public_key, authority_type=authority.type, now=now
        )

        def change(authority: Authority, _now: datetime) -> Authority:
            _check_subject(authority, new.der)
            return replace(
                authority,
                status=_status_with_certificate(authority),
                certificate=new.der,
                chain="\n".join(to_pem(der) for der in new.chain_ders) or None,
                serial=new.serial,
                not_before=new.not_before,
                not_after=new.not_after,
            )

        def write(tx: Tx) -> None:
            changed = change_authority(tx, self._authorities, caller, arn, change)
            self._scopes.ensure(tx, changed)
            self._expiries.put(tx, watch(changed.arn.id, new.not_after, tx.now))
            tx.invalidate()
            digest = hashlib.sha256(new.der).hexdigest()
            tx.record(entry("acm-pca:ImportCertificateAuthorityCertificate", caller, arn, sha256=digest))

        self._store.transact(write)

    def certificate(self, caller: Caller, arn: str) -> CertificatePem:
        """GetCertificateAuthorityCertificate."""

        def read(tx: Tx) -> CertificatePem:
            authority = find_authority(tx, self._authorities, caller, arn)
            if authority.certificate is None or authority.status_at(tx.now) not in HAS_CERTIFICATE:
                raise PrivySealError(
                    ErrorCode.INVALID_STATE,
                    f"The certificate authority {arn} is not in the correct state "
                    "to have a certificate signing request.",  # AWS's words here too: clients match them
                )
            return CertificatePem(to_pem(authority.certificate), authority.chain)

        return self._store.view(read)


def _check_subject(authority: Authority, certificate: bytes) -> None:
    """A renewal keeps the subject. RFC 5280 sees a CA of another name as another CA, whose CRLs and OCSP
    answers say nothing of what was issued before.
    """
    if authority.certificate is None:
        return
    before, after = read_certificate(authority.certificate).subject, read_certificate(certificate).subject
    if before.raw != after.raw:
        raise PrivySealError(
            ErrorCode.CERTIFICATE_MISMATCH,
            f"The certificate's subject {after.text} is not, octet by octet, the one of the authority's "
            f"present certificate, {before.text}: under another name nobody could check whether what "
            "it has issued is revoked. Renew it with the same subject, or create another authority.",
        )


def _status_with_certificate(authority: Authority) -> Status:
    """From the stored status: what was switched off stays off, whether it has expired meanwhile or not."""
    status = transition(authority.status, Event.CERTIFICATE_IMPORTED)
    if status is None:
        raise PrivySealError(
            ErrorCode.INVALID_STATE,
            f"The certificate authority {authority.arn} is not in the correct state to import a certificate.",
        )
    return status
