"""The jobs that issue and renew: the same steps, for what was requested and for what is due.

 1. look     a page of what is due, with its authorities; for a renewal, ACM's permission on each
 2. prepare  a key pair, a request and a serial number for each that has none yet, outside any transaction
 3. claim    one commit: what was prepared is stored, and nobody else takes these rows up for a while
 4. issue    through `ca/issuance`, under the serial number of the claim
 5. settle   one commit: what came of each, with its journal entry

Whoever dies in between leaves a claim that runs out. Who goes on finds key, request and serial number
in the row: what was issued under that number is taken, else it is issued now. The number is unique
among the authority's certificates, so one attempt never makes two, however late it is gone on with.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from privyseal.ca.certificates import chain_of
from privyseal.ca.issuers import Issuers
from privyseal.ca.model import Authority, Certificate
from privyseal.ca.permissions import may
from privyseal.ca.repositories import Repositories
from privyseal.ca.requests import Issued, IssueRequest
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.managed import limits
from privyseal.managed.failures import refusal
from privyseal.managed.keys import ManagedKeys
from privyseal.managed.model import Attempt, ManagedCertificate, Material
from privyseal.managed.ports import Issue
from privyseal.managed.repositories import ManagedRows
from privyseal.managed.requests import build_request, names_are_forbidden
from privyseal.managed.settling import Outcome, Settling
from privyseal.managed.states import Status
from privyseal.managed.told import ISSUANCE, RENEWAL
from privyseal.meter import Meter
from privyseal.names import AuthorityArn, new_id, new_serial
from privyseal.store import Store, Tx, UniqueError
from privyseal.x509.certificate import read_certificate
from privyseal.x509.profiles import DEFAULT

# How long a process may take for what it has claimed before another one may.
LEASE = timedelta(seconds=60)
# Certificates in one pass.
PAGE = 64
# Making an RSA key takes a tenth of a second, and lets other threads work.
KEY_THREADS = 2
# What renewing needs of CreatePermission. ListPermissions is for those who look.
ACTIONS = frozenset({"IssueCertificate", "GetCertificate"})

_Key = tuple[str, int]  # (authority id, serial)


@dataclass(frozen=True, slots=True)
class _Due:
    """What step 1 has seen."""

    certificates: Sequence[ManagedCertificate]
    authorities: Mapping[str, Authority]
    refusals: Mapping[str, PrivySealError]  # by the id of an authority that need not be asked


class Issuing:
    """`status` says which job it is: PENDING_VALIDATION is issued, ISSUED is renewed."""

    def __init__(
        self,
        store: Store,
        rows: ManagedRows,
        ca: Repositories,
        *,
        status: Status,
        keys: ManagedKeys,
        issue: Issue,
        issuers: Issuers,
        settling: Settling,
        validity: timedelta = limits.VALIDITY,
        meter: Meter,
    ) -> None:
        self._store = store
        self._rows = rows
        self._ca = ca
        self._status = status
        self._keys = keys
        self._issue = issue
        self._issuers = issuers
        self._settling = settling
        self._validity = validity
        self._meter = meter
        self._threads = ThreadPoolExecutor(KEY_THREADS, thread_name_prefix="managed-key")

    def work(self, stopping: threading.Event) -> None:
        """All that is due; returns when nothing is, or soon after `stopping` is set."""
        while not stopping.is_set():
            due = self._store.view(self._look)  # 1
            if not due.certificates:
                return
            self._work_on(due)

    def is_waiting(self, tx: Tx) -> bool:
        return bool(self._rows.certificates.to_attempt(tx, self._status, 1))

    def close(self) -> None:
        self._threads.shutdown(wait=True)

    def _work_on(self, due: _Due) -> None:
        prepared = list(self._threads.map(lambda each: self._prepare(each, due), due.certificates))  # 2
        claimed = self._store.transact(lambda tx: self._claim(tx, due, prepared))  # 3
        outcomes = self._outcomes(claimed, due.authorities)  # 4
        self._store.transact(lambda tx: self._settling.settle(tx, outcomes, _caller))  # 5
        self._count(due, outcomes)

    def _count(self, due: _Due, outcomes: Sequence[Outcome]) -> None:
        done = sum(isinstance(each.result, Material) for each in outcomes)
        unasked = sum(_authority(each).id in due.refusals for each in due.certificates)
        action = ISSUANCE if self._status is Status.PENDING_VALIDATION else RENEWAL
        self._meter.count("managed_attempts", done, action=action, outcome="done")
        self._meter.count(
            "managed_attempts", len(outcomes) - done + unasked, action=action, outcome="refused"
        )

    def _look(self, tx: Tx) -> _Due:
        found = self._rows.certificates.to_attempt(tx, self._status, PAGE)
        owners = {_authority(each).id: each.arn.account for each in found}
        authorities = self._ca.authorities.find_many(tx, sorted(owners))
        refusals = {
            authority_id: error
            for authority_id, account in owners.items()
            if (error := self._refusal(tx, authorities.get(authority_id), account))
        }
        return _Due(found, authorities, refusals)

    def _refusal(self, tx: Tx, authority: Authority | None, account: str) -> PrivySealError | None:
        if authority is None:
            return PrivySealError(ErrorCode.NOT_FOUND, "The certificate authority is not there.")
        if self._status is Status.PENDING_VALIDATION:  # the rights of who has requested it are enough
            return None
        if may(
            tx,
            self._ca.permissions,
            authority.arn.id,
            principal=limits.PRINCIPAL,
            account=account,
            actions=ACTIONS,
        ):
            return None
        return PrivySealError(ErrorCode.ACCESS_DENIED, f"{limits.PRINCIPAL} may not use {authority.arn}.")

    def _prepare(self, certificate: ManagedCertificate, due: _Due) -> Attempt | None:
        """None where there will be no attempt at signing."""
        if certificate.attempt or _authority(certificate).id in due.refusals:
            return certificate.attempt
        wrapped, key = self._keys.create(certificate.arn.id, certificate.key_algorithm)
        return Attempt(new_serial(), wrapped, build_request(certificate, key))

    def _claim(self, tx: Tx, due: _Due, prepared: Sequence[Attempt | None]) -> Sequence[ManagedCertificate]:
        """Those that are ours now and can be asked for; the others have had their attempt."""
        claimed, refused = [], []
        for certificate, attempt in zip(due.certificates, prepared, strict=True):
            mine = replace(
                certificate, attempt=attempt, attempt_at=tx.now + LEASE, version=certificate.version + 1
            )
            if not self._rows.certificates.plan(tx, mine):
                continue
            if error := due.refusals.get(_authority(certificate).id):
                refused.append(Outcome(mine, refusal(error, mine)))
            else:
                claimed.append(mine)
        self._settling.settle(tx, refused, _caller)
        return claimed

    def _outcomes(
        self, claimed: Sequence[ManagedCertificate], authorities: Mapping[str, Authority]
    ) -> Sequence[Outcome]:
        stored = self._stored(claimed)
        waiting = [each for each in claimed if _key(each) not in stored]
        try:
            answers = self._issue([self._request(each, authorities) for each in waiting])
        except UniqueError:  # another process has outlived its claim and signed one of them: look again later
            answers = [_overtaken()] * len(waiting)
        issued = self._stored([w for w, a in zip(waiting, answers, strict=True) if isinstance(a, Issued)])
        errors = {_key(w): a for w, a in zip(waiting, answers, strict=True) if isinstance(a, PrivySealError)}
        made = {**stored, **issued}
        return [self._outcome(each, made, errors, authorities) for each in claimed]

    def _outcome(
        self,
        certificate: ManagedCertificate,
        made: Mapping[_Key, Certificate],
        errors: Mapping[_Key, PrivySealError],
        authorities: Mapping[str, Authority],
    ) -> Outcome:
        key = _key(certificate)
        authority = authorities[key[0]]
        if key in made:
            return Outcome(certificate, _material(certificate, made[key], authority))
        issuer = self._issuers.of(authority)
        forbidden = issuer is not None and names_are_forbidden(certificate, issuer)
        return Outcome(certificate, refusal(errors[key], certificate, names_forbidden=forbidden))

    def _stored(self, claimed: Sequence[ManagedCertificate]) -> Mapping[_Key, Certificate]:
        """What has been issued already for these attempts."""
        keys = sorted(_key(each) for each in claimed)
        return self._store.view(lambda tx: self._ca.certificates.find_many(tx, keys)) if keys else {}

    def _request(self, certificate: ManagedCertificate, authorities: Mapping[str, Authority]) -> IssueRequest:
        attempt, authority = certificate.attempt, authorities[_authority(certificate).id]
        assert attempt is not None  # it is claimed
        return IssueRequest(
            caller=_caller(certificate),
            authority_arn=certificate.authority_arn or "",
            csr=attempt.csr.encode(),
            signing_algorithm=authority.signing_algorithm,
            validity=("DAYS", self._validity // timedelta(days=1)),
            template_arn=f"arn:{_partition(certificate)}:acm-pca:::template/{DEFAULT.name}",
            serial=attempt.serial,
        )


def _authority(certificate: ManagedCertificate) -> AuthorityArn:
    return AuthorityArn.parse(certificate.authority_arn or "")


def _partition(certificate: ManagedCertificate) -> str:
    return (certificate.authority_arn or "").split(":")[1]


def _key(certificate: ManagedCertificate) -> _Key:
    assert certificate.attempt is not None  # it is claimed
    return _authority(certificate).id, certificate.attempt.serial


def _caller(certificate: ManagedCertificate) -> Caller:
    return Caller(limits.PRINCIPAL, certificate.arn.account, new_id())


def _material(certificate: ManagedCertificate, issued: Certificate, authority: Authority) -> Material:
    assert certificate.attempt is not None  # it is claimed
    read = read_certificate(issued.der)
    chain = chain_of(issued, authority)
    return Material(
        issued.der, chain, certificate.attempt.key_wrapped, issued.serial, read.not_before, read.not_after
    )


def _overtaken() -> PrivySealError:
    return PrivySealError(ErrorCode.CONFLICT, "Another process was faster.")
