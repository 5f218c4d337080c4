"""What OCSP says of certificates: a batch of requests in, signed answers out.

Why an answer cannot be wrong:

- What is signed was read from one snapshot, and `thisUpdate` is the time of that snapshot.
- A stored answer is written in a transaction that reads the status again and finds it as the answer
  says; whoever changes the status deletes the stored answers of the certificate in the same commit.
  So in every snapshot a stored answer agrees with the status beside it, and only such pairs are read.
- An answer in memory carries the generation that was read before its snapshot was taken. A commit that
  changes a status changes the generation before it becomes visible (`Store.generation`), so an answer
  from before that commit is never handed out after it. While the commit is under way nothing in memory
  is used, and who asks then may hear either: the revocation has not been acknowledged yet.
- `unknown` is neither stored nor kept: to issue a certificate changes no generation.
- Answers that are stored are given only while the responder that signed them is the authority's.
- The CertID of an answer is the CertID of its request, octet by octet, and is what it is stored under.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from privyseal import log
from privyseal.ca.model import Authority
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation.ocsp_model import CertificateStatus, OcspAnswer, OcspCredential
from privyseal.ca.revocation.reasons import REASONS
from privyseal.ca.revocation.responders import OpenResponders, answers_at
from privyseal.errors import PrivySealError
from privyseal.store import Store, Tx
from privyseal.x509 import ocsp_response
from privyseal.x509.certificate import read_certificate
from privyseal.x509.ocsp_request import OcspRequest, hashed
from privyseal.x509.ocsp_response import Failure, Good, Revoked, SingleResponse, Status, Unknown

# What a client or a TLS server keeps of an answer is never older than this. It is what AWS promises
# ("up to 60 minutes"), and as long as one may be without a responder.
VALID = timedelta(hours=1)
# The same answer is given for half of that, so that each one is good for half an hour at least.
KEPT = VALID / 2
# Of a certificate that was never issued: one with that serial number may be issued at any moment.
UNKNOWN_VALID = timedelta(minutes=1)
MAX_ISSUERS = 1024


# The object identifier of a hash, and that hash of an authority's key.
KeyHash = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """`until` is when another one is to be made; None for what must not be kept. `generation` is that
    of the snapshot. `stored` is what may be written for other processes.
    """

    response: bytes
    this_update: datetime | None = None
    until: datetime | None = None
    generation: int | None = None
    stored: "Storable | None" = None


@dataclass(frozen=True, slots=True)
class Storable:
    """A new answer and what it was made of."""

    answer: OcspAnswer
    status: CertificateStatus


@dataclass(frozen=True, slots=True)
class _Issuer:
    """An authority that has a responder, as of one generation."""

    authority: Authority
    credential: OcspCredential | None
    keys: Mapping[str, bytes]  # hashes of its key, by their object identifiers
    names: Mapping[str, bytes]  # the same of its name


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one snapshot says."""

    now: datetime
    generation: int | None
    issuers: Mapping[KeyHash, _Issuer]
    stored: Mapping[tuple[str, bytes], OcspAnswer]
    statuses: Mapping[tuple[str, int], CertificateStatus]


