"""What a CSR says about its subject arrives in the certificate octet by octet; nothing else does."""

from collections.abc import Sequence

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.x509 import forge, hierarchy, judges
from tests.x509.forge import attribute, dns, extension, name, request, san, seq, tlv

from privyseal.x509 import der
from privyseal.x509.csr import parse_der
from privyseal.x509.strings import check_text

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


def issued(subject: bytes | None, names: Sequence[bytes], *more: bytes) -> bytes:
    asked = [san(*names)] if names else []
    attributes = [request(*asked, *more)] if asked or more else []
    csr = parse_der(forge.csr(subject=subject, attributes=attributes))
    return hierarchy.issue(hierarchy.subordinate(), "EndEntityCertificate", csr)


def fields(certificate: bytes) -> list[der.Element]:
    return der.single(certificate, der.SEQUENCE).children()[0].children()


def value_of(certificate: bytes, oid: str) -> tuple[bool, bytes] | None:
    """(critical, value) of an extension, found without the product's own reader of extensions."""
    for each in fields(certificate)[7].children()[0].children():
        parts = each.children()
        if parts[0].raw == forge.oid(oid):
            return len(parts) == 3, parts[-1].content
    return None


@pytest.mark.parametrize("row", SUBJECTS)
def test_every_legal_subject_survives(row: str) -> None:
    """Each string type, private types, several values in one set, any order."""
    names = [dns("a.example")]
    certificate = issued(SUBJECTS[row], names)
    assert fields(certificate)[5].raw == SUBJECTS[row]
    critical, value = value_of(certificate, forge.SAN) or (None, None)
    assert value == seq(*names)
    assert critical is (SUBJECTS[row] == name())  # RFC 5280 §4.2.1.6


@pytest.mark.parametrize("row", NAMES)
def test_every_kind_of_general_name_survives(row: str) -> None:
    certificate = issued(None, [NAMES[row]])
    assert value_of(certificate, forge.SAN) == (False, seq(NAMES[row]))
    assert "Subject Alternative Name" in judges.openssl_text(certificate)


def test_general_names_keep_their_order() -> None:
    """All kinds, backwards, and twice: nothing is sorted, grouped or folded."""
    names = [*reversed(NAMES.values()), *NAMES.values()]
    assert value_of(issued(None, names), forge.SAN) == (False, seq(*names))


def test_a_certificate_without_subject_and_with_every_common_name_kind_is_read_elsewhere() -> None:
    """Openssl and `cryptography` see the same names that were asked for."""
    kinds = [
        "rfc822Name",
        "dNSName",
        "directoryName",
        "uniformResourceIdentifier",
        "iPAddress of 4",
        "registeredID",
    ]
    certificate = issued(name(), [NAMES[kind] for kind in kinds])
    parsed = x509.load_der_x509_certificate(certificate)
    extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert extension.critical
    assert [type(each).__name__ for each in extension.value] == [
        *("RFC822Name", "DNSName", "DirectoryName", "UniformResourceIdentifier", "IPAddress", "RegisteredID")
    ]
    text = judges.openssl_text(certificate)
    for expected in (
        "email:o'neil+x@b.example",
        "DNS:_sip._tcp.b.example",
        "URI:spiffe://realm.example",
        "192.0.2.1",
    ):
        assert expected in text


WISHES = {
    "to be a CA": extension("2.5.29.19", bytes.fromhex("30030101ff"), critical=True),
    "to sign certificates": extension("2.5.29.15", bytes.fromhex("03020106"), critical=True),
    "to sign code": extension("2.5.29.37", seq(forge.oid("1.3.6.1.5.5.7.3.3"))),
    "a key identifier of its own": extension("2.5.29.14", tlv(4, b"mine")),
    "another authority's key": extension("2.5.29.35", seq(tlv(0x80, b"theirs"))),
    "its own place for CRLs": extension(
        "2.5.29.31", seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://x.example")))))
    ),
    "a policy": extension("2.5.29.32", seq(seq(forge.oid("2.23.140.1.1")))),
    "an unknown critical extension": extension("1.3.6.1.4.1.99999.9", b"\x05\x00", critical=True),
    "to be a precertificate": extension("1.3.6.1.4.1.11129.2.4.3", b"\x05\x00", critical=True),
}


@pytest.mark.parametrize("wish", WISHES)
def test_nothing_else_is_taken_from_the_csr(wish: str) -> None:
    """A base template lets no extension through but the subject alternative names."""
    plain = issued(None, [dns("a.example")])
    wishful = issued(None, [dns("a.example")], WISHES[wish])
    assert fields(wishful)[7].raw == fields(plain)[7].raw


def _legal(text: str) -> bool:
    try:
        check_text(text)
    except ValueError:
        return False
    return True


# `cryptography` counts octets where RFC 5280 counts characters: 16 characters are at most 64 octets.
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16).filter(_legal)


@given(
    rdns=st.lists(
        st.lists(
            st.tuples(st.sampled_from([forge.CN, forge.UNIT, forge.ORGANIZATION, OWN]), TEXTS),
            min_size=1,
            max_size=3,
            unique=True,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_legal_subject_survives_and_reads_the_same_elsewhere(rdns: list[list[tuple[str, str]]]) -> None:
    """`cryptography` reads from the certificate the very texts that went into the CSR."""
    subject = name(*[[attribute(*pair) for pair in rdn] for rdn in rdns])
    certificate = issued(subject, [])
    assert fields(certificate)[5].raw == subject
    parsed = x509.load_der_x509_certificate(certificate).subject
    seen = [sorted((a.oid.dotted_string, a.value) for a in rdn) for rdn in parsed.rdns]
    assert seen == [sorted(rdn) for rdn in rdns]
