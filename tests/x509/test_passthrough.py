"""An ApiPassthrough becomes a name and extensions, or is refused with a reason."""

import base64
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import oids
from privyseal.x509.passthrough import NOTHING, Passthrough, passthrough_from_model
from tests.x509 import forge

OWN = "1.3.6.1.4.1.99999.7"


def read(**extensions: Any) -> Passthrough:
    return passthrough_from_model({"Extensions": extensions})


def value(**extensions: Any) -> bytes:
    """The DER of the only extension."""
    (extension,) = read(**extensions).extensions
    return extension.value


def alternative(**member: Any) -> bytes:
    return value(SubjectAlternativeNames=[member])


def custom(der: bytes, oid: str = OWN, **more: Any) -> dict[str, Any]:
    return {"ObjectIdentifier": oid, "Value": base64.b64encode(der).decode(), **more}


def test_nothing_asked_is_nothing_passed() -> None:
    nothing: list[dict[str, Any]] = [
        {},
        {"Extensions": {}},
        {"Extensions": {"KeyUsage": {"DigitalSignature": False}}},
    ]
    assert [passthrough_from_model(asked) for asked in nothing] == [NOTHING] * 3


# Member of GeneralName, its value → DER, written here with a writer of its own (RFC 5280 §4.2.1.6).
NAMES: list[tuple[str, Any, bytes]] = [
    ("Rfc822Name", "a@b.example", forge.tlv(0x81, b"a@b.example")),
    ("DnsName", "*.b.example", forge.tlv(0x82, b"*.b.example")),
    ("UniformResourceIdentifier", "spiffe://b.example/x", forge.tlv(0x86, b"spiffe://b.example/x")),
    ("IpAddress", "192.0.2.1", forge.tlv(0x87, bytes([192, 0, 2, 1]))),
    ("IpAddress", "2001:db8::1", forge.tlv(0x87, bytes.fromhex("20010db8000000000000000000000001"))),
    ("RegisteredId", "2.999.1", forge.tlv(0x88, forge.oid("2.999.1")[2:])),
    ("DirectoryName", {"CommonName": "ü"}, forge.tlv(0xA4, forge.cn("ü"))),
    (
        "OtherName",
        {"TypeId": OWN, "Value": "u@b.example"},
        forge.tlv(0xA0, forge.oid(OWN) + forge.tlv(0xA0, forge.tlv(0x0C, b"u@b.example"))),
    ),
    ("EdiPartyName", {"PartyName": "p"}, forge.tlv(0xA5, forge.tlv(0xA1, forge.tlv(0x0C, b"p")))),
    (
        "EdiPartyName",
        {"PartyName": "p", "NameAssigner": "n"},
        forge.tlv(0xA5, forge.tlv(0xA0, forge.tlv(0x0C, b"n")) + forge.tlv(0xA1, forge.tlv(0x0C, b"p"))),
    ),
]


@pytest.mark.parametrize(("member", "given_value", "encoded"), NAMES)
def test_every_kind_of_name_is_encoded_as_rfc_5280_has_it(
    member: str, given_value: Any, encoded: bytes
) -> None:
    assert alternative(**{member: given_value}) == forge.seq(encoded)


def test_names_keep_their_order() -> None:
    asked = [{member: given_value} for member, given_value, _ in NAMES]
    assert value(SubjectAlternativeNames=asked) == forge.seq(*(encoded for _, _, encoded in NAMES))


@pytest.mark.parametrize(
    "member",
    [
        {},
        {"DnsName": "a.example", "IpAddress": "192.0.2.1"},
        {"DnsName": "a b.example"},
        {"DnsName": "ü.example"},
        {"DnsName": "a.example."},
        {"DnsName": ""},
        {"Rfc822Name": "nobody"},
        {"Rfc822Name": "a\n@b.example"},
        {"UniformResourceIdentifier": "no scheme"},
        {"UniformResourceIdentifier": "/relative"},
        {"IpAddress": "192.0.2.256"},
        {"IpAddress": "192.0.2.01"},
        {"IpAddress": "192.0.2.0/24"},
        {"IpAddress": "fe80::1%eth0"},
        {"RegisteredId": "1"},
        {"RegisteredId": "1.40.1"},
        {"DirectoryName": {}},
        {"DirectoryName": {"CommonName": "a\x00b"}},
        {"OtherName": {"TypeId": OWN, "Value": ""}},
        {"OtherName": {"TypeId": OWN, "Value": "\ud800"}},
        {"OtherName": {"TypeId": "3.1", "Value": "a"}},
        {"EdiPartyName": {"PartyName": ""}},
    ],
)
def test_a_name_that_is_none_is_refused(member: dict[str, Any]) -> None:
    _refused(SubjectAlternativeNames=[{"DnsName": "right.example"}, member])


