"""serverless-ca's certificate function: one JSON request, one certificate or `{"error": …}`.

Invoke, our own path and GitOps all end here, and this ends in `ca/issuance` like everything else. Its
checks come in the order in which its users know them: the authorities' chain, the request, the CSR,
what was issued already, the key, then the certificate.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
from privyseal.serverless import request as requests
from privyseal.serverless import responses, subject
from privyseal.serverless.model import Issue
from privyseal.serverless.ports import CsrFiles, Issues, KeyClaims, KnownSubjects
from privyseal.serverless.refusals import KEY_REUSED, Refused, already_issued, no_csr_file
from privyseal.serverless.request import CertificateRequest
from privyseal.serverless.responses import CaChain
from privyseal.store import Store, Tx
from privyseal.x509.certificate import read_certificate
from privyseal.x509.csr import Csr, parse_pem
from privyseal.x509.pem import to_pem
from privyseal.x509.profiles import SERVERLESS

# Over all names: a key that ever had a certificate gets no other. Compatible: for each common name.
STRICT: Final = "strict"
COMPATIBLE: Final = "compatible"
# So long a key belongs to the request that is about to get its certificate.
CLAIM: Final = timedelta(seconds=60)
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
    """A request with its CSR read and everything decided but the certificate."""

    request: CertificateRequest
    csr: Csr
    pem: bytes
    attributes: list[Mapping[str, str]]
    token: str
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
        terms = self._terms()
        try:
            chain = self._chain(call.caller, terms)
            if requests.wants_chain_only(event):
                return chain.members()
            return self._issued(call, event, terms, chain)
        except Refused as refused:
            self._tell(call, event, refused)
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
                found = self._read(call, event, terms, files)
                asked[index] = self._issue_request(call, found, terms)
                answers.append(_preview(found))
            except Refused as refused:
                answers.append(refused)
        for index, error in zip(asked, self._check(list(asked.values())), strict=True):
            if error is not None and error.code not in _ANSWERED:
                raise error
            if error is not None:
                answers[index] = Refused(error.message)
        return answers

    def _issued(self, call: Call, event: Mapping[str, Any], terms: Terms, chain: CaChain) -> dict[str, Any]:
        asked = self._read(call, event, terms, self._files)
        self._check_key(call, asked, terms)
        try:
            issued = self._issue(self._issue_request(call, asked, terms))
        except PrivySealError as error:
            if error.code in _ANSWERED:
                self._store.transact(lambda tx: self._rows.claims.release(tx, asked.key_digest, asked.token))
                raise Refused(error.message) from None
            raise
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

    def _chain(self, caller: Caller, terms: Terms) -> CaChain:
        try:
            found = self._certificate(caller, terms.authority)
        except PrivySealError as error:
            if error.code in {ErrorCode.NOT_FOUND, ErrorCode.INVALID_ARN, ErrorCode.INVALID_STATE}:
                raise Refused(f"CA {terms.slug} not found") from None
            raise
        above = (found.chain or found.certificate).rstrip()
        root = above[above.rindex("-----BEGIN ") :]
        return CaChain(found.certificate, root)

    def _read(self, call: Call, event: Mapping[str, Any], terms: Terms, files: CsrFiles) -> _Asked:
        request = requests.read(event, longest=terms.longest, allowed=terms.extensions)
        if request.force_issue and not call.forces:
            raise Refused("force_issue is for administrators: leave it out, or ask one of them")
        pem = request.csr if request.csr is not None else _file(files, request.csr_file or "")
        try:
            csr = parse_pem(pem)
        except PrivySealError as error:
            raise Refused(error.message) from None
        return _Asked(request, csr, pem, subject.merged(request.subject, csr.subject), _token(call, event))

    def _check_key(self, call: Call, asked: _Asked, terms: Terms) -> None:
        """A key has one certificate, also when two requests come at once."""
        if asked.request.force_issue:
            return
        request, account = asked.request, call.caller.account

        def write(tx: Tx) -> None:
            found = self._rows.certificates.by_keys(tx, [asked.key_digest])
            of_key = [each for each in found if not _is_of(each, asked.token, tx)]
            same_name = of_key and self._rows.issues.has(tx, account, request.common_name, asked.key_digest)
            if same_name and request.csr_file:
                raise already_issued()
            if same_name or (of_key and terms.key_reuse == STRICT):
                raise Refused(KEY_REUSED)
            if not self._rows.claims.claim(tx, asked.key_digest, asked.token, tx.now + CLAIM):
                raise Refused(KEY_REUSED)

        self._store.transact(write)

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
            alongside=lambda tx, row: self._note(tx, row, call, asked),
        )

    def _note(self, tx: Tx, row: CertificateRow, call: Call, asked: _Asked) -> None:
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
        self._rows.claims.release(tx, asked.key_digest, asked.token)

    def _tell(self, call: Call, event: Mapping[str, Any], refused: Refused) -> None:
        """On record, for the notice that those who watch the CA get."""
        if not refused.told:
            return
        resource = self._terms().authority
        detail = {"reason": refused.message, "request": _named(event)}
        self._store.transact(
            lambda tx: tx.record(entry("serverless:RejectCertificate", call.caller, resource, **detail))
        )


def _file(files: CsrFiles, name: str) -> bytes:
    content = files.read(name)
    if content is None:
        raise no_csr_file(name, files.bucket)
    return content


def _preview(asked: _Asked) -> Preview:
    organization, unit = subject.organization(asked.attributes)
    request = asked.request
    return Preview(request.common_name, organization, unit, asked.key_digest, request.force_issue)


def _is_of(certificate: CertificateRow, token: str, tx: Tx) -> bool:
    """Whether the same call made it a moment ago."""
    return certificate.token == token and tx.now < certificate.issued_at + TOKEN_LIFE


def _token(call: Call, event: Mapping[str, Any]) -> str:
    """One call, one certificate, however often its client sends it."""
    content = json.dumps([call.caller.principal, call.id, event], sort_keys=True)
    return f"sls-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _named(event: Mapping[str, Any]) -> dict[str, str]:
    """What of a refused request may stand in the record: texts of its subject, cut short."""
    return {key: str(event[key])[:128] for key in subject.ATTRIBUTES if event.get(key)}
