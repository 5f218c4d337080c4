"""The records of OCSP: frozen values, as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from privyseal.ca.model import StoredKey

# RFC 6960 §4.2.2.2.1: a responder that is not checked for revocation has a short life. A stolen key
# is good for no longer than this.
LIFE = timedelta(days=7)
# How long a process may take to make a key and a certificate before another one tries.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class OcspCredential:
    """What a responder signs with: a key and the certificate that its authority has given it."""

    key_id: str
    key: StoredKey
    certificate: bytes  # DER
    issuer_digest: bytes  # SHA-256 of the authority's certificate under which it was issued
    not_before: datetime  # of the responder's certificate, like the next
    not_after: datetime


@dataclass(frozen=True, slots=True)
class OcspResponder:
    """The responder of an authority, which requests name by a hash of the authority's key."""

    authority_id: str
    key_hashes: Mapping[str, bytes]  # by the hash's object identifier
    credential: OcspCredential | None  # None before the first one is made
    due_at: datetime | None  # when to look after it
    attempts: int  # how often somebody began to; who was not the last cannot finish


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """Of a certificate that was issued."""

    revoked_at: datetime | None = None
    reason: str | None = None  # a name of `reasons.REASONS`


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A signed answer about one certificate, without a nonce."""

    authority_id: str
    serial: int
    cert_id: bytes  # DER, as the request has it
    key_id: str  # of the responder that signed it: no other one's answers are given
    response: bytes  # DER OCSPResponse
    this_update: datetime
    expires_at: datetime  # from then on a new one is signed
