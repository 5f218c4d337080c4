"""What a CSR says about its subject arrives in the certificate octet by octet; nothing else does."""

from collections.abc import Sequence

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from privyseal.x509 import der
from privyseal.x509.csr import parse_der
from privyseal.x509.strings import check_text
from tests.x509 import forge, hierarchy, judges
from tests.x509.forge import attribute, dns, extension, name, request, san, seq, tlv
from tests.x509.legal import NAMES, OWN, SUBJECTS


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
