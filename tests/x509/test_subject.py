"""Names as text, and names from the API's members."""

from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.subject import name_from_asn1_subject, read_name
from tests.x509 import forge
from tests.x509.forge import attribute, name

OWN = "1.3.6.1.4.1.99999.1"
SHORT = {
    "CN": "2.5.4.3",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "STREET": "2.5.4.9",
}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (name(), ""),
        (name(attribute("2.5.4.6", "CH", 0x13), attribute("2.5.4.3", "a")), "CN=a,C=CH"),
        (name([attribute("2.5.4.3", "a"), attribute("2.5.4.11", "b")]), "CN=a+OU=b"),
        (name(attribute("2.5.4.3", 'x,y+z"a\\b<c>d;e=f')), 'CN=x\\,y\\+z\\"a\\\\b\\<c\\>d\\;e=f'),
        (name(attribute("2.5.4.3", "#1 of  ")), "CN=\\#1 of \\ "),
        (name(attribute("2.5.4.3", " ")), "CN=\\ "),
        (name(attribute("2.5.4.3", "  a")), "CN=\\  a"),
        (name(attribute("2.5.4.3", "Zürich")), "CN=Zürich"),
        (name(attribute("2.5.4.5", "42", 0x13)), "2.5.4.5=#13023432"),
        (name(attribute(OWN, "ü")), f"{OWN}=#0c02c3bc"),
        (name(attribute("0.9.2342.19200300.100.1.25", "example", 0x16)), "DC=example"),
        (name(attribute("0.9.2342.19200300.100.1.1", "u1")), "UID=u1"),
    ],
)
def test_a_name_is_written_as_rfc_4514_has_it(raw: bytes, text: str) -> None:
    """The last first; what has no short name there, as AWS's reports do: OID and octets."""
    assert read_name(raw).text == text


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(sorted(SHORT)), st.text('aZ 9,+"\\<>;=#-ü', min_size=1, max_size=12)),
        min_size=1,
        max_size=4,
    )
)
def test_another_library_reads_the_text_as_the_same_name(pairs: list[tuple[str, str]]) -> None:
    raw = name(*[attribute(SHORT[short], value) for short, value in pairs])
    read = x509.Name.from_rfc4514_string(read_name(raw).text)
    seen = [(each.oid.dotted_string, each.value) for each in read]
    assert seen == [(SHORT[short], value) for short, value in pairs]


MEMBERS = {
    "Country": "CH",
    "Organization": "Example",
    "OrganizationalUnit": "PKI",
    "DistinguishedNameQualifier": "7",
    "State": "ZH",
    "CommonName": "Root",
    "SerialNumber": "0042",
    "Locality": "Zürich",
    "Title": "Dr",
    "Surname": "Muster",
    "GivenName": "A",
    "Initials": "AM",
    "Pseudonym": "am",
    "GenerationQualifier": "II",
}


def test_every_member_of_an_asn1_subject_has_its_place() -> None:
    """In the order of the service model, with RFC 5280's string types."""
    raw = name_from_asn1_subject(dict(reversed(MEMBERS.items()))).raw
    csr = x509.load_der_x509_csr(forge.csr(subject=raw))
    types = [
        *("2.5.4.6", "2.5.4.10", "2.5.4.11", "2.5.4.46", "2.5.4.8", "2.5.4.3", "2.5.4.5"),
        *("2.5.4.7", "2.5.4.12", "2.5.4.4", "2.5.4.42", "2.5.4.43", "2.5.4.65", "2.5.4.44"),
    ]
    assert [(a.oid.dotted_string, a.value) for a in csr.subject] == list(
        zip(types, MEMBERS.values(), strict=True)
    )
    printable = {a.oid.dotted_string for a in csr.subject if a._type.name == "PrintableString"}
    assert printable == {"2.5.4.6", "2.5.4.46", "2.5.4.5"}


def test_custom_attributes_make_a_name_of_their_own() -> None:
    custom = [
        {"ObjectIdentifier": "2.5.4.3", "Value": "Root"},
        {"ObjectIdentifier": OWN, "Value": "ü"},
        {"ObjectIdentifier": "2.5.4.6", "Value": "CH"},
        {"ObjectIdentifier": "1.2.840.113549.1.9.1", "Value": "a@b.example"},
    ]
    expected = name(
        attribute("2.5.4.3", "Root"),
        attribute(OWN, "ü"),
        attribute("2.5.4.6", "CH", 0x13),
        attribute("1.2.840.113549.1.9.1", "a@b.example", 0x16),
    )
    assert name_from_asn1_subject({"CustomAttributes": custom}).raw == expected


@pytest.mark.parametrize(
    "subject",
    [
        {},
        {"CommonName": None},
        {"CommonName": ""},
        {"CommonName": "a\x00b"},
        {"CommonName": "a\nb"},
        {"CommonName": "x" * 65},
        {"CommonName": "\ud800"},
        {"Country": "CHE"},
        {"Country": "Ü!"},
        {"SerialNumber": "no_underscore"},
        {"CustomAttributes": []},
        {"CustomAttributes": [{"ObjectIdentifier": "9.9", "Value": "a"}]},
        {"CustomAttributes": [{"ObjectIdentifier": "2.5.4.45", "Value": "a"}]},
        {"CustomAttributes": [{"ObjectIdentifier": OWN, "Value": "x" * 1025}]},
        {"CustomAttributes": [{"ObjectIdentifier": OWN, "Value": "x"}] * 151},
        {"CustomAttributes": [{"ObjectIdentifier": OWN, "Value": "x"}], "CommonName": "Root"},
    ],
)
def test_a_subject_that_no_certificate_can_carry_is_refused(subject: dict[str, Any]) -> None:
    with pytest.raises(PrivySealError) as caught:
        name_from_asn1_subject(subject)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert caught.value.message.isprintable()
