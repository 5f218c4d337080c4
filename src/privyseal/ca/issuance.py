"""The one place that signs certificates. Every front-end ends here.

A batch of requests goes through these steps; the numbers repeat in the code.

 1. authorise   the authority exists, is the caller's, and is in a state to issue
 2. check CSR   one strict parse, key rules, proof of possession
 3. profile     what the template makes of it: extensions, validity, signing algorithm
 4. build       the to-be-signed certificate, from what the profile allows
 5. lint        RFC 5280's structural rules over the built values
 6. sign        outside any database transaction
 7. record      certificates and journal row in one durable commit, which compares each
                authority's version and each token
 8. release     only now does the caller hear of it

Where the key is in this process, the record (7) is one commit together with the result, and a
signature that never got there is dropped unseen. Where it is elsewhere (in a KMS, say), what it is
about to sign, serial and digest, is committed before it signs, and several signatures are under way at
a time. A batch is positional, one bad request never fails its neighbours, and nothing here waits for
another batch.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from privyseal import log
from privyseal.ca.issuers import Issuers
from privyseal.ca.keys import OpenKeys
from privyseal.ca.model import OCSP_RESPONDER, Certificate
from privyseal.ca.preparing import Checked, Prepared, Snapshot, admit, check, prepare
from privyseal.ca.quotas import CertificateQuota
from privyseal.ca.repositories import Repositories
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.ca.revocation.scopes import Scopes
from privyseal.ca.watching import Watch
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn, CertificateArn
from privyseal.store import Entry, Store, Tx, UniqueError
from privyseal.value import Value
from privyseal.x509.algorithms import signing_algorithm

T = TypeVar("T")
U = TypeVar("U")

# How often a batch starts again although nothing came of it, because authorities changed meanwhile.
MAX_LOST_ROUNDS = 4
# Signatures under way at a time with keys that are elsewhere; boto3 keeps ten connections.
SIGNERS = 8
# An entry of the journal: a key elsewhere is about to sign a certificate.
INTENT = "privyseal:IntendCertificate"
INTERNAL_TEXT = "The certificate could not be made because of an internal error."


class Signed(Value, frozen=True):
    prepared: Prepared
    der: bytes
    arn: CertificateArn


Result = Issued | PrivySealError


@dataclass(slots=True)
class _Round:
    """What one pass over the batch left behind: final answers, and those that must go again."""

    requests: Sequence[IssueRequest]
    answers: dict[int, Result] = field(default_factory=dict)
    again: list[int] = field(default_factory=list)

    def each(self, step: Callable[[T], U | Issued], work: Mapping[int, T]) -> dict[int, U]:
        """One step for one request after the other; who gets an answer, good or bad, goes no further."""
        passed: dict[int, U] = {}
        for index, item in work.items():
            try:
                result = step(item)
            except PrivySealError as error:
                self.answers[index] = error
            except Exception as error:  # noqa: BLE001 - a defect that one request meets fails no other
                log.exception("issuing failed", error, request_id=self.requests[index].caller.request_id)
                self.answers[index] = PrivySealError(ErrorCode.INTERNAL, INTERNAL_TEXT)
            else:
                if isinstance(result, Issued):
                    self.answers[index] = result
                else:
                    passed[index] = result
        return passed


class Issuance:
    def __init__(
        self,
        store: Store,
        rows: Repositories,
        keys: OpenKeys,
        *,
        quota: CertificateQuota,
        issuers: Issuers,
        scopes: Scopes,
        watch: Watch,
    ) -> None:
        self._store = store
        self._watch = watch
        self._authorities = rows.authorities
        self._certificates = rows.certificates
        self._keys = keys
        self._quota = quota
        self._issuers = issuers
        self._scopes = scopes
        self._signers = ThreadPoolExecutor(SIGNERS, thread_name_prefix="signer")

    def issue(self, requests: Sequence[IssueRequest]) -> Sequence[Result]:
        """Positional answers. When a commit fails, all that it held are UNAVAILABLE: retry them."""
        return self._watch.over(self._answers, requests) if requests else []

    def _answers(self, requests: Sequence[IssueRequest]) -> Sequence[Result]:
        answers: dict[int, Result] = {}
        waiting, lost_rounds = list(range(len(requests))), 0
        while waiting and lost_rounds < MAX_LOST_ROUNDS:
            try:
                done = self._round(requests, waiting)
            except PrivySealError as error:  # the database; what an earlier round has stored stays stored
                answers.update(dict.fromkeys(waiting, error))
                break
            answers.update(done.answers)
            lost_rounds += not done.answers
            waiting = done.again
        busy = PrivySealError(ErrorCode.THROTTLED, "The certificate authority is being changed. Try again.")
        return [answers.get(index, busy) for index in range(len(requests))]

    def check(self, requests: Sequence[IssueRequest]) -> Sequence[PrivySealError | None]:
        """Steps 1 to 5: whether each one would be issued. Nothing is signed, stored or counted."""
        snapshot = self._store.view(lambda tx: self._snapshot(tx, requests))
        done = _Round(requests)
        admitted = done.each(
            lambda request: admit(request, snapshot, self._issuers), dict(enumerate(requests))
        )
        done.each(lambda each: prepare(each, snapshot, self._issuers), done.each(check, admitted))
        answers = (done.answers.get(index) for index in range(len(requests)))
        return [each if isinstance(each, PrivySealError) else None for each in answers]

    def _round(self, requests: Sequence[IssueRequest], indexes: Sequence[int]) -> _Round:
        leaders, twins, done = _fold(requests, indexes)
        snapshot = self._store.view(lambda tx: self._snapshot(tx, [requests[i] for i in leaders]))
        signed = self._signed(done, {index: requests[index] for index in leaders}, snapshot)
        stored = self._record(list(signed.values()))
        for index, each in signed.items():
            if each.arn in stored:
                done.answers[index] = Issued(each.arn, each.der)  # 8. release
            else:
                done.again.append(index)
        for index, leader in twins.items():
            if answer := done.answers.get(leader):
                done.answers[index] = answer
            else:
                done.again.append(index)
        return done

    def _signed(
        self, done: _Round, asked: Mapping[int, IssueRequest], snapshot: Snapshot
    ) -> dict[int, Signed]:
        """Steps 1 to 6, the whole batch through each part of them. In a row, proofs and signatures find
        their tables in the processor's caches, and so does everything else: a quarter less time.
        """
        admitted = done.each(lambda request: admit(request, snapshot, self._issuers), asked)
        checked = done.each(check, admitted)
        counted = done.each(lambda each: self._counted(each, snapshot), checked)
        self._intend(counted.values())
        return done.each(lambda signature: signature(), self._signatures(counted))

    def _signatures(self, counted: Mapping[int, Prepared]) -> dict[int, Callable[[], Signed]]:
        """6, a call for each one. Keys that are elsewhere are at work already, several at a time: they keep
        a batch waiting for as long as the way to them and back takes.
        """
        return {
            index: self._signers.submit(sign, each, self._keys).result
            if each.authority.key.is_elsewhere
            else partial(sign, each, self._keys)
            for index, each in counted.items()
        }

    def close(self) -> None:
        self._signers.shutdown(wait=True)

    def _intend(self, prepared: Iterable[Prepared]) -> None:
        """6, before a key that is elsewhere signs: what it is about to sign is on record."""
        remote = [each for each in prepared if each.authority.key.is_elsewhere]
        if not remote:
            return
        entries = [_intent(each) for each in remote]

        def write(tx: Tx) -> None:
            for each in entries:
                tx.record(each)

        self._store.transact(write)

    def _counted(self, checked: Checked, snapshot: Snapshot) -> Prepared:
        """3 to 5; what can be made counts towards the quota."""
        prepared = prepare(checked, snapshot, self._issuers)
        self._quota.take(prepared.authority.arn.id, snapshot.now)
        return prepared

    def _snapshot(self, tx: Tx, requests: Sequence[IssueRequest]) -> Snapshot:
        ids = {arn.id for request in requests if (arn := _arn(request))}
        tokens = {(arn.id, r.token) for r in requests if r.token and (arn := _arn(r))}
        authorities = self._authorities.find_many(tx, sorted(ids))
        return Snapshot(
            now=tx.now,
            authorities=authorities,
            tokens=self._certificates.by_tokens(tx, sorted(tokens)) if tokens else {},
            partitions=self._scopes.open_of(tx, list(authorities.values())),
        )

    def _record(self, signed: list[Signed]) -> set[CertificateArn]:
        """7. One commit for all whose authority is unchanged and whose token is free; returns theirs."""
        while signed:
            try:
                return self._store.transact(lambda tx, batch=tuple(signed): self._write(tx, batch))  # type: ignore[misc]
            except UniqueError:
                free = self._without_taken_tokens(signed)
                if len(free) == len(signed):
                    raise
                signed = free
        return set()

    def _write(self, tx: Tx, signed: Sequence[Signed]) -> set[CertificateArn]:
        ids = sorted({each.arn.authority.id for each in signed})
        versions = self._authorities.versions(tx, ids)
        fresh = [s for s in signed if versions.get(s.arn.authority.id) == s.prepared.authority.version]
        stale = [s.prepared.stale for s in fresh if s.prepared.stale]
        if stale:
            self._certificates.forget_tokens(tx, [(c.authority_id, c.serial) for c in stale])
        rows = [_certificate(each, tx.now) for each in fresh]
        self._certificates.insert_many(tx, rows)
        for each, row in zip(fresh, rows, strict=True):
            if each.prepared.request.alongside:
                each.prepared.request.alongside(tx, row)
        in_partitions = Counter(
            (s.arn.authority.id, s.prepared.partition) for s in fresh if s.prepared.partition
        )
        for (authority_id, partition), certificates in in_partitions.items():
            self._scopes.count(tx, authority_id, partition, certificates)
        for each in fresh:
            tx.record(_entry(each))
        return {each.arn for each in fresh}

    def _without_taken_tokens(self, signed: Sequence[Signed]) -> list[Signed]:
        """Another process was first with a token: its holder answers in the next round."""
        keys = {_token_key(s): s for s in signed if s.prepared.request.token}
        taken = self._store.view(lambda tx: self._certificates.by_tokens(tx, sorted(keys)))
        lost = {id(s) for key, s in keys.items() if (holder := taken.get(key)) and holder != s.prepared.stale}
        return [s for s in signed if id(s) not in lost]


def sign(prepared: Prepared, keys: OpenKeys) -> Signed:
    """6. The only caller of an authority's key for certificates."""
    key = keys.of(prepared.authority)
    der = prepared.tbs.sign(key, signing_algorithm(prepared.request.signing_algorithm))
    return Signed(prepared, der, CertificateArn(prepared.authority.arn, prepared.tbs.serial))


