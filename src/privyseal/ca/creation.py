"""Authorities are made here: a key, its CSR, and the row, in that order.

When the key store has no key to give, the authority is there and FAILED, as AWS's are.

A key whose row never came to be is nothing but a wrapped blob that was dropped.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privyseal import log
from privyseal.ca import limits
from privyseal.ca.keys import OpenKeys
from privyseal.ca.model import GENERAL_PURPOSE, Authority, StoredKey, Tag
from privyseal.ca.ports import Authorities, Tags
from privyseal.ca.preparing import TOKEN_LIFE, token_conflict
from privyseal.ca.revocation import settings
from privyseal.ca.revocation.scopes import Scopes
from privyseal.ca.states import Event, Status, transition
from privyseal.ca.tags import check_tags
from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.names import AuthorityArn, new_id
from privyseal.store import Store, Tx, UniqueError
from privyseal.x509.algorithms import check_signing_fits, signing_algorithm
from privyseal.x509.keys import public_key_der
from privyseal.x509.requests import build_csr, extensions_from_model
from privyseal.x509.subject import name_from_asn1_subject

KEY_STANDARD = "FIPS_140_2_LEVEL_3_OR_HIGHER"  # AWS's default; recorded, as this store is software


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """CreateCertificateAuthority; the mappings have the member names of the service model."""

    caller: Caller
    region: str
    type: str
    key_algorithm: str
    signing_algorithm: str
    subject: Mapping[str, Any]
    csr_extensions: Mapping[str, Any] | None = None
    revocation: Mapping[str, Any] | None = None
    tags: Sequence[Tag] = ()
    usage_mode: str = GENERAL_PURPOSE
    key_standard: str = KEY_STANDARD
    token: str | None = None

    def digest(self) -> bytes:
        parts = {
            name: getattr(self, name)
            for name in (
                "type",
                "key_algorithm",
                "signing_algorithm",
                "subject",
                "csr_extensions",
                "revocation",
                "usage_mode",
                "key_standard",
            )
        }
        tags = sorted((tag.key, tag.value or "") for tag in self.tags)
        return hashlib.sha256(json.dumps([parts, tags], sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class _Material:
    """What is made before the transaction: it may be slow, and it may be thrown away."""

    arn: AuthorityArn
    key: StoredKey
    public_key: bytes
    csr: str
    failure: str | None = None  # a FailureReason of the service model: there is no key


class Creation:
    def __init__(
        self, store: Store, authorities: Authorities, tags: Tags, keys: OpenKeys, scopes: Scopes
    ) -> None:
        self._store = store
        self._authorities = authorities
        self._tags = tags
        self._keys = keys
        self._scopes = scopes

    def create(self, request: CreateRequest) -> AuthorityArn:
        """The new authority's ARN; the same token within five minutes makes nothing new."""
        check_signing_fits(request.signing_algorithm, request.key_algorithm)
        check_tags(request.tags)
        revocation = settings.checked(request.revocation)
        if earlier := self._store.view(lambda tx: self._earlier(tx, request)):
            return earlier
        self._scopes.check_bucket(revocation)
        material = self._make(request)
        try:
            return self._store.transact(lambda tx: self._insert(tx, request, material, revocation))
        except UniqueError:  # another process was first with this token: its authority is the answer
            winner = self._store.view(lambda tx: self._earlier(tx, request))
            if winner is None:
                raise
            return winner

    def _make(self, request: CreateRequest) -> _Material:
        arn = AuthorityArn(request.region, request.caller.account, new_id())
        subject = name_from_asn1_subject(request.subject)
        extensions = extensions_from_model(request.csr_extensions)
        try:
            stored, key = self._keys.create(arn.id, request.key_algorithm)
        except PrivySealError as error:
            log.warning("no key for an authority", error=str(error), request_id=request.caller.request_id)
            return _Material(arn, StoredKey("", None), b"", "", failure="OTHER")
        csr = build_csr(subject, key, signing_algorithm(request.signing_algorithm), extensions)
        return _Material(arn, stored, public_key_der(key.public_key()), csr)

    def _insert(
        self, tx: Tx, request: CreateRequest, material: _Material, revocation: Mapping[str, Any]
    ) -> AuthorityArn:
        if earlier := self._earlier(tx, request):
            return earlier
        self._free_token(tx, request)
        if self._authorities.count(tx, request.caller.account, request.region) >= limits.MAX_AUTHORITIES:
            raise PrivySealError(
                ErrorCode.LIMIT_EXCEEDED,
                f"An account has at most {limits.MAX_AUTHORITIES} certificate authorities in a region.",
            )
        status = transition(Status.CREATING, Event.KEY_FAILED if material.failure else Event.KEY_READY)
        assert status is not None
        authority = Authority(
            arn=material.arn,
            type=request.type,
            status=status,
            key_algorithm=request.key_algorithm,
            signing_algorithm=request.signing_algorithm,
            subject=request.subject,
            csr_extensions=request.csr_extensions,
            revocation=revocation,
            usage_mode=request.usage_mode,
            key_standard=request.key_standard,
            key=material.key,
            public_key=material.public_key,
            csr=material.csr,
            certificate=None,
            chain=None,
            serial=None,
            not_before=None,
            not_after=None,
            created_at=tx.now,
            changed_at=tx.now,
            failure_reason=material.failure,
            restorable_until=None,
            status_before_deletion=None,
            token=request.token,
            request_digest=request.digest(),
            version=1,
        )
        self._scopes.ensure(tx, authority)
        self._authorities.insert(tx, authority)
        self._tags.put(tx, material.arn.id, request.tags)
        tx.record(
            entry(
                "acm-pca:CreateCertificateAuthority",
                request.caller,
                str(material.arn),
                type=request.type,
                key_algorithm=request.key_algorithm,
                **({"failure": material.failure} if material.failure else {}),
            )
        )
        return material.arn

    def _earlier(self, tx: Tx, request: CreateRequest) -> AuthorityArn | None:
        """The authority that this request's token has made within the last five minutes."""
        found = self._holder(tx, request)
        if found is None or tx.now >= found.created_at + TOKEN_LIFE:
            return None
        if found.request_digest != request.digest():
            raise token_conflict()
        return found.arn

    def _free_token(self, tx: Tx, request: CreateRequest) -> None:
        if stale := self._holder(tx, request):
            self._authorities.forget_token(tx, stale.arn.id)

    def _holder(self, tx: Tx, request: CreateRequest) -> Authority | None:
        if request.token is None:
            return None
        return self._authorities.by_token(tx, request.caller.account, request.region, request.token)
