"""Keys and CSRs, judged by `cryptography` and by openssl."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.client import generate_csr, key_pem
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import KEY_ALGORITHMS
from tests.programs import program


def dns_names(csr: x509.CertificateSigningRequest) -> list[str]:
    extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not extension.critical  # RFC 5280 §4.2.1.6: there is a subject
    return extension.value.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("algorithm", sorted(KEY_ALGORITHMS))
def test_every_key_algorithm_makes_a_csr_that_proves_possession(algorithm: str) -> None:
    pem, key = generate_csr("app.internal", ["app.internal", "*.app.internal"], algorithm)
    csr = x509.load_pem_x509_csr(pem.encode())
    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string() == "CN=app.internal"
    assert dns_names(csr) == ["app.internal", "*.app.internal"]
    assert csr.public_key() == key.public_key()


def test_openssl_accepts_the_csr_and_the_key(tmp_path: Path) -> None:
    openssl = program("openssl")
    pem, key = generate_csr("app.internal", ["app.internal"])
    (tmp_path / "csr.pem").write_text(pem)
    (tmp_path / "key.pem").write_bytes(key_pem(key))

    def run(*arguments: str) -> str:
        return subprocess.run(
            [openssl, *arguments], check=True, capture_output=True, text=True, cwd=tmp_path
        ).stdout

    assert "CN = app.internal" in run("req", "-in", "csr.pem", "-verify", "-noout", "-subject")
    assert "DNS:app.internal" in run("req", "-in", "csr.pem", "-noout", "-text")
    assert run("pkey", "-in", "key.pem", "-pubout") == run("req", "-in", "csr.pem", "-noout", "-pubkey")


def test_the_key_is_pkcs8() -> None:
    _, key = generate_csr("device-1")
    pem = key_pem(key)
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    loaded = serialization.load_pem_private_key(pem, None)
    assert loaded.public_key() == key.public_key()


def test_without_dns_names_there_is_no_extension() -> None:
    pem, _ = generate_csr("device-1")
    assert not list(x509.load_pem_x509_csr(pem.encode()).extensions)


@pytest.mark.parametrize("name", ["", "x" * 65, "ä" * 33, "a\x00b", "a\nb", "\ud800"])
def test_a_common_name_that_no_certificate_can_carry_is_refused(name: str) -> None:
    with pytest.raises(PrivySealError) as caught:
        generate_csr(name)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "a b", "münchen.de", "a\x00.b", "x" * 64, "a." * 130, "https://a.b"]
)
def test_a_dns_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(PrivySealError) as caught:
        generate_csr("app", ["ok.internal", name])
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


def test_an_unknown_key_algorithm_is_refused() -> None:
    with pytest.raises(PrivySealError, match="SM2"):
        generate_csr("app", key_algorithm="SM2")


@given(name=st.text(max_size=70), sans=st.lists(st.text(max_size=30), max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_names_are_refused_or_carried_exactly(name: str, sans: list[str]) -> None:
    try:
        pem, _ = generate_csr(name, sans)
    except PrivySealError as error:
        assert error.code is ErrorCode.INVALID_ARGUMENT  # noqa: PT017 - either outcome is right
        return
    csr = x509.load_pem_x509_csr(pem.encode())
    assert [attribute.value for attribute in csr.subject] == [name]
    assert not sans or dns_names(csr) == sans
