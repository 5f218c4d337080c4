"""CSRs of our own authorities: read by others, and by our own strict parser."""

import subprocess
from typing import Any

import pytest
from cryptography import x509

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import KEY_ALGORITHMS, signing_algorithm
from privyseal.x509.csr import parse_pem
from privyseal.x509.requests import build_csr, extensions_from_model
from privyseal.x509.subject import name_from_asn1_subject
from tests.x509 import hierarchy

NAME = name_from_asn1_subject({"CommonName": "Issuing", "Organization": "Example"})


@pytest.mark.parametrize("algorithm", KEY_ALGORITHMS)
def test_a_csr_of_every_key_algorithm_is_valid_to_others(algorithm: str) -> None:
    row = KEY_ALGORITHMS[algorithm]
    made = build_csr(NAME, hierarchy.key_of(algorithm), signing_algorithm(row.default_signing))
    other = x509.load_pem_x509_csr(made.encode())
    assert other.is_signature_valid
    assert other.subject.rfc4514_string() == "CN=Issuing,O=Example"
    assert list(other.extensions) == []
    assert parse_pem(made.encode()).key_algorithm == algorithm


def test_openssl_verifies_a_csr_of_ours() -> None:
    made = build_csr(NAME, hierarchy.key_of("RSA_2048"), signing_algorithm("SHA512WITHRSA_PSS"))
    command = ["openssl", "req", "-verify", "-noout", "-subject"]
    done = subprocess.run(command, input=made, capture_output=True, text=True, check=True)
    assert "verify OK" in done.stdout + done.stderr


def test_key_usages_that_the_model_asks_for_are_in_the_csr() -> None:
    asked = extensions_from_model({"KeyUsage": {"KeyCertSign": True, "CRLSign": True, "DecipherOnly": False}})
    made = build_csr(NAME, hierarchy.key_of("EC_prime256v1"), signing_algorithm("SHA256WITHECDSA"), asked)
    usage = x509.load_pem_x509_csr(made.encode()).extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (
        True,
        True,
        False,
    )


def _access(method: dict[str, str], location: dict[str, Any]) -> dict[str, Any]:
    return {"AccessMethod": method, "AccessLocation": location}


REPOSITORY = {"UniformResourceIdentifier": "https://a.example/repository/"}
METHODS = {
    "1.3.6.1.5.5.7.48.5": {"AccessMethodType": "CA_REPOSITORY"},
    "1.3.6.1.5.5.7.48.10": {"AccessMethodType": "RESOURCE_PKI_MANIFEST"},
    "1.3.6.1.5.5.7.48.13": {"AccessMethodType": "RESOURCE_PKI_NOTIFY"},
    "1.3.6.1.4.1.99999.1": {"CustomObjectIdentifier": "1.3.6.1.4.1.99999.1"},
}


def test_places_where_an_authority_publishes_are_in_the_csr() -> None:
    """Every access method, each with the location that it was given; not critical."""
    asked = [_access(method, REPOSITORY) for method in METHODS.values()]
    made = build_csr(
        NAME,
        hierarchy.key_of("EC_prime256v1"),
        signing_algorithm("SHA256WITHECDSA"),
        extensions_from_model({"SubjectInformationAccess": asked}),
    )
    found = x509.load_pem_x509_csr(made.encode()).extensions.get_extension_for_class(
        x509.SubjectInformationAccess
    )
    location = x509.UniformResourceIdentifier(REPOSITORY["UniformResourceIdentifier"])
    expected = [x509.AccessDescription(x509.ObjectIdentifier(oid), location) for oid in METHODS]
    assert (found.critical, list(found.value)) == (False, expected)


@pytest.mark.parametrize(
    "description",
    [
        _access({}, REPOSITORY),
        _access({"AccessMethodType": "CA_REPOSITORY", "CustomObjectIdentifier": "1.2.3"}, REPOSITORY),
        _access({"CustomObjectIdentifier": "1.99"}, REPOSITORY),
        _access({"AccessMethodType": "CA_REPOSITORY"}, {}),
        _access({"AccessMethodType": "CA_REPOSITORY"}, {"UniformResourceIdentifier": "not a URI"}),
        _access({"AccessMethodType": "CA_REPOSITORY"}, REPOSITORY | {"DnsName": "a.example"}),
    ],
)
def test_a_place_that_is_none_is_refused(description: dict[str, Any]) -> None:
    with pytest.raises(PrivySealError, match="The CSR extensions cannot be used: ") as caught:
        extensions_from_model({"SubjectInformationAccess": [description]})
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT


def test_there_are_only_so_many_places() -> None:
    place = _access({"AccessMethodType": "CA_REPOSITORY"}, REPOSITORY)
    assert len(extensions_from_model({"SubjectInformationAccess": [place] * 150})) == 1
    with pytest.raises(PrivySealError, match="more than 150"):
        extensions_from_model({"SubjectInformationAccess": [place] * 151})


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {},
        {"KeyUsage": {}},
        {"KeyUsage": {"KeyCertSign": False}},
        {"SubjectInformationAccess": []},
    ],
)
def test_nothing_asked_is_nothing_added(asked: dict[str, Any] | None) -> None:
    assert extensions_from_model(asked) == ()


def test_a_signing_algorithm_of_another_family_is_refused() -> None:
    with pytest.raises(PrivySealError) as caught:
        build_csr(NAME, hierarchy.key_of("EC_prime256v1"), signing_algorithm("SHA256WITHRSA"))
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