def _intent(prepared: Prepared) -> Entry:
    """Who finds a signature of the key that no certificate here has looks for its digest."""
    request, tbs = prepared.request, prepared.tbs
    arn = CertificateArn(prepared.authority.arn, tbs.serial)
    digest = hashlib.sha256(tbs.encode(signing_algorithm(request.signing_algorithm))).hexdigest()
    return entry(INTENT, request.caller, str(arn), tbs_sha256=digest)


def _fold(
    requests: Sequence[IssueRequest], indexes: Sequence[int]
) -> tuple[list[int], dict[int, int], _Round]:
    """Tokens repeated inside the batch: twins share their leader's answer, others wait a round.

    Twins have the same caller too: what one may have, another may not.
    """
    first: dict[tuple[str, str], int] = {}
    leaders, twins, done = [], {}, _Round(requests)
    for index in indexes:
        request = requests[index]
        leader = first.setdefault((request.authority_arn, request.token), index) if request.token else index
        if leader == index:
            leaders.append(index)
        elif _same(requests[leader], request):
            twins[index] = leader
        else:
            done.again.append(index)
    return leaders, twins, done


def _same(leader: IssueRequest, request: IssueRequest) -> bool:
    """Whether two requests of one token are one: `request_id` is all that may differ."""
    who, whose = leader.caller, request.caller
    same_caller = (who.principal, who.account) == (whose.principal, whose.account)
    return same_caller and leader.digest() == request.digest()


