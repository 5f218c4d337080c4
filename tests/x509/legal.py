"""Subjects and names that look odd and are legal: they must arrive in certificates as they are."""

from collections.abc import Callable, Mapping

from tests.x509 import forge
from tests.x509.forge import attribute, dns, name, seq, tlv

OWN = "1.3.6.1.4.1.99999.1"
SUBJECTS = {
    "UTF8String": name(attribute(forge.CN, "Zürich 東京")),
    "PrintableString": name(attribute(forge.CN, "device 1", forge.PRINTABLE)),
    "TeletexString": name(attribute(forge.CN, "Zürich".encode("latin-1"), forge.TELETEX)),
    "BMPString": name(attribute(forge.CN, "東京".encode("utf-16-be"), forge.BMP)),
    "UniversalString": name(attribute(forge.CN, "東京🔒".encode("utf-32-be"), forge.UNIVERSAL)),
    "IA5String of a mail address": name(attribute(forge.EMAIL, "a@b.example", forge.IA5)),
    "NumericString of a private type": name(attribute(OWN, "12 34", forge.NUMERIC)),
    "VisibleString of a private type": name(attribute(OWN, "visible", forge.VISIBLE)),
    "a unique identifier, which is bits": name(
        attribute(forge.CN, "a"), attribute("2.5.4.45", b"\x00\x12\x34", 0x03)
    ),
    "several values in one set": name(
        [attribute(forge.CN, "a"), attribute(forge.UNIT, "b"), attribute(OWN, "c")],
        attribute(forge.ORGANIZATION, "d"),
    ),
    "the same type many times, in an odd order": name(
        attribute(forge.UNIT, "3"),
        attribute(forge.CN, "x"),
        attribute(forge.UNIT, "1"),
        attribute(forge.COUNTRY, "CH", 0x13),
    ),
    "64 characters of four octets": name(attribute(forge.CN, "🔒" * 64)),
    "150 attributes": name(*[attribute(forge.UNIT, str(n)) for n in range(150)]),
    "arcs beyond 64 bits": name(attribute("2.25.329800735698586629295641978511506172918", "uuid")),
    "nothing": name(),
}
NAMES = {
    "otherName": tlv(0xA0, forge.oid("1.3.6.1.4.1.311.20.2.3") + tlv(0xA0, tlv(0x0C, b"user@realm"))),
    "rfc822Name": tlv(0x81, b"o'neil+x@b.example"),
    "dNSName": dns("_sip._tcp.b.example"),
    "x400Address": tlv(0xA3, seq(tlv(0x61, tlv(0x13, b"CH")), tlv(0x62, tlv(0x13, b"x")))),
    "directoryName": tlv(0xA4, name(attribute(forge.CN, "x", forge.PRINTABLE), attribute(forge.UNIT, "y"))),
    "ediPartyName": tlv(0xA5, tlv(0xA0, tlv(0x0C, b"assigner")) + tlv(0xA1, tlv(0x13, b"party"))),
    "uniformResourceIdentifier": tlv(0x86, b"spiffe://realm.example/ns/a/sa/b?x=%20#y"),
    "iPAddress of 4": tlv(0x87, bytes([192, 0, 2, 1])),
    "iPAddress of 16": tlv(0x87, bytes.fromhex("20010db8000000000000000000000001")),
    "registeredID": tlv(0x88, bytes.fromhex("2b06010401")),
}


def _in_one_line(pem: bytes) -> bytes:
    first, *body, last = pem.strip().split(b"\n")
    return b"\n".join((first, b"".join(body), last))


LAYOUTS: Mapping[str, Callable[[bytes], bytes]] = {
    "text before it": lambda pem: b"Certificate Request:\n    Data: of my device\n" + pem,
    "lines of Windows": lambda pem: pem.replace(b"\n", b"\r\n"),
    "lines of an old Macintosh": lambda pem: pem.replace(b"\n", b"\r"),
    "blank lines everywhere": lambda pem: pem.replace(b"\n", b"\n\n"),
    "spaces at the end of each line": lambda pem: pem.replace(b"\n", b" \t\n"),
    "blank lines around it": lambda pem: b"\n\n" + pem + b"\r\n \n",
    "no end of the last line": lambda pem: pem.rstrip(b"\n"),
    "octets that are no text before it": lambda pem: b"\xff\xfe\x00\n" + pem,
    "one long line": _in_one_line,
}
