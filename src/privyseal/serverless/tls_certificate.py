"""serverless-ca's certificate function: one JSON request, one certificate or `{"error": …}`.

Invoke, our own path and GitOps all end here, and this ends in `ca/issuance` like everything else. Its
checks come in the order in which its users know them: the authorities' chain, the request, the CSR,
what was issued already, the key, then the certificate.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from privyseal.ca.certification import CertificatePem
from privyseal.ca.model import Authority
from privyseal.ca.model import Certificate as CertificateRow
from privyseal.ca.ports import Certificates
from privyseal.ca.preparing import TOKEN_LIFE
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn
from privyseal.serverless import notices, rejection, responses, subject
from privyseal.serverless import request as requests
from privyseal.serverless.model import Issue
from privyseal.serverless.ports import CsrFiles, Issues, KeyClaims, KnownSubjects
from privyseal.serverless.refusals import KEY_REUSED, Refused, already_issued, no_csr_file
from privyseal.serverless.request import CertificateRequest
from privyseal.serverless.responses import CaChain
from privyseal.store import Store, Tx
from privyseal.x509.certificate import read_certificate
from privyseal.x509.csr import Csr, parse_pem
from privyseal.x509.pem import blocks, to_pem
from privyseal.x509.profiles import SERVERLESS

# Over all names: a key that ever had a certificate gets no other. Otherwise it is so for each common name.
STRICT: Final = "strict"
# So long a key belongs to the request that is about to get its certificate.
CLAIM: Final = timedelta(seconds=60)
_TIERS: Final = 20  # authorities above each other; nobody has so many
# What the caller can do something about, or has to wait for: answered as serverless-ca answers. All else
# is the front-end's.
_ANSWERED: Final = frozenset(
    {
        ErrorCode.INVALID_ARGUMENT,
        ErrorCode.VALIDATION,
        ErrorCode.MALFORMED_CSR,
        ErrorCode.INVALID_STATE,
        ErrorCode.LIMIT_EXCEEDED,
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator has decided. `authority` is an ARN; `longest` is in days."""

    authority: str
    slug: str  # serverless-ca's name of that authority
    longest: int = 365
    extensions: frozenset[str] = frozenset()  # custom ones that may be asked for
    key_reuse: str = STRICT