def _arn(request: IssueRequest) -> AuthorityArn | None:
    try:
        return AuthorityArn.parse(request.authority_arn)
    except PrivySealError:
        return None  # step 1 refuses it


def _token_key(signed: Signed) -> tuple[str, str]:
    return signed.arn.authority.id, signed.prepared.request.token or ""


def _certificate(signed: Signed, now: datetime) -> Certificate:
    prepared, tbs = signed.prepared, signed.prepared.tbs
    return Certificate(
        authority_id=signed.arn.authority.id,
        serial=signed.arn.serial,
        der=signed.der,
        template=prepared.profile.name,
        subject=tbs.subject_text,
        not_before=tbs.not_before,
        not_after=tbs.not_after,
        issued_at=now,
        token=prepared.request.token,
        request_digest=prepared.digest,
        key_digest=hashlib.sha256(tbs.spki).digest(),
        crl_partition=prepared.partition,
        service_principal=OCSP_RESPONDER
        if prepared.request.for_responder
        else prepared.request.caller.service,
    )


def _entry(signed: Signed) -> Entry:
    return entry(
        "acm-pca:IssueCertificate",
        signed.prepared.request.caller,
        str(signed.arn),
        template=signed.prepared.profile.name,
        sha256=hashlib.sha256(signed.der).hexdigest(),
    )
