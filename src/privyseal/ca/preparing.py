"""Steps 1 to 5 of `issuance.py`: from a request to a linted to-be-signed certificate. No I/O.

In three parts, `admit`, `check` and `prepare`, so that a batch can go through each of them as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from privyseal import log
from privyseal.ca.issuers import Issuers
from privyseal.ca.lookup import owned
from privyseal.ca.model import ROOT, SHORT_LIVED_CERTIFICATE, Authority, Certificate
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.states import ANSWERS, ISSUES, SIGNS_ITSELF
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import AuthorityArn, CertificateArn, new_serial
from privyseal.names import partition as aws_partition
from privyseal.value import Value
from privyseal.x509 import build, profiles, validity
from privyseal.x509.algorithms import check_signing_fits
from privyseal.x509.csr import Claim, Csr, Proved, claim_pem, complete, prove
from privyseal.x509.lint import lint
from privyseal.x509.passthrough import NOTHING, Passthrough, passthrough_from_model

# "Idempotency tokens … time out after five minutes" (acm-pca API reference, IssueCertificate).
TOKEN_LIFE = timedelta(minutes=5)
# The longest validity of an authority in SHORT_LIVED_CERTIFICATE mode (user guide, "CA modes").
SHORT_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Authorities and tokens as they stood at one moment: read once for the whole batch."""

    now: datetime
    authorities: Mapping[str, Authority]
    tokens: Mapping[tuple[str, str], Certificate]
    partitions: Mapping[str, str]  # authority id → open CRL partition, where it is partitioned


class Prepared(Value, frozen=True):
    """A linted to-be-signed certificate and the token holder that it replaces, if any."""

    request: IssueRequest
    authority: Authority
    profile: profiles.Profile
    tbs: build.ToBeSigned
    digest: bytes
    stale: Certificate | None
    partition: str  # the CRL partition that it counts to; empty where there is none


class Admitted(Value, frozen=True):
    """A request that may be made, with a CSR whose proof of possession has not been verified."""

    request: IssueRequest
    authority: Authority
    profile: profiles.Profile
    issuer: build.Issuer | None
    digest: bytes
    stale: Certificate | None
    claim: Claim


class Checked(Value, frozen=True):
    """An admitted request with the proof of possession that it needs."""

    admitted: Admitted
    proved: Proved


def admit(request: IssueRequest, snapshot: Snapshot, issuers: Issuers) -> Admitted | Issued:
    """Step 1, and 2 without the proof; or the certificate that the token already has."""
    now = snapshot.now
    # 1. authorise
    arn = AuthorityArn.parse(request.authority_arn)
    authority = owned(snapshot.authorities.get(arn.id), arn, request.caller, now)
    digest = request.digest() if request.token else b""
    holder = snapshot.tokens.get((arn.id, request.token)) if request.token else None
    # A promise is kept with its own serial, whoever holds its token by now.
    if holder and request.serial is None and now < holder.issued_at + TOKEN_LIFE:
        return _replay(authority, holder, digest)
    profile = request.profile or profiles.profile_for(request.template_arn, aws_partition(arn.region))
    issuer = issuers.of(authority)
    _check_state(authority, profile, request, now)
    check_signing_fits(request.signing_algorithm, authority.key_algorithm)
    # 2. check CSR
    return Admitted(request, authority, profile, issuer, digest, holder, claim_pem(request.csr))


def check(admitted: Admitted) -> Checked:
    """The proof of step 2."""
    return Checked(admitted, prove(admitted.claim))


def prepare(checked: Checked, snapshot: Snapshot, issuers: Issuers) -> Prepared:
    """The rest of step 2, and 3 to 5."""
    admitted = checked.admitted
    request, authority, profile = admitted.request, admitted.authority, admitted.profile
    issuer = admitted.issuer
    now = snapshot.now
    csr = complete(checked.proved)
    # 3. profile
    api = _passthrough(request, profile)
    if profile.kind == profiles.ROOT:
        issuer = _own_issuer(authority, csr, api)
    not_before, not_after = validity.resolve(
        *request.validity,
        now,
        not_before=request.not_before,
        issuer_not_after=issuer.not_after if issuer else None,
        backdating=profile.backdating,
    )
    _check_mode(authority, profile, now, not_after)
    # 4. build
    partition = snapshot.partitions.get(authority.arn.id, "")
    assert issuer is not None  # _check_state has refused an authority without certificate
    tbs = build.build(
        profile,
        csr,
        issuer,
        api,
        issuers.configured(authority, partition),
        serial=request.serial or new_serial(),
        not_before=not_before,
        not_after=not_after,
    )
    # 5. lint
    lint(tbs)
    return Prepared(request, authority, profile, tbs, admitted.digest, admitted.stale, partition)


def token_conflict() -> PrivySealError:
    """Our choice where AWS is silent: docs/adr/0003."""
    return PrivySealError(
        ErrorCode.INVALID_ARGUMENT,
        "The idempotency token was used within the last five minutes with other parameters.",
    )


def _replay(authority: Authority, holder: Certificate, digest: bytes) -> Issued:
    if holder.request_digest != digest:
        raise token_conflict()
    return Issued(CertificateArn(authority.arn, holder.serial), holder.der, replayed=True)


def _check_state(
    authority: Authority, profile: profiles.Profile, request: IssueRequest, now: datetime
) -> None:
    status = authority.status_at(now)
    allowed = SIGNS_ITSELF if profile.kind == profiles.ROOT else ISSUES
    if request.for_responder:
        allowed = ANSWERS
    if status not in allowed:
        raise PrivySealError(
            ErrorCode.INVALID_STATE,
            "The certificate authority is not in a valid state for issuing certificates",
        )


def _check_mode(authority: Authority, profile: profiles.Profile, now: datetime, not_after: datetime) -> None:
    short = authority.usage_mode == SHORT_LIVED_CERTIFICATE and profile.kind != profiles.ROOT
    if short and not_after > now + SHORT_LIFE:
        raise PrivySealError(
            ErrorCode.VALIDATION,
            "A certificate authority in SHORT_LIVED_CERTIFICATE mode issues for at most 7 days.",
        )


def _passthrough(request: IssueRequest, profile: profiles.Profile) -> Passthrough:
    """What the call passes through. A template that takes nothing ignores it unread, as AWS's do."""
    if request.api_passthrough is None:
        return NOTHING
    if not profile.takes_api:
        log.info("api passthrough ignored", request_id=request.caller.request_id, template=profile.name)
        return NOTHING
    return passthrough_from_model(request.api_passthrough)


def _own_issuer(authority: Authority, csr: Csr, api: Passthrough) -> build.Issuer:
    if authority.type != ROOT or csr.spki != authority.public_key:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "A root template signs a root authority's own certificate signing request and no other.",
        )
    return build.self_issuer(csr, api)