@dataclass(frozen=True, slots=True)
class Call:
    """`id` is the same for all attempts of one call, where its client says so; `forces` whether the
    caller may have a certificate for a key that has one.
    """

    caller: Caller
    forces: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    certificates: Certificates
    issues: Issues
    claims: KeyClaims


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request with its CSR read and everything decided but what concerns its key. `problem` is what
    counts when that is fine.
    """

    request: CertificateRequest
    csr: Csr
    pem: bytes
    attributes: list[Mapping[str, str]]
    token: str
    problem: Refused | None
    key_digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_digest", hashlib.sha256(self.csr.spki).digest())


@dataclass(frozen=True, slots=True)
class Preview:
    """A request that `request` answers with a certificate if its key allows it."""

    common_name: str
    organization: str
    organizational_unit: str
    key_digest: bytes
    forces: bool
    problem: Refused | None = None  # why it gets none where its key allows it
    warnings: Sequence[str] = ()  # what it asks for and does not get


class TlsCertificates:
    """`describe`, `certificate`, `issue` and `check` are those of `ca.service.CertificateAuthorities`; all
    block.
    """

    def __init__(
        self,
        store: Store,
        rows: Rows,
        terms: Callable[[], Terms],
        *,
        describe: Callable[[Caller, str], tuple[Authority, Status]],
        certificate: Callable[[Caller, str], CertificatePem],
        issue: Callable[[IssueRequest], Issued],
        check: Callable[[Sequence[IssueRequest]], Sequence[PrivySealError | None]],
        files: CsrFiles,
        known: KnownSubjects,
    ) -> None:
        self._store = store
        self._rows = rows
        self._terms = terms
        self._describe = describe
        self._certificate = certificate
        self._issue = issue
        self._check = check
        self._files = files
        self._known = known

    def request(self, call: Call, event: Mapping[str, Any]) -> dict[str, Any]:
        """The answer, a refusal included. Raises PrivySealError where nothing could be decided."""
        terms, pem = self._terms(), b""
        try:
            chain = self._chain(call, terms)
            if requests.wants_chain_only(event):
                return chain.members()
            request = _read(call, event)
            pem = request.csr if request.csr is not None else _file(self._files, request.csr_file or "")
            return self._issued(call, _ask(call, event, request, pem, terms), terms, chain)
        except Refused as refused:
            if refused.told:
                self._tell(call, terms, rejection.told(event, pem, refused.message))
            return responses.refused(refused.message)

    def preview(
        self, call: Call, events: Sequence[Mapping[str, Any]], files: CsrFiles
    ) -> Sequence[Preview | Refused]:
        """What `request` would answer, but for the rules about keys that are used. Changes nothing."""
        terms = self._terms()
        answers: list[Preview | Refused] = []
        asked: dict[int, IssueRequest] = {}
        for index, event in enumerate(events):
            try:
                request = _read(call, event)
                pem = request.csr if request.csr is not None else _file(files, request.csr_file or "")
                found = _ask(call, event, request, pem, terms)
                if found.problem is None:
                    asked[index] = self._issue_request(call, found, terms)
                answers.append(_preview(found))
            except Refused as refused:
                answers.append(refused)
        for index, error in zip(asked, self._check(list(asked.values())), strict=True):
            if error is not None and error.code not in _ANSWERED:
                raise error
            found_earlier = answers[index]
            if error is not None and isinstance(found_earlier, Preview):
                answers[index] = replace(found_earlier, problem=_refused(error))
        return answers

    def _issued(self, call: Call, asked: _Asked, terms: Terms, chain: CaChain) -> dict[str, Any]:
        self._store.transact(lambda tx: self._claim_key(tx, call, asked, terms))
        try:
            issued = self._issue(self._issue_request(call, asked, terms))
        except PrivySealError as error:
            self._release(asked)
            if error.code in _ANSWERED:
                raise _refused(error) from None
            raise
        if issued.replayed:
            self._release(asked)
        certificate = read_certificate(issued.der)
        answer = responses.issued(
            certificate,
            to_pem(issued.der),
            chain,
            common_name=asked.request.common_name,
            subject=subject.shown_merged(asked.attributes),
            bundle=asked.request.cert_bundle,
        )
        return responses.with_warnings(answer, asked.request.warnings)

    def chain(self, call: Call) -> CaChain:
        """Raises Refused where the authority has no certificate."""
        return self._chain(call, self._terms())

    def _chain(self, call: Call, terms: Terms) -> CaChain:
        try:
            found = self._certificate(call.caller, terms.authority)
        except PrivySealError as error:
            if error.code in {ErrorCode.NOT_FOUND, ErrorCode.INVALID_ARN, ErrorCode.INVALID_STATE}:
                raise Refused(f"CA {terms.slug} not found") from None
            raise
        text = f"{found.certificate}\n{found.chain or ''}"
        return CaChain(tuple(map(to_pem, blocks(text.encode(), "CERTIFICATE", most=_TIERS))))

    def _claim_key(self, tx: Tx, call: Call, asked: _Asked, terms: Terms) -> None:
        """A key has one certificate, also when two requests come at once. Raises THROTTLED for the second
        of two: nobody knows yet whether the first gets one.
        """
        request = asked.request
        if not request.force_issue:
            found = self._rows.certificates.by_keys(tx, [asked.key_digest])
            of_key = [each for each in found if not _is_of(each, asked.token, tx)]
            name, account = request.common_name, call.caller.account
            same_name = of_key and self._rows.issues.has(tx, account, name, asked.key_digest)
            if same_name and request.csr_file:
                raise already_issued()
            if same_name or (of_key and terms.key_reuse == STRICT):
                raise Refused(KEY_REUSED)
        if asked.problem:
            raise asked.problem
        until = tx.now + CLAIM
        if not request.force_issue and not self._rows.claims.claim(tx, asked.key_digest, asked.token, until):
            text = "Another request for the same private key is being answered. Try again."
            raise PrivySealError(ErrorCode.THROTTLED, text)

    def _release(self, asked: _Asked) -> None:
        """Where the database is away, the claim ends by itself."""
        with suppress(PrivySealError):
            self._store.transact(lambda tx: self._rows.claims.release(tx, asked.key_digest, asked.token))

    def _issue_request(self, call: Call, asked: _Asked, terms: Terms) -> IssueRequest:
        authority, _ = self._describe(call.caller, terms.authority)
        request = asked.request
        purposes = [{"ExtendedKeyUsageObjectIdentifier": oid} for oid in request.purposes.oids]
        return IssueRequest(
            caller=call.caller,
            authority_arn=terms.authority,
            csr=asked.pem,
            signing_algorithm=authority.signing_algorithm,
            validity=("DAYS", request.days),
            profile=SERVERLESS,
            api_passthrough={
                "Subject": {"CustomAttributes": asked.attributes},
                "Extensions": {
                    "ExtendedKeyUsage": purposes,
                    "SubjectAlternativeNames": request.sans.members(),
                    "CustomExtensions": list(request.extensions),
                },
            },
            token=asked.token,
            alongside=lambda tx, row: self._note(tx, row, terms, call, asked),
        )

    def _note(self, tx: Tx, row: CertificateRow, terms: Terms, call: Call, asked: _Asked) -> None:
        """Beside the certificate, in its own commit."""
        request = asked.request
        organization, unit = subject.organization(asked.attributes)
        known = self._known.matches(tx, request.common_name, organization, unit)
        issue = Issue(
            account=call.caller.account,
            authority_id=row.authority_id,
            serial=row.serial,
            common_name=request.common_name,
            subject=subject.shown_merged(asked.attributes),
            key_digest=row.key_digest,
            issued_at=row.not_before,
            expires_at=row.not_after,
            notify_issued=known if request.notify_issued is None else request.notify_issued,
            notify_expiry=known if request.notify_expiry is None else request.notify_expiry,
        )
        self._rows.issues.insert(tx, issue)
        if issue.notify_issued:
            authority = AuthorityArn.parse(terms.authority)
            tx.record(notices.issued(call.caller, authority, issue, row.der))
        self._rows.claims.release(tx, asked.key_digest, asked.token)

    def _tell(self, call: Call, terms: Terms, detail: Mapping[str, Any]) -> None:
        """On record, for the notice that those who watch the CA get."""
        rejected = entry(rejection.ACTION, call.caller, terms.authority, **detail)
        self._store.transact(lambda tx: tx.record(rejected))


def _read(call: Call, event: Mapping[str, Any]) -> CertificateRequest:
    request = requests.read(event)
    if request.force_issue and not call.forces:
        raise Refused("force_issue is for administrators: leave it out, or ask one of them")
    return request


def _ask(
    call: Call, event: Mapping[str, Any], request: CertificateRequest, pem: bytes, terms: Terms
) -> _Asked:
    try:
        csr = parse_pem(pem)
    except PrivySealError as error:
        raise Refused(error.message) from None
    attributes, problem = subject.merged(request.subject, csr.subject), None
    try:
        request = requests.granted(request, terms.longest, terms.extensions)
    except Refused as refused:
        problem = refused
    return _Asked(request, csr, pem, attributes, _token(call, event), problem)


def _file(files: CsrFiles, name: str) -> bytes:
    content = files.read(name)
    if content is None:
        raise no_csr_file(name, files.bucket)
    return content


def _refused(error: PrivySealError) -> Refused:
    """In words of a contract that knows nothing of the acm-pca service model."""
    return Refused(error.message.replace("The ApiPassthrough", "The request", 1))


def _preview(asked: _Asked) -> Preview:
    organization, unit = subject.organization(asked.attributes)
    request = asked.request
    return Preview(
        request.common_name,
        organization,
        unit,
        asked.key_digest,
        request.force_issue,
        asked.problem,
        request.warnings,
    )


def _is_of(certificate: CertificateRow, token: str, tx: Tx) -> bool:
    """Whether the same call made it a moment ago."""
    return certificate.token == token and tx.now < certificate.issued_at + TOKEN_LIFE


def _token(call: Call, event: Mapping[str, Any]) -> str:
    """One call, one certificate, however often its client sends it."""
    content = json.dumps([call.caller.principal, call.id, event], sort_keys=True)
    return f"sls-{hashlib.sha256(content.encode()).hexdigest()[:32]}"
