"""Every documented and observed form of a request, and what its certificate says.

The rows are those of serverless-ca's request table; certificates are read by `cryptography`.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tests.serverless.world import Function, certificate, coded, csr

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string, ExtendedKeyUsageOID.SERVER_AUTH.dotted_string
CODE, EMAIL = (
    ExtendedKeyUsageOID.CODE_SIGNING.dotted_string,
    ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
)


def purposes(found: x509.Certificate) -> list[str]:
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    return [each.dotted_string for each in usage.value]


def sans(found: x509.Certificate) -> list[str]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    assert not extension.critical
    return [_text(name) for name in extension.value]


def _text(name: x509.GeneralName) -> str:
    return name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(name.value)


PURPOSES: list[tuple[dict[str, Any], list[str], int]] = [
    ({}, [CLIENT], 0),
    ({"purposes": ["client_auth"]}, [CLIENT], 0),
    ({"purposes": ["server_auth"]}, [SERVER], 0),
    ({"purposes": ["server_auth", "client_auth"]}, [SERVER, CLIENT], 0),
    ({"purposes": ["server_auth", "server_auth"]}, [SERVER], 0),
    ({"purposes": ["server_auth", "smoke"]}, [SERVER], 1),
    ({"purposes": ["smoke"]}, [CLIENT], 1),
    ({"purposes": None}, [CLIENT], 0),
    ({"purposes": []}, [CLIENT], 0),
    ({"purposes": "server_auth"}, [CLIENT], 1),
    ({"extended_key_usages": ["CODE_SIGNING"]}, [CLIENT, CODE], 0),
    ({"purposes": ["server_auth"], "extended_key_usages": ["EMAIL_PROTECTION"]}, [SERVER, EMAIL], 0),
    ({"extended_key_usages": ["TLS_WEB_CLIENT_AUTHENTICATION"]}, [CLIENT], 0),
    (
        {"extended_key_usages": ["TLS_WEB_SERVER_AUTHENTICATION", "TIME_STAMPING", "OCSP_SIGNING"]},
        [CLIENT, SERVER, "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"],
        0,
    ),
    (
        {"extended_key_usages": ["IPSEC_END_SYSTEM", "IPSEC_TUNNEL", "IPSEC_USER", "ANY"]},
        [CLIENT, "1.3.6.1.5.5.7.3.5", "1.3.6.1.5.5.7.3.6", "1.3.6.1.5.5.7.3.7", "2.5.29.37.0"],
        0,
    ),
    ({"extended_key_usages": ["NONE"]}, [CLIENT], 0),
    ({"extended_key_usages": ["1.3.6.1.4.1.311.10.3.4"]}, [CLIENT, "1.3.6.1.4.1.311.10.3.4"], 0),
    ({"extended_key_usages": ["0.4.0.127.0.7"]}, [CLIENT], 1),
    ({"extended_key_usages": ["code_signing", "SMOKE"]}, [CLIENT], 2),
    ({"extended_key_usages": "CODE_SIGNING"}, [CLIENT], 1),
]


@pytest.mark.parametrize(("asked", "expected", "warnings"), PURPOSES, ids=lambda value: str(value)[:70])
def test_purposes_come_first_then_extended_key_usages_and_each_stands_once(
    function: Function, asked: dict[str, Any], expected: list[str], warnings: int
) -> None:
    answer = function.ask("server", **asked)
    assert purposes(certificate(answer)) == expected
    assert len(answer.get("Warnings", [])) == warnings


SANS: list[tuple[Any, list[str], int]] = [
    (None, ["server.example.com"], 0),
    ("", ["server.example.com"], 0),
    ([], ["server.example.com"], 0),
    ({}, ["server.example.com"], 0),
    ("a.example.com", ["a.example.com"], 0),
    (["a.example.com", "*.b.example.com"], ["a.example.com", "*.b.example.com"], 0),
    (["A.Example.com", "A.Example.com"], ["A.Example.com", "A.Example.com"], 0),
    ([{"type": "DNS_NAME", "value": "a.example.com"}], ["a.example.com"], 0),
    ([{"value": "a.example.com"}], ["a.example.com"], 0),
    ([{"type": "ip_address", "value": "10.0.0.1"}], ["10.0.0.1"], 0),
    (
        {"DNS_NAME": "a.example.com", "IP_ADDRESS": ["10.0.0.1", "fd00::1"]},
        ["a.example.com", "10.0.0.1", "fd00::1"],
        0,
    ),
    ({"EMAIL_ADDRESS": "a@example.com"}, ["a@example.com"], 0),
    ({"URL": "https://example.com/a?b=c"}, ["https://example.com/a?b=c"], 0),
    ({"DN": "CN=a,O=b,X=c"}, ["O=b,CN=a"], 1),
    (["a.example.com", {"type": "IP_ADDRESS", "value": "10.0.0.1"}], ["a.example.com", "10.0.0.1"], 0),
    (["a.example.com", "localhost"], ["a.example.com"], 1),
    (["localhost", "a_b.example.com", "example.com.", "*.com", "a.*.example.com", "bücher.example"], [], 6),
    ({"URL": ["spiffe://example.com/a", "urn:a:b"]}, [], 2),
    ({"IP_ADDRESS": ["10.0.0.0/8", "x", "fe80::1%eth0"]}, [], 3),
    ({"DN": "X=c"}, [], 1),
    ({"SMOKE": "a.example.com"}, [], 1),
    (5, [], 1),
    (
        ["xn--bcher-kva.example", "a.internal", "a.local"],
        ["xn--bcher-kva.example", "a.internal", "a.local"],
        0,
    ),
]


@pytest.mark.parametrize(("asked", "expected", "warnings"), SANS, ids=lambda value: str(value)[:70])
def test_alternative_names_come_in_every_form_and_invalid_ones_are_dropped_and_told(
    function: Function, asked: Any, expected: list[str], warnings: int
) -> None:
    answer = function.ask("server.example.com", sans=asked)
    assert sans(certificate(answer)) == expected
    assert len(answer.get("Warnings", [])) == warnings


@pytest.mark.parametrize("common_name", ["Jane Doe", "localhost", "server"])
def test_a_common_name_that_is_no_domain_is_no_alternative_name(function: Function, common_name: str) -> None:
    assert sans(certificate(function.ask(common_name))) == []


def test_the_alternative_names_of_the_csr_are_ignored(function: Function) -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    )
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName("evil.example.com")]), critical=False
    )
    asked = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)
    assert sans(certificate(function.ask("server", base64_csr_data=coded(asked)))) == []


@pytest.mark.parametrize(
    ("lifetime", "days", "warnings"),
    [
        (None, 30, 0),
        (1, 1, 0),
        (90, 90, 0),
        ("90", 90, 0),
        (1.9, 1, 0),
        (365, 365, 0),
        (366, 365, 1),
        (500, 365, 1),
        (10**30, 365, 1),
    ],
)
def test_a_lifetime_is_whole_days_and_five_minutes_of_backdating(
    function: Function, lifetime: Any, days: int, warnings: int
) -> None:
    answer = function.ask(**({} if lifetime is None else {"lifetime": lifetime}))
    found = certificate(answer)
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=days, minutes=5)
    assert len(answer.get("Warnings", [])) == warnings


def test_the_subject_is_the_requests_then_the_csrs_in_a_fixed_order(function: Function) -> None:
    asked = csr(
        "other.example.com",
        (NameOID.ORGANIZATION_NAME, "From CSR"),
        (NameOID.SERIAL_NUMBER, "lost"),
        (NameOID.COUNTRY_NAME, "GB"),
    )
    answer = function.ask(
        "server.example.com",
        base64_csr_data=coded(asked),
        state="From request, =too",
        organization="",
        email_address="ca@example.com",
        locality="London",
    )
    assert [(each.oid, each.value) for each in certificate(answer).subject] == [
        (NameOID.COMMON_NAME, "server.example.com"),
        (NameOID.COUNTRY_NAME, "GB"),
        (NameOID.EMAIL_ADDRESS, "ca@example.com"),
        (NameOID.LOCALITY_NAME, "London"),
        (NameOID.ORGANIZATION_NAME, "From CSR"),
        (NameOID.STATE_OR_PROVINCE_NAME, "From request, =too"),
    ]
    assert answer["Subject"] == certificate(answer).subject.rfc4514_string()


def test_a_custom_extension_that_is_allowed_is_there_word_for_word(function: Function) -> None:
    function.terms = replace(function.terms, extensions=frozenset({"1.2.3.4"}))
    value = b"\x0c\x05hello"
    answer = function.ask(extensions=[{"oid": "1.2.3.4", "value_b64": coded(value), "critical": True}])
    found = certificate(answer).extensions.get_extension_for_oid(ObjectIdentifier("1.2.3.4"))
    assert found.critical
    assert isinstance(found.value, x509.UnrecognizedExtension)
    assert found.value.value == value


def test_the_leaf_has_just_the_extensions_of_serverless_ca(function: Function) -> None:
    found = certificate(function.ask("server.example.com"))
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.key_encipherment
    policies = found.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [each.policy_identifier.dotted_string for each in policies] == ["2.23.140.1.2.1"]
    names = {each.oid._name for each in found.extensions}
    assert names == {
        "keyUsage",
        "certificatePolicies",
        "subjectKeyIdentifier",
        "authorityKeyIdentifier",
        "extendedKeyUsage",
        "subjectAltName",
    }


def test_unknown_keys_are_passed_over(function: Function) -> None:
    assert "CertificateInfo" in function.ask(passphrase="old", smoke=[1])
