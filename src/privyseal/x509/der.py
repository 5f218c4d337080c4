"""Strict DER (ITU-T X.690 §8 to §11): a reader that refuses whatever is not canonical, and a writer.

`cryptography` decides whether signatures are valid; this module keeps the bytes between, because
its name and GeneralName objects do not carry every string type and every choice.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

from privyseal.value import Value
from privyseal.x509.refusal import RefusalError, shown

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED = 0x0A
UTF8_STRING, NUMERIC_STRING, PRINTABLE_STRING, TELETEX_STRING = 0x0C, 0x12, 0x13, 0x14
IA5_STRING, UTC_TIME, GENERALIZED_TIME, VISIBLE_STRING = 0x16, 0x17, 0x18, 0x1A
UNIVERSAL_STRING, BMP_STRING = 0x1C, 0x1E
SEQUENCE, SET = 0x30, 0x31
CONSTRUCTED = 0x20

# Under arcs 0 and 1 there are forty, numbered from 0 (X.690 §8.19.4).
_DOTTED = re.compile(r"(?:[01]\.[1-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,38}))(?:\.(?:0|[1-9][0-9]{0,38}))*")

# Octets of an object identifier; the service model takes 64 characters.
MAX_OID = 64

# Values deeper than this are refused: nothing in a certificate needs it.
MAX_DEPTH = 32


class DerError(RefusalError):
    """The bytes are not DER, or not of the shape that was asked for."""


class Element(Value, frozen=True):
    """One tag-length-value. `raw` is all of it, `content` the value's octets."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list["Element"]:
        """The elements inside a constructed one."""
        if not self.tag & CONSTRUCTED:
            raise DerError(f"tag {self.tag:#04x} has no elements inside")
        return elements(self.content)

    def inside(self, tag: int) -> list["Element"]:
        """The elements inside this one, which has that constructed tag."""
        if self.tag != tag:
            raise _another_tag(self.tag, tag)
        return elements(self.content)

    def expect(self, tag: int) -> "Element":
        if self.tag != tag:
            raise _another_tag(self.tag, tag)
        return self


def elements(data: bytes, position: int = 0) -> list[Element]:
    """The elements that follow each other in `data` from `position` on; they must fill it exactly."""
    found, end = [], len(data)
    while position < end:
        start = position + 2
        if start > end:
            raise DerError("the data ends within an element")
        tag, length = data[position], data[position + 1]
        if tag & 0x1F == 0x1F:
            raise DerError("tag numbers above 30 do not occur here")
        if length >= 0x80:
            length, start = _long_length(data, start, length & 0x7F)
        stop = start + length
        if stop > end:
            raise DerError("the data ends within an element")
        found.append(Element(tag, data[start:stop], data[position:stop]))
        position = stop
    return found


def single(data: bytes, tag: int) -> Element:
    """The one element that `data` consists of."""
    return Element(tag, data[_content(data, tag) :], data)


def inside(data: bytes) -> list[Element]:
    """The elements inside the one SEQUENCE that `data` consists of."""
    return elements(data, _content(data, SEQUENCE))


def _content(data: bytes, tag: int) -> int:
    """Where the content of the one element begins that `data` consists of."""
    if len(data) > 1 and data[0] == tag:
        length, start = data[1], 2
        if length >= 0x80:
            length, start = _long_length(data, start, length & 0x7F)
        if start + length == len(data):
            return start
    found = elements(data)
    if len(found) != 1:
        raise DerError(f"{len(found)} elements where there must be one")
    raise _another_tag(found[0].tag, tag)


def _another_tag(found: int, expected: int) -> DerError:
    return DerError(f"tag {found:#04x} where {expected:#04x} belongs")


def _long_length(data: bytes, start: int, size: int) -> tuple[int, int]:
    """(length, start of content) where `size` octets at `start` hold the length."""
    octets = data[start : start + size]
    length = int.from_bytes(octets)
    # X.690 §10.1: the definite form in the fewest octets; four hold any length here.
    if not 1 <= size <= 4 or len(octets) != size or octets[0] == 0 or length < 0x80:
        raise DerError("a length is not in its shortest form")
    return length, start + size


