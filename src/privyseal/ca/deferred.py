"""Issuing as AWS does it: IssueCertificate answers with an ARN, and the signature comes later.

A request is checked as if it were issued at once, gets its serial, and is stored; that is what the
ARN promises. A job of any process claims due requests for a while (a lease), issues
them through `issuance.py` with the promised serial, and takes them off the list. What can no longer
be issued (its authority was disabled meanwhile) is marked failed. Whoever stops in between, nothing
is lost: a lease runs out, and a certificate that is stored already is only taken off the list.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from privyseal import log
from privyseal.ca.issuance import INTERNAL_TEXT, Issuance, Result
from privyseal.ca.issuers import Issuers
from privyseal.ca.preparing import TOKEN_LIFE, Snapshot, admit, check, prepare, token_conflict
from privyseal.ca.repositories import Repositories
from privyseal.ca.requests import Issued, IssueRequest, PendingRequest
from privyseal.ca.revocation.scopes import Scopes
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.store import Store, Tx, UniqueError
from privyseal.value import changed

# How long a process may take to sign what it has claimed before another one may.
LEASE = timedelta(seconds=60)
# Requests claimed at once.
MAX_CLAIM = 64
# How often a promise starts again because its authority or its token changed meanwhile.
MAX_TRIES = 4
# Errors that pass: the request stays on the list.
_PASSING = frozenset({ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE, ErrorCode.CONFLICT, ErrorCode.INTERNAL})


class Deferred:
    """`delay` is how long a request waits at least."""

    def __init__(
        self,
        store: Store,
        rows: Repositories,
        issuance: Issuance,
        *,
        issuers: Issuers,
        scopes: Scopes,
        delay: timedelta,
    ) -> None:
        self._store = store
        self._authorities = rows.authorities
        self._certificates = rows.certificates
        self._pending = rows.pending_requests
        self._issuance = issuance
        self._issuers = issuers
        self._scopes = scopes
        self._delay = delay

    def request_all(self, requests: Sequence[IssueRequest]) -> Sequence[CertificateArn | PrivySealError]:
        """`request` for each of a batch, positionally."""
        answers: list[CertificateArn | PrivySealError] = []
        for each in requests:
            try:
                with log.about(request_id=each.caller.request_id):
                    answers.append(self.request(each))
            except PrivySealError as error:
                answers.append(error)
            except Exception as error:  # noqa: BLE001 - a defect that one request meets fails no other
                log.exception("a promise failed", error, request_id=each.caller.request_id)
                answers.append(PrivySealError(ErrorCode.INTERNAL, INTERNAL_TEXT))
        return answers

    def request(self, request: IssueRequest) -> CertificateArn:
        """Check, promise a serial, store. The ARN names what GetCertificate will have."""
        arn = AuthorityArn.parse(request.authority_arn)
        for _ in range(MAX_TRIES):
            try:
                return CertificateArn(arn, self._promise(arn, request))
            except UniqueError:  # another process was first with this token: look again
                continue
        raise PrivySealError(ErrorCode.THROTTLED, "The certificate authority is being changed. Try again.")

    def waiting(self, tx: Tx) -> bool:
        return self._pending.any_due(tx)

    def sign_due(self, stopping: threading.Event) -> None:
        """Sign all that is due; returns when nothing is, or soon after `stopping` is set."""
        while not stopping.is_set():
            claimed = self._store.transact(lambda tx: self._pending.claim(tx, tx.now + LEASE, MAX_CLAIM))
            if not claimed:
                return
            self._sign(claimed)

    def _promise(self, arn: AuthorityArn, request: IssueRequest) -> int:
        snapshot, waiting = self._store.view(lambda tx: self._read(tx, arn, request))
        now = snapshot.now
        if waiting and now < waiting.requested_at + TOKEN_LIFE:
            if waiting.request.digest() != request.digest():
                raise token_conflict()
            return waiting.serial
        admitted = admit(request, snapshot, self._issuers)
        if isinstance(admitted, Issued):
            return admitted.arn.serial  # signed already, for an earlier request with this token
        prepared = prepare(check(admitted), snapshot, self._issuers)
        serial = prepared.tbs.serial
        promise = PendingRequest(
            arn.id, serial, changed(request, serial=serial), now, now + self._delay, None
        )

        def write(tx: Tx) -> None:
            if self._read(tx, arn, request) != (replace(snapshot, now=tx.now), waiting):
                raise UniqueError("what the promise was made on has changed")
            if waiting:
                self._pending.forget_token(tx, waiting)
            self._pending.insert(tx, promise)
            resource = str(CertificateArn(arn, serial))
            tx.record(entry("privyseal:PromiseCertificate", request.caller, resource))

        self._store.transact(write)
        return serial

    def _read(
        self, tx: Tx, arn: AuthorityArn, request: IssueRequest
    ) -> tuple[Snapshot, PendingRequest | None]:
        token = request.token
        tokens = self._certificates.by_tokens(tx, [(arn.id, token)]) if token else {}
        waiting = self._pending.by_token(tx, arn.id, token) if token else None
        authorities = self._authorities.find_many(tx, [arn.id])
        partitions = self._scopes.open_of(tx, list(authorities.values()))
        return Snapshot(tx.now, authorities, tokens, partitions), waiting

    def _sign(self, claimed: Sequence[PendingRequest]) -> None:
        keys = [(each.authority_id, each.serial) for each in claimed]
        stored = self._store.view(lambda tx: self._certificates.find_many(tx, keys))
        waiting = [each for each in claimed if (each.authority_id, each.serial) not in stored]
        try:
            results = self._issuance.issue([each.request for each in waiting])
        except UniqueError:  # another process has outlived its lease and signed one of them: look again
            return
        answers = dict(zip(map(id, waiting), results, strict=True))
        self._store.transact(lambda tx: self._settle(tx, claimed, answers))

    def _settle(self, tx: Tx, claimed: Sequence[PendingRequest], answers: dict[int, Result]) -> None:
        for pending in claimed:
            answer = answers.get(id(pending))
            if not isinstance(answer, PrivySealError):
                if answer is None or answer.arn.serial == pending.serial:
                    self._pending.remove(tx, pending)
            elif answer.code not in _PASSING:
                self._pending.fail(tx, pending, answer.message)
                arn = AuthorityArn.parse(pending.request.authority_arn)
                resource = str(CertificateArn(arn, pending.serial))
                action = "acm-pca:IssueCertificate"
                told = {"result": "failure", "failure": answer.message}
                tx.record(entry(action, pending.request.caller, resource, **told))
