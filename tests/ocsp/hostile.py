"""OCSP requests that nobody sends in good faith: mutations of real ones, and others made to measure."""

import base64
import random
from collections.abc import Callable, Sequence

from privyseal.x509 import der
from privyseal.x509.oids import OCSP_NONCE as NONCE
from tests.ocsp import wire

Chance = random.Random


def _flipped(chance: Chance, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance: Chance, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _longer(chance: Chance, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.randint(1, 40)) + data[at:]


def _repeated(chance: Chance, data: bytes) -> bytes:
    begin = chance.randrange(len(data))
    end = chance.randint(begin, len(data))
    return data[:end] + data[begin:end] * chance.randint(1, 8) + data[end:]


def _overwritten(chance: Chance, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    octet = chance.choice((0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0xA0, 0xA2, 0x1F, 0x05))
    return data[:at] + bytes((octet,)) + data[at + 1 :]


def _with_other_serial(chance: Chance, data: bytes) -> bytes:
    """The last octets of a request without extensions are its serial number's."""
    size = chance.randint(1, 8)
    return data[:-size] + chance.randbytes(size)


def _with_other_hash(chance: Chance, data: bytes) -> bytes:
    at = chance.randint(20, 60)
    return data[:at] + chance.randbytes(chance.randint(1, 8)) + data[at + 8 :]


MUTATIONS: Sequence[Callable[[Chance, bytes], bytes]] = (
    _flipped,
    _cut,
    _longer,
    _repeated,
    _overwritten,
    _with_other_serial,
    _with_other_hash,
)


def made_to_measure(chance: Chance, cert_ids: Sequence[bytes]) -> bytes:
    """Well-formed as far as it goes: many CertIDs, odd extensions, deep nesting, long numbers."""
    kind = chance.randrange(8)
    some = [chance.choice(cert_ids) for _ in range(chance.choice((1, 2, 20, 21, 100)))]
    if kind == 0:
        return wire.as_request(some)
    if kind == 1:
        return wire.as_request(
            some[:20], _extensions(_nonce(chance.randbytes(chance.choice((0, 1, 32, 33, 500)))))
        )
    if kind == 2:
        return wire.as_request(some[:2], _extensions(*[_nonce(b"1")] * chance.randint(1, 3)))
    if kind == 3:
        oid = f"1.3.6.1.5.5.7.48.1.{chance.randint(1, 9)}"
        critical = [der.boolean(chance.random() < 0.5)]
        return wire.as_request(some[:1], _extensions(der.sequence(der.oid(oid), *critical, der.tlv(4, b"x"))))
    if kind == 4:
        nested = b""
        for _ in range(chance.choice((3, 40, 1000))):
            nested = der.tlv(0xA1, nested)
        return der.sequence(der.sequence(nested, der.sequence(*map(der.sequence, some[:3]))))
    if kind == 5:
        head, *_ = der.single(some[0], der.SEQUENCE).children()
        parts = [der.tlv(4, chance.randbytes(chance.choice((0, 20, 32, 4000)))) for _ in range(2)]
        serial = der.tlv(2, chance.randbytes(chance.choice((0, 1, 20, 21, 4000))))
        return wire.as_request([der.sequence(head.raw, *parts, serial)])
    if kind == 6:
        return der.sequence(der.sequence(der.tlv(0xA0, chance.randbytes(5)), der.sequence()), b"\xa0\x00")
    return chance.randbytes(chance.choice((0, 1, 2, 100, 16_384, 16_385)))


def _nonce(value: bytes) -> bytes:
    return der.sequence(der.oid(NONCE), der.tlv(4, der.tlv(4, value)))


def _extensions(*each: bytes) -> bytes:
    return der.tlv(0xA2, der.sequence(*each))


def as_path(chance: Chance, data: bytes) -> bytes:
    """In a GET: rightly encoded mostly, else with what does not belong there."""
    text = wire.path(data[:6000], escaped=chance.random() < 0.5).encode()
    kind = chance.randrange(6)
    if kind == 0:
        text = base64.urlsafe_b64encode(data[:6000])
    elif kind == 1 and text:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice((b"%", b"%00", b"//", b"../", b"%2F%2f", b"=", b"\\")) + text[at:]
    return b"/ocsp/" + text