PURPOSES = {
    "SERVER_AUTH": "1.3.6.1.5.5.7.3.1",
    "CLIENT_AUTH": "1.3.6.1.5.5.7.3.2",
    "CODE_SIGNING": "1.3.6.1.5.5.7.3.3",
    "EMAIL_PROTECTION": "1.3.6.1.5.5.7.3.4",
    "TIME_STAMPING": "1.3.6.1.5.5.7.3.8",
    "OCSP_SIGNING": "1.3.6.1.5.5.7.3.9",
    "SMART_CARD_LOGIN": "1.3.6.1.4.1.311.20.2.2",
    "DOCUMENT_SIGNING": "1.3.6.1.4.1.311.10.3.12",
    "CERTIFICATE_TRANSPARENCY": "1.3.6.1.4.1.11129.2.4.4",
}


def test_key_purposes_are_named_or_numbered() -> None:
    asked = [{"ExtendedKeyUsageType": name} for name in PURPOSES]
    asked.append({"ExtendedKeyUsageObjectIdentifier": OWN})
    assert value(ExtendedKeyUsage=asked) == forge.seq(*map(forge.oid, [*PURPOSES.values(), OWN]))


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [(["TIME_STAMPING"], True), (["TIME_STAMPING", "SERVER_AUTH"], False), (["SERVER_AUTH"], False)],
)
def test_only_a_time_stamper_s_purpose_is_critical(purposes: list[str], critical: bool) -> None:
    """RFC 3161 §2.3; everybody else passes a custom extension to have it so."""
    (extension,) = read(ExtendedKeyUsage=[{"ExtendedKeyUsageType": name} for name in purposes]).extensions
    assert extension.critical is critical


def test_each_key_usage_is_one_bit() -> None:
    """The positions of RFC 5280 §4.2.1.3; together they are nine bits, and critical."""
    members = [
        *("DigitalSignature", "NonRepudiation", "KeyEncipherment", "DataEncipherment", "KeyAgreement"),
        *("KeyCertSign", "CRLSign", "EncipherOnly", "DecipherOnly"),
    ]
    for position, member in enumerate(members):
        bits = int.from_bytes(value(KeyUsage={member: True})[3:].ljust(2, b"\x00"))
        assert bits == 0x8000 >> position
    (usage,) = read(KeyUsage=dict.fromkeys(members, True)).extensions
    assert (usage.critical, usage.value) == (True, bytes.fromhex("030307ff80"))


def test_a_policy_carries_its_statement() -> None:
    cps = {"PolicyQualifierId": "CPS", "Qualifier": {"CpsUri": "https://a.example/cps"}}
    asked = [{"CertPolicyId": OWN}, {"CertPolicyId": "2.5.29.32.0", "PolicyQualifiers": [cps]}]
    qualifier = forge.seq(forge.oid("1.3.6.1.5.5.7.2.1"), forge.tlv(forge.IA5, b"https://a.example/cps"))
    expected = forge.seq(forge.seq(forge.oid(OWN)), forge.seq(forge.oid("2.5.29.32.0"), forge.seq(qualifier)))
    assert value(CertificatePolicies=asked) == expected


@pytest.mark.parametrize("critical", [True, False, None])
def test_a_custom_extension_is_passed_as_it_is(critical: bool | None) -> None:
    asked = custom(b"\x05\x00") | ({} if critical is None else {"Critical": critical})
    (extension,) = read(CustomExtensions=[asked]).extensions
    assert (extension.oid, extension.critical, extension.value) == (OWN, bool(critical), b"\x05\x00")


