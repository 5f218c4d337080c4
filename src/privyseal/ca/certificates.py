"""Issued certificates, read: many point reads as one query, and pages of an authority's list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from privyseal.ca.certification import CertificatePem
from privyseal.ca.lookup import find_authority, owned
from privyseal.ca.model import Authority, Certificate
from privyseal.ca.ports import Authorities, Certificates, PendingRequests
from privyseal.ca.requests import PendingRequest
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.store import Store, Tx
from privyseal.x509.pem import to_pem
from privyseal.x509.profiles import ROOT, template_kind

# Where a page ends: the (issued_at, serial) of its last row.
Position = tuple[datetime, int]
# What is there by (authority id, serial): certificates, and promises of some.
Rows = Mapping[tuple[str, int], Certificate | PendingRequest]


@dataclass(frozen=True, slots=True)
class GetRequest:
    caller: Caller
    authority_arn: str
    certificate_arn: str


class CertificateReader:
    def __init__(
        self,
        store: Store,
        authorities: Authorities,
        certificates: Certificates,
        pending: PendingRequests,
    ) -> None:
        self._store = store
        self._authorities = authorities
        self._certificates = certificates
        self._pending = pending

    def get(self, requests: Sequence[GetRequest]) -> Sequence[CertificatePem | PrivySealError]:
        """GetCertificate for a batch: positional answers from one snapshot."""
        parsed = [_parse(request) for request in requests]
        keys = sorted({(p.authority.id, p.serial) for p in parsed if isinstance(p, CertificateArn)})

        def read(tx: Tx) -> list[CertificatePem | PrivySealError]:
            found = self._certificates.find_many(tx, keys)
            missing = [key for key in keys if key not in found]
            promised = self._pending.find_many(tx, missing) if missing else {}
            rows: Rows = {**found, **promised}
            authorities = self._authorities.find_many(tx, sorted({key[0] for key in keys}))
            return [
                arn
                if isinstance(arn, PrivySealError)
                else _answer(arn, request, authorities.get(arn.authority.id), rows, tx.now)
                for request, arn in zip(requests, parsed, strict=True)
            ]

        return self._store.view(read)

    def page(
        self, caller: Caller, authority_arn: str, after: Position | None, limit: int
    ) -> tuple[Sequence[Certificate], Position | None]:
        """One page in order of issue, and the position after it; None at the end."""

        def read(tx: Tx) -> tuple[Sequence[Certificate], Position | None]:
            authority = find_authority(tx, self._authorities, caller, authority_arn)
            rows = self._certificates.page(tx, authority.arn.id, after, limit + 1)
            last = rows[limit - 1] if len(rows) > limit else None
            return rows[:limit], (last.issued_at, last.serial) if last else None

        return self._store.view(read)


def _parse(request: GetRequest) -> CertificateArn | PrivySealError:
    try:
        authority = AuthorityArn.parse(request.authority_arn)
        arn = CertificateArn.parse(request.certificate_arn)
    except PrivySealError as error:
        return error
    if arn.authority != authority:
        return PrivySealError(ErrorCode.NOT_FOUND, f"{authority} has not issued {arn}.")
    return arn


def _answer(
    arn: CertificateArn,
    request: GetRequest,
    authority: Authority | None,
    rows: Rows,
    now: datetime,
) -> CertificatePem | PrivySealError:
    try:
        authority = owned(authority, arn.authority, request.caller, now)
    except PrivySealError as error:
        return error
    if authority.status is Status.DELETED:
        return PrivySealError(
            ErrorCode.INVALID_STATE,
            f"The certificate authority {arn.authority} is not in the correct state "
            "to have issued certificates.",
        )
    certificate = rows.get((arn.authority.id, arn.serial))
    if not isinstance(certificate, Certificate):
        return not_there(arn, certificate)
    return CertificatePem(to_pem(certificate.der), chain_of(certificate, authority))


def not_there(arn: CertificateArn, promise: PendingRequest | None) -> PrivySealError:
    """Why there is no such certificate: nobody asked for it, not yet signed, or never to be."""
    if promise is None:
        return PrivySealError(ErrorCode.NOT_FOUND, f"Could not find the certificate {arn}.")
    if promise.failure is None:
        return PrivySealError(
            ErrorCode.IN_PROGRESS, f"The certificate {arn} is being issued. Try again soon."
        )
    return PrivySealError(ErrorCode.FAILED, f"The certificate {arn} could not be issued: {promise.failure}")


def chain_of(certificate: Certificate, authority: Authority) -> str | None:
    """From the issuing authority to the root; a root's own certificate has none."""
    return None if template_kind(certificate.template) == ROOT else chain_below(authority)


def chain_below(authority: Authority) -> str | None:
    """What goes with whatever the authority issues; None while it has no certificate."""
    if authority.certificate is None:
        return None
    issuer = to_pem(authority.certificate)
    return f"{issuer}\n{authority.chain}" if authority.chain else issuer
