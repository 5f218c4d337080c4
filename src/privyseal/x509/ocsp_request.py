"""OCSP requests (RFC 6960 §4.1), read strictly and whole: several CertIDs, nonce, extensions.

`cryptography` reads requests for one certificate only, so the reader is our own. A request's
signature is not looked at: RFC 6960 §4.1.2 leaves that to the responder, and the answer is the
same for everybody.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from privyseal.value import Value
from privyseal.x509 import der, oids
from privyseal.x509.der import DerError, Element

MAX_SIZE: Final = 16 * 1024  # octets; a request for twenty certificates has about two thousand
MAX_CERT_IDS: Final = 20
MAX_NONCE: Final = 32  # octets, and at least one (RFC 8954 §2.1)

# The hashes of a CertID that are understood: object identifier → name in `hashlib`.
SHA1: Final = "1.3.14.3.2.26"
SHA256: Final = "2.16.840.1.101.3.4.2.1"
HASHES: Final = {SHA1: "sha1", SHA256: "sha256"}

_NULL = der.tlv(der.NULL)
_VERSION, _REQUESTOR, _EXTENSIONS = 0xA0, 0xA1, 0xA2  # [0], [1] and [2] of TBSRequest
_SINGLE_EXTENSIONS, _SIGNATURE = 0xA0, 0xA0

# (hash's object identifier, hash of the issuer's name, hash of its key)
IssuerId = tuple[str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class CertId:
    """Which certificate is meant. `raw` goes back into the answer as it came."""

    raw: bytes
    issuer: IssuerId
    serial: int


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """`nonce` is the whole extension (DER), to be returned as it is; None where there was none."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None = None


def hashed(data: bytes) -> dict[str, bytes]:
    """What CertIDs say of an issuer's name (DER), or of its key (the bits alone), by their hash."""
    return {oid: hashlib.new(name, data, usedforsecurity=False).digest() for oid, name in HASHES.items()}


def parse(data: bytes) -> OcspRequest:
    """Raises DerError for whatever is not exactly one request within the limits."""
    shape = _shapes.get(len(data))
    return (shape and shape.read(data)) or _parse(data)


def _parse(data: bytes) -> OcspRequest:
    if len(data) > MAX_SIZE:
        raise DerError(f"a request has more than {MAX_SIZE} octets")
    body, *signature = _members(der.single(data, der.SEQUENCE))
    if signature:
        _check_signature(signature)
    parts = body.inside(der.SEQUENCE)
    if parts and parts[0].tag == _VERSION:
        _check_version(parts.pop(0))
    if parts and parts[0].tag == _REQUESTOR:
        der.check(parts.pop(0).content)
    if not parts:
        raise DerError("a request has no list of certificates")
    listed = parts.pop(0)
    cert_ids = _cert_ids(listed)
    nonce = None
    tail = b""
    if parts and parts[0].tag == _EXTENSIONS:
        tail = parts[0].raw
        nonce = _nonce(parts.pop(0))
    if parts:
        raise DerError("a request has more members than it may")
    request = OcspRequest(cert_ids, nonce)
    if not signature and listed.raw == der.sequence(der.sequence(cert_ids[0].raw)):
        _learn(data, request, tail)
    return request


def _members(element: Element) -> list[Element]:
    """What a SEQUENCE holds, one element at least."""
    found = element.inside(der.SEQUENCE)
    if not found:
        raise DerError("a sequence is empty")
    return found


def _check_version(element: Element) -> None:
    """v1 is the only one. It is the default, which DER leaves out, but there are clients that write it."""
    if der.read_integer(der.single(element.content, der.INTEGER)) != 0:
        raise DerError("a request is of another version than v1")


def _check_signature(elements: list[Element]) -> None:
    if len(elements) != 1:
        raise DerError("a request has more members than it may")
    der.single(elements[0].expect(_SIGNATURE).content, der.SEQUENCE)
    der.check(elements[0].content)


def _cert_ids(element: Element) -> tuple[CertId, ...]:
    requests = element.inside(der.SEQUENCE)
    if not 1 <= len(requests) <= MAX_CERT_IDS:
        raise DerError(f"a request asks for {len(requests)} certificates; 1 to {MAX_CERT_IDS} may be")
    return tuple(map(_cert_id, requests))


def _cert_id(element: Element) -> CertId:
    head, *extensions = _members(element)
    if extensions:
        if len(extensions) != 1:
            raise DerError("a single request has more members than it may")
        _read_extensions(extensions[0].expect(_SINGLE_EXTENSIONS), understood=frozenset())
    parts = head.inside(der.SEQUENCE)
    if len(parts) != 4:
        raise DerError("a CertID has not four members")
    algorithm, name_hash, key_hash, serial = parts
    issuer = (
        _hash_algorithm(algorithm),
        name_hash.expect(der.OCTET_STRING).content,
        key_hash.expect(der.OCTET_STRING).content,
    )
    return CertId(head.raw, issuer, der.read_integer(serial))