def check(data: bytes, depth: int = 0) -> None:
    """Raise DerError unless `data` is elements all the way down, however they are tagged."""
    if depth > MAX_DEPTH:
        raise DerError(f"elements are nested more than {MAX_DEPTH} deep")
    for element in elements(data):
        if element.tag & CONSTRUCTED:
            check(element.content, depth + 1)


def read_oid(element: Element) -> str:
    """An OBJECT IDENTIFIER in dotted form (X.690 §8.19)."""
    return _dotted(element.expect(OID).content)


@lru_cache(maxsize=1024)
def _dotted(octets: bytes) -> str:
    if len(octets) > MAX_OID:
        raise DerError(f"an object identifier has more than {MAX_OID} octets")
    if not octets or octets[-1] & 0x80:
        raise DerError("an object identifier ends too early")
    arcs, value, fresh = [], 0, True
    for octet in octets:
        if fresh and octet == 0x80:
            raise DerError("an object identifier has a padded arc")
        value, fresh = value << 7 | octet & 0x7F, not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_integer(element: Element) -> int:
    octets = element.expect(INTEGER).content
    if not octets:
        raise DerError("an integer is empty")
    if len(octets) > 1 and (octets[0], octets[1] >> 7) in {(0x00, 0), (0xFF, 1)}:
        raise DerError("an integer is not in its shortest form")
    return int.from_bytes(octets, signed=True)


def read_boolean(element: Element) -> bool:
    octets = element.expect(BOOLEAN).content
    if octets not in {b"\x00", b"\xff"}:
        raise DerError("a boolean is neither 00 nor FF")
    return octets == b"\xff"


def read_bit_string(element: Element) -> bytes:
    """The octets of a BIT STRING that has a whole number of them."""
    octets = element.expect(BIT_STRING).content
    if not octets or octets[0] != 0:
        raise DerError("a bit string does not end at an octet")
    return octets[1:]


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    return header(tag, length) + content


def header(tag: int, length: int) -> bytes:
    """What stands before `length` octets of content (§8.1.3)."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, *parts)


@lru_cache(maxsize=1024)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER; raises DerError if the text is none."""
    if not _DOTTED.fullmatch(dotted):
        raise DerError(f"{shown(dotted)} is not an object identifier")
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(OID, *(_arc(arc) for arc in (40 * first + second, *rest)))


def _arc(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def boolean(value: bool) -> bytes:
    return tlv(BOOLEAN, b"\xff" if value else b"\x00")


def bit_string(octets: bytes) -> bytes:
    return tlv(BIT_STRING, b"\x00", octets)


def named_bits(positions: frozenset[int]) -> bytes:
    """A BIT STRING with named bits: trailing zero bits are left out (X.690 §11.2.2)."""
    if not positions:
        return tlv(BIT_STRING, b"\x00")
    size = max(positions) // 8 + 1
    value = sum(1 << (8 * size - 1 - position) for position in positions)
    return tlv(BIT_STRING, bytes((8 * size - 1 - max(positions),)), value.to_bytes(size))


def time(at: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5); whole seconds, UTC."""
    at = at.astimezone(UTC)
    if 1950 <= at.year <= 2049:
        return tlv(UTC_TIME, f"{at.year % 100:02d}{_below_years(at)}".encode())
    return generalized_time(at)


def generalized_time(at: datetime) -> bytes:
    """GeneralizedTime as RFC 5280 §4.1.2.5.2 writes it: whole seconds, UTC."""
    at = at.astimezone(UTC)
    return tlv(GENERALIZED_TIME, f"{at.year:04d}{_below_years(at)}".encode())


def _below_years(at: datetime) -> str:
    return f"{at.month:02d}{at.day:02d}{at.hour:02d}{at.minute:02d}{at.second:02d}Z"