class Answers:
    def __init__(self, store: Store, rows: Repositories, responders: OpenResponders) -> None:
        self._store = store
        self._rows = rows
        self._responders = responders
        self._issuers: dict[KeyHash, tuple[int, _Issuer]] = {}

    def answer(self, requests: Sequence[OcspRequest]) -> Sequence[Answer]:
        """Positional answers from one snapshot; each is signed outside of it."""
        generation = self._store.generation()
        facts = self._store.view(lambda tx: self._read(tx, requests, generation))
        return [self._guarded(request, facts) for request in requests]

    def authority_of(self, request: OcspRequest) -> str:
        """The id of the authority that is asked, where it is at hand; else empty."""
        found = self._issuers.get(_key(request))
        return found[1].authority.arn.id if found else ""

    def _guarded(self, request: OcspRequest, facts: _Facts) -> Answer:
        try:
            return self._one(request, facts)
        except PrivySealError as error:  # a key that cannot be had now
            log.warning("an OCSP answer was not signed", error=str(error))
            return failure(Failure.TRY_LATER)
        except Exception as error:  # noqa: BLE001 - a defect that one request meets fails no other
            log.exception("an OCSP answer failed", error)
            return failure(Failure.INTERNAL_ERROR)

    def _one(self, request: OcspRequest, facts: _Facts) -> Answer:
        issuer = _only_issuer(request, facts)
        if issuer is None:
            return failure(Failure.UNAUTHORIZED)
        credential = issuer.credential
        if credential is None or not credential.not_before <= facts.now < credential.not_after:
            return failure(Failure.TRY_LATER)
        stored = _stored(request, issuer, facts)
        if stored:
            return Answer(stored.response, stored.this_update, stored.expires_at, facts.generation)
        return self._signed(request, issuer, credential, facts)

    def _signed(
        self, request: OcspRequest, issuer: _Issuer, credential: OcspCredential, facts: _Facts
    ) -> Answer:
        authority_id, now = issuer.authority.arn.id, facts.now.replace(microsecond=0)
        found = [facts.statuses.get((authority_id, each.serial)) for each in request.cert_ids]
        known = all(found)
        singles = [
            SingleResponse(
                each.raw,
                _status(status),
                now,
                min(now + (VALID if status else UNKNOWN_VALID), credential.not_after),
            )
            for each, status in zip(request.cert_ids, found, strict=True)
        ]
        responder = self._responders.of(issuer.authority, credential)
        response = ocsp_response.sign(responder, singles, now, request.nonce)
        if request.nonce is not None or not known:
            return Answer(response)
        until = min(now + KEPT, credential.not_after)
        storable = None
        if len(found) == 1 and found[0]:
            (cert_id,) = request.cert_ids
            answer = OcspAnswer(
                authority_id, cert_id.serial, cert_id.raw, credential.key_id, response, now, until
            )
            storable = Storable(answer, found[0])
        return Answer(response, now, until, facts.generation, storable)

    def _read(self, tx: Tx, requests: Sequence[OcspRequest], generation: int | None) -> _Facts:
        issuers = self._find_issuers(tx, {_key(r) for r in requests}, generation)
        answered = [r for r in requests if (i := issuers.get(_key(r))) and i.credential]
        plain = {r.cert_ids[0].serial for r in answered if _is_plain(r)}
        signers = {(i.authority.arn.id, i.credential.key_id) for i in issuers.values() if i.credential}
        found = self._rows.ocsp_answers.find_many(tx, plain) if plain else {}
        # What a responder said that has been revoked, or replaced, is not said again.
        stored = {key: each for key, each in found.items() if (each.authority_id, each.key_id) in signers}
        have = {cert_id for _, cert_id in stored}
        unsigned = [r for r in answered if not (_is_plain(r) and r.cert_ids[0].raw in have)]
        serials = {each.serial for r in unsigned for each in r.cert_ids}
        statuses = self._rows.ocsp_answers.statuses(tx, serials) if serials else {}
        return _Facts(tx.now, generation, issuers, stored, statuses)

    def _find_issuers(
        self, tx: Tx, wanted: set[KeyHash], generation: int | None
    ) -> Mapping[KeyHash, _Issuer]:
        """Those of `wanted` that are ours. An authority is found by its key; its name is compared later."""
        found = {
            each: kept[1]
            for each in wanted
            if (kept := self._issuers.get(each)) and kept[0] == generation is not None
        }
        missing = [each for each in wanted if each not in found]
        if missing:
            read = self._read_issuers(tx, missing)
            found |= read
            if generation is not None:
                self._keep(read, generation)
        return found

    def _read_issuers(self, tx: Tx, wanted: Sequence[KeyHash]) -> dict[KeyHash, _Issuer]:
        responders = self._rows.ocsp_responders.by_issuers(tx, wanted)
        by_key = {item: each for each in responders for item in each.key_hashes.items()}
        authorities = self._rows.authorities.find_many(tx, [each.authority_id for each in responders])
        found = {}
        for each in wanted:
            responder = by_key.get(each)
            authority = authorities.get(responder.authority_id) if responder else None
            if responder and authority and authority.certificate:
                names = hashed(read_certificate(authority.certificate).subject.raw)
                found[each] = _Issuer(authority, responder.credential, responder.key_hashes, names)
        return found

    def _keep(self, read: Mapping[KeyHash, _Issuer], generation: int) -> None:
        if len(self._issuers) + len(read) > MAX_ISSUERS:
            self._issuers = {}
        for each, issuer in read.items():
            self._issuers[each] = generation, issuer


def failure(status: Failure) -> Answer:
    return Answer(ocsp_response.failure(status))


def _key(request: OcspRequest) -> KeyHash:
    """Who is asked: whose key the first CertID names."""
    algorithm, _, key = request.cert_ids[0].issuer
    return algorithm, key


def _only_issuer(request: OcspRequest, facts: _Facts) -> _Issuer | None:
    """The authority that all CertIDs of the request name, if it answers: one signature cannot speak
    for two.
    """
    issuer = facts.issuers.get(_key(request))
    if issuer is None or not answers_at(issuer.authority, facts.now):
        return None
    for each in request.cert_ids:
        algorithm, name, key = each.issuer
        if issuer.keys.get(algorithm) != key or issuer.names.get(algorithm) != name:
            return None
    return issuer


def _is_plain(request: OcspRequest) -> bool:
    """Whether its answer is everybody's: about one certificate, without a nonce."""
    return request.nonce is None and len(request.cert_ids) == 1


def _stored(request: OcspRequest, issuer: _Issuer, facts: _Facts) -> OcspAnswer | None:
    if not _is_plain(request):
        return None
    return facts.stored.get((issuer.authority.arn.id, request.cert_ids[0].raw))


def _status(found: CertificateStatus | None) -> Status:
    if found is None:
        return Unknown()
    if found.revoked_at is None:
        return Good()
    return Revoked(found.revoked_at, REASONS[found.reason or "UNSPECIFIED"])