def _hash_algorithm(element: Element) -> str:
    oid, *parameters = _members(element)
    if len(parameters) > 1:
        raise DerError("an algorithm identifier has more members than it may")
    name = der.read_oid(oid)
    # Hashes have no parameters, written as NULL or not at all (RFC 4055 §2.1).
    if name in HASHES and parameters and parameters[0].raw != _NULL:
        raise DerError("a hash algorithm has parameters")
    if parameters:
        der.check(parameters[0].raw)
    return name


def _nonce(element: Element) -> bytes | None:
    extension = _read_extensions(element, understood=frozenset({oids.OCSP_NONCE})).get(oids.OCSP_NONCE)
    if extension is None:
        return None
    value = der.single(extension.children()[-1].content, der.OCTET_STRING).content
    if not 1 <= len(value) <= MAX_NONCE:
        raise DerError(f"a nonce has {len(value)} octets; 1 to {MAX_NONCE} may be")
    return extension.raw


def _read_extensions(element: Element, *, understood: frozenset[str]) -> dict[str, Element]:
    """All extensions by their identifiers. Unknown ones are ignored unless critical (RFC 6960 §4.4)."""
    found: dict[str, Element] = {}
    for extension in der.inside(element.content):
        oid, *rest = _members(extension)
        name = der.read_oid(oid)
        if len(rest) == 2:
            if not der.read_boolean(rest.pop(0)):
                raise DerError("an extension writes that it is not critical, which is the default")
            if name not in understood:
                raise DerError(f"the critical extension {name} is not understood")
        if len(rest) != 1:
            raise DerError("an extension is not an identifier and a value")
        rest[0].expect(der.OCTET_STRING)
        if name in found:
            raise DerError(f"the extension {name} occurs twice")
        found[name] = extension
    if not found:
        raise DerError("a list of extensions is empty")
    return found


class _Shape(Value, frozen=True):
    """Requests that differ only in the octets of the hashes, the serial number and the nonce: everything
    around them is equal to what has been read in full once, so it need not be read again.
    """

    head: bytes  # to the name's hash
    middle: bytes  # tag and length between two hashes
    last: bytes  # tag and length of the serial number
    tail: bytes  # from the serial number to the nonce
    at: tuple[int, int, int, int]  # where the two hashes, the serial number and the tail begin
    oid: str
    cert_id_at: int
    nonce_at: int  # where the extension with the nonce begins; 0 where there is none

    def read(self, data: bytes) -> OcspRequest | None:
        """None for what has another shape after all, or a serial number to be looked at closely."""
        name, key, serial, tail = self.at
        number = data[serial:tail]
        if (
            not data.startswith(self.head)
            or data[key - 2 : key] != self.middle
            or data[serial - 2 : serial] != self.last
            or not data.startswith(self.tail, tail)
            or not (0 < number[0] < 0x80 or (number[0] == 0 and number[1:2] >= b"\x80"))
        ):
            return None
        issuer = (self.oid, data[name : key - 2], data[key : serial - 2])
        cert_id = CertId(data[self.cert_id_at : tail], issuer, int.from_bytes(number))
        return OcspRequest((cert_id,), data[self.nonce_at :] if self.nonce_at else None)


# By the length of the request, the last shape of each length that was read in full, the oldest dropped
# first: what strangers send takes no place for ever.
_shapes: OrderedDict[int, _Shape] = OrderedDict()
_MAX_SHAPES: Final = 256


def _learn(data: bytes, request: OcspRequest, tail: bytes) -> None:
    """Keep the shape of a request for one certificate that ends with its CertID, or with `tail` after
    that: a nonce and no other extension.
    """
    cert_id, nonce = request.cert_ids[0], request.nonce
    oid, name_hash, key_hash = cert_id.issuer
    if oid not in HASHES or tail != (der.tlv(_EXTENSIONS, der.sequence(nonce)) if nonce else b""):
        return
    if not len(name_hash) == len(key_hash) == hashlib.new(HASHES[oid]).digest_size:
        return
    end = len(data) - len(tail)
    begin = end - len(cert_id.raw)
    serial = end - len(cert_id.raw) + _serial_offset(cert_id, len(name_hash))
    key = serial - 2 - len(key_hash)
    name = key - 2 - len(name_hash)
    if data[serial - 1] >= 0x80:  # a serial number so long that its length has octets of its own
        return
    value_at = len(data) - len(der.inside(nonce)[-1].content) + 2 if nonce else end
    _shapes[len(data)] = _Shape(
        head=data[:name],
        middle=data[key - 2 : key],
        last=data[serial - 2 : serial],
        tail=data[end:value_at],
        at=(name, key, serial, end),
        oid=oid,
        cert_id_at=begin,
        nonce_at=len(data) - len(nonce) if nonce else 0,
    )
    _shapes.move_to_end(len(data))
    while len(_shapes) > _MAX_SHAPES:
        _shapes.popitem(last=False)


def _serial_offset(cert_id: CertId, hash_size: int) -> int:
    """Where the octets of the serial number begin in a CertID."""
    head, *_ = der.inside(cert_id.raw)
    content = len(cert_id.raw) - len(der.single(cert_id.raw, der.SEQUENCE).content)
    return content + len(head.raw) + 2 * (2 + hash_size) + 2
