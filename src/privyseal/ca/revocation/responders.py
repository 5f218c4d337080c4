"""OCSP responders: each authority lends a key of its own the right to say what is revoked.

The authority's key signs certificates and CRLs alone. Its responder has a certificate of a week at
most, issued like any other (`ca/issuance`), and is replaced, key and all, when half of that is over,
when the authority gets another certificate, or when it is itself revoked. A row says when to look
after it; whichever process comes first does, for as long as its lease.
"""

import base64
import hashlib
import threading
from collections import OrderedDict
from datetime import datetime
from threading import Lock

from privyseal import log
from privyseal.ca.issuance import Issuance
from privyseal.ca.model import OCSP_RESPONDER, Authority
from privyseal.ca.ports import KeyStore
from privyseal.ca.repositories import Repositories
from privyseal.ca.requests import IssueRequest
from privyseal.ca.revocation.ocsp_model import LEASE, LIFE, OcspCredential, OcspResponder
from privyseal.ca.revocation.settings import ocsp_settings
from privyseal.ca.states import ANSWERS
from privyseal.caller import Caller
from privyseal.errors import PrivySealError
from privyseal.names import new_id
from privyseal.store import Store, Tx
from privyseal.x509 import der, ocsp_response, oids, subject
from privyseal.x509.algorithms import signing_algorithm
from privyseal.x509.certificate import read_certificate
from privyseal.x509.ocsp_response import Responder
from privyseal.x509.requests import build_csr

TEMPLATE = "arn:aws:acm-pca:::template/OCSPSigningCertificate_APIPassthrough/V1"
COMMON_NAME = "OCSP responder"
MAX_OPEN = 256

_NO_CHECK = {
    "Extensions": {
        "CustomExtensions": [
            {
                "ObjectIdentifier": oids.OCSP_NO_CHECK,
                "Value": base64.b64encode(der.tlv(der.NULL)).decode(),
            }
        ]
    }
}


class OpenResponders:
    """The responders in use with their keys opened, at most `MAX_OPEN`, the least used dropped first."""

    def __init__(self, key_store: KeyStore) -> None:
        self._key_store = key_store
        self._open: OrderedDict[str, Responder] = OrderedDict()
        self._lock = Lock()

    def of(self, authority: Authority, credential: OcspCredential) -> Responder:
        """Ready to sign. Raises UNAVAILABLE when its key cannot be had now."""
        with self._lock:
            if found := self._open.get(credential.key_id):
                self._open.move_to_end(credential.key_id)
                return found
        key = self._key_store.open(credential.key_id, credential.key)
        made = ocsp_response.responder(
            credential.certificate, key, signing_algorithm(authority.signing_algorithm)
        )
        with self._lock:
            self._open[credential.key_id] = made
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        return made


class ResponderUpkeep:
    def __init__(self, store: Store, rows: Repositories, key_store: KeyStore, issuance: Issuance) -> None:
        self._store = store
        self._rows = rows
        self._key_store = key_store
        self._issuance = issuance

    def waiting(self, tx: Tx) -> bool:
        return self._rows.ocsp_responders.next_due(tx) is not None

    def keep_up(self, stopping: threading.Event) -> None:
        """Look after all that are due; returns when none is, or soon after `stopping` is set."""
        while not stopping.is_set() and self._store.view(self._rows.ocsp_responders.next_due):
            claimed = self._store.transact(self._claim)
            if claimed is None:
                return
            try:
                self._look_after(*claimed)
            except PrivySealError as error:  # tried again when the lease is over
                log.warning("no OCSP responder", authority=claimed[0].authority_id, error=str(error))

    def _claim(self, tx: Tx) -> tuple[OcspResponder, Authority | None] | None:
        due = self._rows.ocsp_responders.next_due(tx)
        leased = self._rows.ocsp_responders.lease(tx, due, tx.now + LEASE) if due else None
        if leased is None:
            return None
        return leased, self._rows.authorities.find(tx, leased.authority_id)

    def _look_after(self, responder: OcspResponder, authority: Authority | None) -> None:
        now = self._store.view(lambda tx: tx.now)
        if authority is None or not answers_at(authority, now):
            due_at = None  # whoever changes that, wants it again
        elif responder.credential and half_life(responder.credential, authority, now) > now:
            due_at = _next_look(responder.credential, authority, now)
        else:
            self._replace(responder, authority, now)
            return
        self._store.transact(lambda tx: self._rows.ocsp_responders.settle(tx, responder, due_at))

    def _replace(self, responder: OcspResponder, authority: Authority, now: datetime) -> None:
        credential = self._make(authority, now)
        due_at = _next_look(credential, authority, now)

        def write(tx: Tx) -> None:
            if self._rows.ocsp_responders.replace(tx, responder, credential, due_at):
                tx.invalidate()

        self._store.transact(write)

    def _make(self, authority: Authority, now: datetime) -> OcspCredential:
        assert authority.certificate is not None  # it answers
        assert authority.not_after is not None
        key_id = f"ocsp-{new_id()}"
        stored, key = self._key_store.create(key_id, authority.key_algorithm)
        algorithm = signing_algorithm(authority.signing_algorithm)
        own_name = read_certificate(authority.certificate).subject.raw
        # Below the authority's own name, which is where a name constraint lets it be.
        last = subject.encode_name([[(oids.COMMON_NAME, COMMON_NAME)]])
        name = subject.read_name(
            der.sequence(*(der.single(n, der.SEQUENCE).content for n in (own_name, last)))
        )
        not_after = min(now + LIFE, authority.not_after).replace(microsecond=0)
        request = IssueRequest(
            caller=Caller(OCSP_RESPONDER, authority.arn.account, new_id()),
            authority_arn=str(authority.arn),
            csr=build_csr(name, key, algorithm).encode(),
            signing_algorithm=authority.signing_algorithm,
            validity=("ABSOLUTE", int(not_after.timestamp())),
            template_arn=TEMPLATE,
            api_passthrough=_NO_CHECK,
            for_responder=True,
        )
        (answer,) = self._issuance.issue([request])
        if isinstance(answer, PrivySealError):
            raise answer
        not_before = read_certificate(answer.der).not_before
        return OcspCredential(key_id, stored, answer.der, issuer_digest(authority), not_before, not_after)


def answers_at(authority: Authority, now: datetime) -> bool:
    """Whether the authority's certificates are answered for."""
    return authority.status_at(now) in ANSWERS and ocsp_settings(authority) is not None


def issuer_digest(authority: Authority) -> bytes:
    return hashlib.sha256(authority.certificate or b"").digest()


def half_life(credential: OcspCredential, authority: Authority, now: datetime) -> datetime:
    """When to replace it: at half of its life, and at once where it is of an earlier certificate of the
    authority, or not valid yet since it was made by a clock that was ahead. Nothing is gained where it
    ends or begins with the authority.
    """
    begins = max(now, authority.not_before or now)
    if credential.issuer_digest != issuer_digest(authority) or credential.not_before > begins:
        return datetime.min.replace(tzinfo=credential.not_after.tzinfo)
    if authority.not_after is not None and credential.not_after >= authority.not_after.replace(microsecond=0):
        return credential.not_after
    return credential.not_after - LIFE / 2


def _next_look(credential: OcspCredential, authority: Authority, now: datetime) -> datetime:
    """Never further ahead than by half of a life: what is, counts as due (`OcspResponders.next_due`)."""
    return min(half_life(credential, authority, now), now + LIFE / 2)
