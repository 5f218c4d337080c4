"""OCSP responses (RFC 6960 §4.2): who says so, about which certificates, until when.

Built from bytes, because the CertIDs of an answer must be those of the request, octet by octet,
and `cryptography`'s builder makes its own, one to a response.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final

from privyseal.x509 import der, oids
from privyseal.x509.algorithms import PrivateKey, SigningAlgorithm
from privyseal.x509.certificate import read_certificate
from privyseal.x509.keys import key_identifier


class Failure(IntEnum):
    """OCSPResponseStatus (RFC 6960 §4.2.1) without `successful` and `sigRequired`."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True)
class Good:
    """Issued, and not revoked."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """`reason` is a CRLReason (RFC 5280 §5.3.1); `unspecified` (0) is left out, as in a CRL."""

    at: datetime
    reason: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Never issued."""


Status = Good | Revoked | Unknown


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """`cert_id` is the CertID of the request, as it came."""

    cert_id: bytes
    status: Status
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class Responder:
    """Who signs: its key, and the certificate by which the authority says that it may."""

    identifier: bytes  # ResponderID, DER
    certificates: bytes  # the last member of a BasicOCSPResponse, DER
    key: PrivateKey
    algorithm: SigningAlgorithm


_GOOD: Final = der.tlv(0x80)  # [0] IMPLICIT NULL
_UNKNOWN: Final = der.tlv(0x82)  # [2] IMPLICIT NULL
_REVOKED: Final = 0xA1  # [1] IMPLICIT RevokedInfo
# GeneralizedTime whatever the year (RFC 6960 §4.2.2.1); the answers of one second share theirs.
_time: Final = lru_cache(maxsize=256)(der.generalized_time)
_BASIC: Final = der.oid(oids.OCSP_BASIC)
_EXPLICIT: Final = (0xA0, 0xA1, 0xA2)  # [0], [1] and [2] EXPLICIT


def failure(status: Failure) -> bytes:
    """A response that says nothing about any certificate."""
    return der.sequence(der.tlv(der.ENUMERATED, bytes((status,))))


def responder(certificate: bytes, key: PrivateKey, algorithm: SigningAlgorithm) -> Responder:
    """`certificate` names the responder by the SHA-1 of its key (`byKey`, RFC 6960 §4.2.2.3)."""
    key_hash = key_identifier(read_certificate(certificate).spki)
    name = der.tlv(_EXPLICIT[2], der.tlv(der.OCTET_STRING, key_hash))
    certificates = der.tlv(_EXPLICIT[0], der.sequence(certificate))
    return Responder(name, certificates, key, algorithm)


def sign(
    responder: Responder,
    responses: Sequence[SingleResponse],
    produced_at: datetime,
    nonce: bytes | None = None,
) -> bytes:
    """The whole OCSPResponse. `nonce` is the extension of the request, as it came."""
    parts = [
        responder.identifier,
        _time(produced_at),
        der.sequence(*(_single(each) for each in responses)),
    ]
    if nonce is not None:
        parts.append(der.tlv(_EXPLICIT[1], der.sequence(nonce)))
    data = der.sequence(*parts)
    basic = der.sequence(
        data,
        responder.algorithm.identifier,
        der.bit_string(responder.algorithm.sign(responder.key, data)),
        responder.certificates,
    )
    return der.sequence(
        der.tlv(der.ENUMERATED, b"\x00"),
        der.tlv(_EXPLICIT[0], der.sequence(_BASIC, der.tlv(der.OCTET_STRING, basic))),
    )


def _single(response: SingleResponse) -> bytes:
    return der.sequence(
        response.cert_id,
        _status(response.status),
        _validity(response.this_update, response.next_update),
    )


@lru_cache(maxsize=256)
def _validity(this_update: datetime, next_update: datetime) -> bytes:
    """The two members together: a responder says the same to everybody within a second."""
    return _time(this_update) + der.tlv(_EXPLICIT[0], _time(next_update))


def _status(status: Status) -> bytes:
    if isinstance(status, Good):
        return _GOOD
    if isinstance(status, Unknown):
        return _UNKNOWN
    parts = [_time(status.at)]
    if status.reason:
        parts.append(der.tlv(_EXPLICIT[0], der.tlv(der.ENUMERATED, bytes((status.reason,)))))
    return der.tlv(_REVOKED, *parts)
