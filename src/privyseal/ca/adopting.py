"""An authority of another deployment is taken over: its certificate, its key where that is, what it has
issued, and what of it is revoked.

Its key is not copied, so both can sign until the other one stops. CRLs are off at first: a CRL made before
all that is revoked has come would let it pass. Their numbers go on above the last one (RFC 5280 §5.2.3).
All of it can be repeated: what is here already stays as it is, unless it has been revoked meanwhile.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from privyseal.ca.creation import KEY_STANDARD
from privyseal.ca.expiry import watch
from privyseal.ca.lookup import find_authority
from privyseal.ca.model import GENERAL_PURPOSE, Authority, Certificate, StoredKey
from privyseal.ca.repositories import Repositories
from privyseal.ca.revocation import settings
from privyseal.ca.revocation.model import Revocation
from privyseal.ca.revocation.reasons import REASONS
from privyseal.ca.revocation.scopes import COMPLETE
from privyseal.ca.states import Status
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn, new_id
from privyseal.store import Store, Tx, UniqueError
from privyseal.x509.algorithms import (
    PrivateKey,
    default_signing_algorithm,
    signing_algorithm,
)
from privyseal.x509.certificate import Certificate as X509Certificate
from privyseal.x509.certificate import read_certificate
from privyseal.x509.chain import CaCertificate, check_ca_certificate
from privyseal.x509.keys import public_key_der, read_public_key
from privyseal.x509.pem import single_block, to_pem
from privyseal.x509.refusal import reported
from privyseal.x509.requests import build_csr
from privyseal.x509.revoked import revoked_entry
from privyseal.x509.subject import members_of

UNSPECIFIED: Final = "UNSPECIFIED"


class KeysElsewhere(Protocol):
    """A key store that has keys which nobody here has made."""

    def adopt(self, key_id: str, name: str) -> tuple[StoredKey, PrivateKey]:
        """The key that it knows by `name`, for the authority `key_id`. Raises INVALID_ARGUMENT for one that
        does not sign, UNAVAILABLE for one that cannot be had now.
        """
        ...


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """`certificate` and `chain` are PEM, the chain from the issuer to the root, None for a root; `key` is
    what its key store calls it. `crl_number` is that of its last CRL.
    """

    caller: Caller
    region: str
    type: str
    certificate: bytes
    chain: bytes | None
    key: str
    crl_number: int


@dataclass(frozen=True, slots=True)
class AdoptedCertificate:
    certificate: X509Certificate
    revoked_at: datetime | None
    template: str


# Runs in the transaction that stores a new certificate: its row, and its place among those that were given.
Noting = Callable[[Tx, Certificate, int], None]


@dataclass(frozen=True, slots=True)
class Tally:
    imported: int
    unchanged: int
    revoked: int  # of both, those that are listed from now on


@dataclass(frozen=True, slots=True)
class _Material:
    arn: AuthorityArn
    certificate: CaCertificate
    read: X509Certificate
    key_algorithm: str
    key: StoredKey
    csr: str


class Adopting:
    def __init__(self, store: Store, rows: Repositories, keys: Callable[[], KeysElsewhere]) -> None:
        self._store = store
        self._rows = rows
        self._keys = keys

    def find(self, caller: Caller, region: str, der: bytes) -> AuthorityArn | None:
        """The authority that was taken over with this certificate."""
        found = self._store.view(
            lambda tx: self._rows.authorities.by_token(tx, caller.account, region, _token(der))
        )
        return found.arn if found else None

    def authority(self, request: AdoptRequest, *, dry_run: bool) -> tuple[AuthorityArn | None, bool]:
        """Its ARN, and whether it is new. Asks the key for a signature, which says that it may be asked."""
        with reported(ErrorCode.MALFORMED_CERTIFICATE, "The authority's certificate cannot be used"):
            der = single_block(request.certificate, "CERTIFICATE")
        if earlier := self.find(request.caller, request.region, der):
            return earlier, False
        material = self._made(request, der)
        if dry_run:
            return None, True
        try:
            return self._store.transact(lambda tx: self._insert(tx, request, material)), True
        except UniqueError:  # the same at the same time
            return self.find(request.caller, request.region, der), False

    def certificates(
        self, caller: Caller, arn: str, found: Sequence[AdoptedCertificate], noting: Noting
    ) -> Tally:
        """In one commit. `noting` gets each new row with its place in `found`."""
        return self._store.transact(lambda tx: self._store_all(tx, caller, arn, found, noting))

    def _made(self, request: AdoptRequest, der: bytes) -> _Material:
        now = self._store.view(lambda tx: tx.now)
        with reported(ErrorCode.MALFORMED_CERTIFICATE, "The authority's certificate cannot be used"):
            read = read_certificate(der)
            algorithm, _ = read_public_key(read.spki)
        checked = check_ca_certificate(
            request.certificate, request.chain, spki=read.spki, authority_type=request.type, now=now
        )
        arn = AuthorityArn(request.region, request.caller.account, new_id())
        stored, key = self._keys().adopt(arn.id, request.key)
        if public_key_der(key.public_key()) != read.spki:
            raise PrivySealError(
                ErrorCode.CERTIFICATE_MISMATCH,
                f"The key {request.key} is not that of the certificate of {read.subject.text}.",
            )
        signing = signing_algorithm(default_signing_algorithm(algorithm))
        return _Material(arn, checked, read, algorithm, stored, build_csr(read.subject, key, signing))

    def _insert(self, tx: Tx, request: AdoptRequest, made: _Material) -> AuthorityArn:
        authority = _authority(tx, request, made)
        self._rows.authorities.insert(tx, authority)
        # None is made before somebody switches CRLs on, which is for after what is revoked has come.
        self._rows.crls.require(tx, made.arn.id, COMPLETE)
        self._rows.crls.number_above(tx, made.arn.id, request.crl_number)
        self._rows.expiries.put(tx, watch(made.arn.id, made.certificate.not_after, tx.now))
        tx.invalidate()
        digest = hashlib.sha256(made.certificate.der).hexdigest()
        detail = {
            "type": request.type,
            "sha256": digest,
            "key": made.key.uri,
            "crl_number": request.crl_number,
        }
        tx.record(entry("privyseal:AdoptAuthority", request.caller, str(made.arn), **detail))
        return made.arn

    def _store_all(
        self, tx: Tx, caller: Caller, arn: str, found: Sequence[AdoptedCertificate], noting: Noting
    ) -> Tally:
        authority = find_authority(tx, self._rows.authorities, caller, arn)
        keys = [(authority.arn.id, each.certificate.serial) for each in found]
        there = self._rows.certificates.find_many(tx, keys)
        new = {key: index for index, key in enumerate(keys) if key not in there}
        rows = {key: _row(authority, found[index]) for key, index in new.items()}
        self._rows.certificates.insert_many(tx, list(rows.values()))
        for key, index in new.items():
            noting(tx, rows[key], index)
        revoked = [
            _listed(tx, self._rows, each, row)
            for key, each in zip(keys, found, strict=True)
            if (row := rows.get(key) or there.get(key))
            and each.revoked_at
            and self._rows.certificates.revoke(tx, *key, at=each.revoked_at, reason=UNSPECIFIED)
        ]
        if revoked:
            self._rows.revocations.put_many(tx, revoked)
            self._rows.ocsp_answers.remove_many(tx, [(r.authority_id, r.serial) for r in revoked])
            self._rows.crls.changed(tx, authority.arn.id, {r.partition for r in revoked})
        if new or revoked:
            tx.invalidate()
            detail = {"imported": len(new), "revoked": len(revoked)}
            tx.record(entry("privyseal:AdoptCertificates", caller, arn, **detail))
        return Tally(len(new), len(keys) - len(new), len(revoked))


def _token(der: bytes) -> str:
    """One authority for one certificate, however often it is taken over."""
    return f"adopted-{hashlib.sha256(der).hexdigest()[:28]}"


def _authority(tx: Tx, request: AdoptRequest, made: _Material) -> Authority:
    own = made.certificate
    return Authority(
        arn=made.arn,
        type=request.type,
        status=Status.ACTIVE,
        key_algorithm=made.key_algorithm,
        signing_algorithm=default_signing_algorithm(made.key_algorithm),
        subject=members_of(made.read.subject),
        csr_extensions=None,
        revocation=settings.DISABLED,
        usage_mode=GENERAL_PURPOSE,
        key_standard=KEY_STANDARD,
        key=made.key,
        public_key=made.read.spki,
        csr=made.csr,
        certificate=own.der,
        chain="\n".join(to_pem(der) for der in own.chain_ders) or None,
        serial=own.serial,
        not_before=own.not_before,
        not_after=own.not_after,
        created_at=tx.now,
        changed_at=tx.now,
        failure_reason=None,
        restorable_until=None,
        status_before_deletion=None,
        token=_token(own.der),
        request_digest=hashlib.sha256(own.der).digest(),
        version=1,
    )


def _row(authority: Authority, adopted: AdoptedCertificate) -> Certificate:
    own = adopted.certificate
    return Certificate(
        authority_id=authority.arn.id,
        serial=own.serial,
        der=own.der,
        template=adopted.template,
        subject=own.subject.text,
        not_before=own.not_before,
        not_after=own.not_after,
        issued_at=own.not_before,
        token=None,
        request_digest=hashlib.sha256(own.der).digest(),
        key_digest=hashlib.sha256(own.spki).digest(),
    )


def _listed(tx: Tx, rows: Repositories, adopted: AdoptedCertificate, row: Certificate) -> Revocation:
    """With the date of its revocation, at a moment that is now: delta CRLs go by it."""
    assert adopted.revoked_at is not None
    return Revocation(
        authority_id=row.authority_id,
        partition=row.crl_partition,
        serial=row.serial,
        not_after=row.not_after,
        revoked_at=rows.crls.next_moment(tx, row.authority_id),
        entry=revoked_entry(row.serial, adopted.revoked_at, REASONS[UNSPECIFIED]),
    )
