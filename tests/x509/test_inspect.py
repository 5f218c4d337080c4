"""The summary says what the certificate says."""

import hashlib

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import pem
from privyseal.x509.csr import parse_der
from privyseal.x509.inspect import inspect
from tests.x509 import forge, hierarchy
from tests.x509.forge import dns, request, san


def leaf() -> bytes:
    names = request(san(dns("a.example"), forge.tlv(0x87, bytes([10, 0, 0, 1])), dns("b.example")))
    asked = parse_der(forge.csr(forge.rsa2048(), attributes=[names]))
    return hierarchy.issue(hierarchy.subordinate(), "EndEntityServerAuthCertificate", asked)


def test_a_leaf_is_summed_up() -> None:
    der = leaf()
    parsed = x509.load_der_x509_certificate(der)
    issuer = x509.load_der_x509_certificate(hierarchy.subordinate().der)
    summary = inspect(pem.to_pem(der))
    assert (summary.subject, summary.issuer) == ("CN=device-1", issuer.subject.rfc4514_string())
    assert summary.serial == parsed.serial_number
    assert (summary.not_before, summary.not_after) == (
        parsed.not_valid_before_utc,
        parsed.not_valid_after_utc,
    )
    assert [(n.kind, n.text) for n in summary.subject_alternative_names] == [
        ("dNSName", "a.example"),
        ("iPAddress", "10.0.0.1"),
        ("dNSName", "b.example"),
    ]
    assert summary.dns_names == ("a.example", "b.example")
    assert summary.key_usage == ("digitalSignature", "keyEncipherment")
    assert summary.extended_key_usage == ("serverAuth",)
    assert (summary.is_ca, summary.path_length) == (False, None)
    assert (summary.key_algorithm, summary.signature_algorithm) == ("RSA_2048", "SHA256WITHECDSA")
    assert summary.authority_key_id == inspect(pem.to_pem(hierarchy.subordinate().der)).subject_key_id
    assert summary.sha256 == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize(
    ("signing", "key"),
    [("ML_DSA_87", "ML_DSA_87"), ("SHA384WITHRSA_PSS", "RSA_2048"), ("SHA512WITHECDSA", "EC_secp521r1")],
)
def test_algorithms_have_the_names_of_the_service_model(signing: str, key: str) -> None:
    summary = inspect(pem.to_pem(hierarchy.root(signing, key).der).encode())
    assert (summary.key_algorithm, summary.signature_algorithm) == (key, signing)
    assert (summary.is_ca, summary.path_length, summary.authority_key_id) == (True, None, None)


@pytest.mark.parametrize(
    "text", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "#" * 70_000]
)
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(PrivySealError) as caught:
        inspect(text)
    assert caught.value.code is ErrorCode.MALFORMED_CERTIFICATE


def test_a_file_that_is_no_certificate_for_its_size_is_not_searched() -> None:
    with pytest.raises(PrivySealError, match="octets; at most 65536"):
        inspect(b"#" * 65_537)


LEAF = leaf()


@given(position=st.integers(0, len(LEAF) - 1), value=st.integers(0, 255))
def test_a_damaged_certificate_is_summed_up_or_refused_and_nothing_else(position: int, value: int) -> None:
    damaged = bytearray(LEAF)
    damaged[position] = value
    try:
        inspect(pem.to_pem(bytes(damaged)))
    except PrivySealError as error:
        code: ErrorCode | None = error.code
    else:
        code = None
    assert code in {None, ErrorCode.MALFORMED_CERTIFICATE}
