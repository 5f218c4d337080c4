"""RequestCertificate: a certificate is promised at once, and issued by a job (`issuing.py`)."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from privyseal.ca.model import Tag
from privyseal.ca.tags import check_tags
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed import limits
from privyseal.managed.model import ManagedCertificate
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.states import Kind, Status
from privyseal.managed.told import told
from privyseal.names import AuthorityArn, ManagedArn, new_id
from privyseal.store import Store, Tx, UniqueError
from privyseal.x509.refusal import shown

ACTION = "acm:RequestCertificate"


@dataclass(frozen=True, slots=True)
class RequestCertificate:
    """The service model has checked lengths and characters. `options` are its CertificateOptions."""

    caller: Caller
    region: str
    domain: str
    authority_arn: str | None
    names: Sequence[str] = ()  # further ones
    key_algorithm: str = limits.KEY_ALGORITHMS[0]
    options: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[Tag] = ()
    token: str | None = None

    def digest(self) -> bytes:
        tags = sorted((tag.key, tag.value or "") for tag in self.tags)
        parts = [self.domain, list(self.names), self.authority_arn, self.key_algorithm, dict(self.options)]
        return hashlib.sha256(json.dumps([*parts, tags], sort_keys=True).encode()).digest()


class Requesting:
    def __init__(self, store: Store, rows: ManagedRows, wake: Callable[[], None], most_names: int) -> None:
        """`wake` tells the job that there is something to issue; `most_names`: of one certificate."""
        self._store = store
        self._rows = rows
        self._wake = wake
        self._most_names = most_names

    def request(self, request: RequestCertificate) -> ManagedArn:
        """The new certificate's ARN; the same token within an hour makes nothing new."""
        names = _checked(request, self._most_names)
        try:
            arn = self._store.transact(lambda tx: self._insert(tx, request, names))
        except UniqueError:  # another process was first with this token: its certificate is the answer
            winner = self._store.view(lambda tx: self._earlier(tx, request))
            if winner is None:
                raise
            return winner.arn
        self._wake()
        return arn

    def _insert(self, tx: Tx, request: RequestCertificate, names: tuple[str, ...]) -> ManagedArn:
        if earlier := self._earlier(tx, request):
            return earlier.arn
        if request.token and (stale := self._holder(tx, request)):
            self._rows.certificates.forget_token(tx, stale)
        certificate = ManagedCertificate(
            arn=ManagedArn(request.region, request.caller.account, new_id()),
            kind=Kind.PRIVATE,
            status=Status.PENDING_VALIDATION,
            domain=request.domain,
            names=names,
            key_algorithm=request.key_algorithm,
            authority_arn=request.authority_arn,
            options=request.options,
            created_at=tx.now,
            token=request.token,
            request_digest=request.digest(),
            attempt_at=tx.now,
        )
        self._rows.certificates.insert(tx, certificate)
        self._rows.tags.put(tx, certificate.arn.id, request.tags)
        tx.record(told(ACTION, request.caller, certificate, tx.now))
        return certificate.arn

    def _earlier(self, tx: Tx, request: RequestCertificate) -> ManagedCertificate | None:
        found = self._holder(tx, request)
        if found is None or tx.now >= found.created_at + limits.TOKEN_LIFE:
            return None
        if found.request_digest != request.digest():
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                "The idempotency token was used within the last hour with other parameters.",
            )
        return found

    def _holder(self, tx: Tx, request: RequestCertificate) -> ManagedCertificate | None:
        if request.token is None:
            return None
        account = request.caller.account
        return self._rows.certificates.by_token(tx, account, request.region, request.token)


def _checked(request: RequestCertificate, most_names: int) -> tuple[str, ...]:
    """All names of the certificate, the domain first, each once."""
    if request.authority_arn is None:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            "Public certificates are not issued here. Name a private certificate authority"
            " (CertificateAuthorityArn).",
        )
    AuthorityArn.parse(request.authority_arn)
    if request.key_algorithm not in limits.KEY_ALGORITHMS:
        raise PrivySealError(
            ErrorCode.VALIDATION,  # AWS's words
            f"Encryption Algorithm {request.key_algorithm} is not supported in {request.region} region",
        )
    if len(request.domain) > limits.MAX_COMMON_NAME:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f"The domain name {shown(request.domain)} has more than {limits.MAX_COMMON_NAME} characters, the"
            " most that a common name has. Request it as a subject alternative name of a shorter one.",
        )
    spellings: dict[str, str] = {}  # names are the same in capitals (RFC 4343): the first spelling stays
    for name in (request.domain, *request.names):
        spellings.setdefault(name.lower(), name)
    names = tuple(spellings.values())
    if len(names) > most_names:
        raise PrivySealError(
            ErrorCode.LIMIT_EXCEEDED, f"A certificate has at most {most_names} domain names."
        )
    check_tags(request.tags)
    if len(request.tags) > limits.MAX_TAGS:
        raise PrivySealError(ErrorCode.TOO_MANY_TAGS, f"A certificate has at most {limits.MAX_TAGS} tags.")
    return names