@pytest.mark.parametrize(
    "extensions",
    [
        {"ExtendedKeyUsage": [{}]},
        {
            "ExtendedKeyUsage": [
                {"ExtendedKeyUsageType": "SERVER_AUTH", "ExtendedKeyUsageObjectIdentifier": OWN}
            ]
        },
        {"ExtendedKeyUsage": [{"ExtendedKeyUsageType": "SERVER_AUTH"}] * 2},
        {"ExtendedKeyUsage": [{"ExtendedKeyUsageObjectIdentifier": "1.99"}]},
        {"CertificatePolicies": [{"CertPolicyId": OWN}] * 2},
        {
            "CertificatePolicies": [
                {
                    "CertPolicyId": OWN,
                    "PolicyQualifiers": [{"PolicyQualifierId": "CPS", "Qualifier": {"CpsUri": "a b"}}],
                }
            ]
        },
        {"CustomExtensions": [custom(b"")]},
        {"CustomExtensions": [custom(b"\x05")]},
        {"CustomExtensions": [custom(b"\x05\x00\x05\x00")]},
        {"CustomExtensions": [custom(b"\x30\x80\x00\x00")]},
        {"CustomExtensions": [custom(b"text")]},
        {"CustomExtensions": [{"ObjectIdentifier": OWN, "Value": "BQA"}]},
        {"CustomExtensions": [{"ObjectIdentifier": OWN, "Value": "BQ!A"}]},
        {"CustomExtensions": [custom(b"\x05\x00", "0.40")]},
        {"CustomExtensions": [custom(b"\x05\x00")] * 2},
        {"CustomExtensions": [custom(b"\x03\x02\x07\x80", "2.5.29.15")], "KeyUsage": {"KeyAgreement": True}},
        {
            "CustomExtensions": [custom(forge.seq(forge.dns("a.example")), "2.5.29.17")],
            "SubjectAlternativeNames": [{"DnsName": "b.example"}],
        },
        {
            "CustomExtensions": [
                custom(forge.tlv(0x04, b"x" * 3000), f"{OWN}.{number}") for number in range(11)
            ]
        },
    ],
)
def test_an_extension_that_cannot_be_is_refused(extensions: dict[str, Any]) -> None:
    _refused(**extensions)


def _refused(**extensions: Any) -> None:
    with pytest.raises(PrivySealError, match="The ApiPassthrough cannot be used: ") as caught:
        read(**extensions)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert caught.value.message.isprintable()


def test_a_subject_is_passed_or_refused_as_an_authority_s_is() -> None:
    passed = passthrough_from_model({"Subject": {"CommonName": "a", "Country": "CH"}})
    assert passed.subject is not None
    assert passed.subject.text == "CN=a,C=CH"
    with pytest.raises(PrivySealError, match="CustomAttributes cannot be combined"):
        passthrough_from_model(
            {
                "Subject": {
                    "CommonName": "a",
                    "CustomAttributes": [{"ObjectIdentifier": OWN, "Value": "b"}],
                }
            }
        )


_TEXT = st.text(max_size=12)
_DOTTED = st.from_regex(r"[0-2]\.([0-9]|([0-3][0-9]))((\.([0-9]{1,9})){0,6})", fullmatch=True)
_NAME = st.fixed_dictionaries(
    {},
    optional={
        "DnsName": _TEXT,
        "Rfc822Name": _TEXT,
        "UniformResourceIdentifier": _TEXT,
        "IpAddress": st.ip_addresses().map(str) | _TEXT,
        "RegisteredId": _DOTTED,
        "DirectoryName": st.fixed_dictionaries({}, optional={"CommonName": _TEXT, "SerialNumber": _TEXT}),
        "OtherName": st.fixed_dictionaries({"TypeId": _DOTTED, "Value": _TEXT}),
        "EdiPartyName": st.fixed_dictionaries({"PartyName": _TEXT}, optional={"NameAssigner": _TEXT}),
    },
)
_CUSTOM = st.builds(custom, st.binary(max_size=24) | st.just(b"\x05\x00"), _DOTTED, Critical=st.booleans())
_EXTENSIONS = st.fixed_dictionaries(
    {},
    optional={
        "SubjectAlternativeNames": st.lists(_NAME, min_size=1, max_size=3),
        "CustomExtensions": st.lists(_CUSTOM, min_size=1, max_size=3),
        "ExtendedKeyUsage": st.lists(
            st.builds(lambda oid: {"ExtendedKeyUsageObjectIdentifier": oid}, _DOTTED), min_size=1, max_size=3
        ),
    },
)


@given(asked=_EXTENSIONS)
def test_whatever_is_asked_is_extensions_that_others_read_or_a_refusal(asked: dict[str, Any]) -> None:
    """No other exception; no OID twice; what comes out stands in a CSR that another library parses."""
    found = _outcome(asked)
    if isinstance(found, PrivySealError):
        assert found.code is ErrorCode.INVALID_ARGUMENT
        assert found.message.isprintable()
        return
    names = [extension.oid for extension in found.extensions]
    assert len(set(names)) == len(names)
    unknown = [e for e in found.extensions if e.oid in {OWN, oids.EXTENDED_KEY_USAGE}]
    request = forge.request(*(forge.extension(e.oid, e.value, critical=e.critical) for e in unknown))
    parsed = x509.load_der_x509_csr(forge.csr(attributes=[request] if unknown else []))
    assert [e.oid.dotted_string for e in parsed.extensions] == [e.oid for e in unknown]


def _outcome(asked: dict[str, Any]) -> Passthrough | PrivySealError:
    try:
        return read(**asked)
    except PrivySealError as error:
        return error
