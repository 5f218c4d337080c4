"""The contract of `ca.ports.KeyStore`, for every key store of the table."""

import importlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509

from privyseal.ca.model import StoredKey
from privyseal.ca.ports import KeyStore
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.keystores import KEYSTORES
from privyseal.names import new_id, new_serial
from privyseal.wrapping import Wrapper, new_kek
from privyseal.x509 import build, prehash, profiles
from privyseal.x509.algorithms import (
    KEY_ALGORITHMS,
    SIGNING_ALGORITHMS,
    PrivateKey,
    SigningAlgorithm,
    default_signing_algorithm,
)
from privyseal.x509.csr import parse_pem
from privyseal.x509.keys import public_key_der
from privyseal.x509.requests import build_csr
from privyseal.x509.subject import name_from_asn1_subject
from tests.keystores.kms_server import REGION, Kms, kms_server
from tests.programs import program
from tests.registrars.moto import aws_environment_fixture

__all__ = ["aws_environment_fixture"]

KEK = new_kek()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBJECT = name_from_asn1_subject({"CommonName": "Test Root"})


@cache
def kms() -> Kms:
    """One for all tests here, like `made`, until they are over."""
    return CLOSING.enter_context(kms_server())


CLOSING = ExitStack()
# Scheme → a store of that kind; every row of the product's table has one here.
MAKERS: Mapping[str, Callable[[], KeyStore]] = {
    "software": lambda: _row("software")(Wrapper(KEK)),
    "aws-kms": lambda: _row("aws-kms")(region=REGION, endpoint_url=kms().url),
}
# What a store cannot sign with: AWS KMS has one hash for each curve.
UNABLE: Mapping[str, Callable[[str, SigningAlgorithm], bool]] = {
    "software": lambda _algorithm, _signing: False,
    "aws-kms": lambda algorithm, signing: (
        algorithm.startswith("EC_") and signing.name != default_signing_algorithm(algorithm)
    ),
}


@pytest.fixture(autouse=True, scope="module", name="closing")
def closing_fixture() -> Iterator[None]:
    yield
    CLOSING.close()


@pytest.fixture(autouse=True, name="credentials")
def credentials_fixture(aws_environment: None) -> None:
    """For who wants some."""


def _row(scheme: str) -> Callable[..., KeyStore]:
    module, _, name = KEYSTORES[scheme].partition(":")
    found: Callable[..., KeyStore] = getattr(importlib.import_module(module), name)
    return found


@cache
def made(scheme: str, algorithm: str) -> tuple[str, StoredKey, PrivateKey]:
    """One key of each kind: (id, what is stored, the key as it was made). RSA takes its time."""
    key_id = new_id()
    return key_id, *MAKERS[scheme]().create(key_id, algorithm)


def of_family(algorithm: str) -> list[SigningAlgorithm]:
    key = KEY_ALGORITHMS[algorithm]
    return [
        row
        for row in SIGNING_ALGORITHMS.values()
        if row.family == key.family and row.key_algorithm in {None, key.name}
    ]


def fitting(scheme: str, algorithm: str) -> list[SigningAlgorithm]:
    """Those of its family that the store can sign with; the key's own is always among them."""
    found = [row for row in of_family(algorithm) if not UNABLE[scheme](algorithm, row)]
    assert default_signing_algorithm(algorithm) in {row.name for row in found}
    return found


SCHEMES = pytest.mark.parametrize("scheme", KEYSTORES)
ALGORITHMS = pytest.mark.parametrize("algorithm", KEY_ALGORITHMS)


def test_every_key_store_is_tested_here() -> None:
    assert set(MAKERS) == set(KEYSTORES)


@SCHEMES
@ALGORITHMS
def test_a_key_opens_as_the_one_that_was_made(scheme: str, algorithm: str) -> None:
    key_id, stored, key = made(scheme, algorithm)
    for _ in range(2):
        opened = MAKERS[scheme]().open(key_id, stored)
        assert public_key_der(opened.public_key()) == public_key_der(key.public_key())
    assert stored.uri.startswith(f"{scheme}:")


@SCHEMES
@ALGORITHMS
def test_an_opened_key_signs_csrs_with_every_algorithm_of_its_family(scheme: str, algorithm: str) -> None:
    key_id, stored, _ = made(scheme, algorithm)
    key = MAKERS[scheme]().open(key_id, stored)
    for signing in fitting(scheme, algorithm):
        csr = x509.load_pem_x509_csr(build_csr(SUBJECT, key, signing).encode())
        assert csr.is_signature_valid


@SCHEMES
@ALGORITHMS
def test_an_opened_key_signs_certificates_with_every_algorithm_of_its_family(
    scheme: str, algorithm: str
) -> None:
    key_id, stored, _ = made(scheme, algorithm)
    key = MAKERS[scheme]().open(key_id, stored)
    for signing in fitting(scheme, algorithm):
        certificate = x509.load_der_x509_certificate(self_signed(key, signing))
        certificate.verify_directly_issued_by(certificate)


@SCHEMES
@pytest.mark.parametrize("algorithm", [name for name in KEY_ALGORITHMS if not name.startswith("ML_DSA")])
def test_openssl_accepts_what_an_opened_key_signs(scheme: str, algorithm: str) -> None:
    """Other software is asked, too; OpenSSL learned ML-DSA only in 3.5."""
    openssl = program("openssl")
    key_id, stored, _ = made(scheme, algorithm)
    key = MAKERS[scheme]().open(key_id, stored)
    for signing in fitting(scheme, algorithm):
        csr = build_csr(SUBJECT, key, signing).encode()
        judged = subprocess.run(
            [openssl, "req", "-verify", "-noout"], input=csr, capture_output=True, check=False
        )
        assert b"verify OK" in judged.stdout + judged.stderr, signing.name


def self_signed(key: PrivateKey, signing: SigningAlgorithm) -> bytes:
    csr = parse_pem(build_csr(SUBJECT, key, signing).encode())
    profile = profiles.PROFILES["RootCACertificate/V1"]
    tbs = build.build(
        profile,
        csr,
        build.self_issuer(csr),
        serial=new_serial(),
        not_before=NOW,
        not_after=NOW + timedelta(days=365),
    )
    return tbs.sign(key, signing)


@SCHEMES
@ALGORITHMS
def test_an_opened_key_signs_more_than_a_message_of_kms_may_have(scheme: str, algorithm: str) -> None:
    """CRLs are large: their hash is signed as it has come together, and of one entry as of a million."""
    key_id, stored, _ = made(scheme, algorithm)
    key = MAKERS[scheme]().open(key_id, stored)
    for signing in fitting(scheme, algorithm):
        whole = prehash.signing(key, signing)
        for _ in range(20):
            whole.update(b"x" * 1000)
        verify(key, signing, whole.sign(), b"x" * 20_000)
        verify(key, signing, signing.sign(key, b"x" * 20_000), b"x" * 20_000)


def verify(key: Any, signing: SigningAlgorithm, signature: bytes, data: bytes) -> None:
    public = key.public_key()
    if signing.family == "RSA":
        public.verify(signature, data, signing.scheme, signing.digest)
    elif signing.family == "ECDSA":
        public.verify(signature, data, signing.scheme)
    else:
        public.verify(signature, data)


@SCHEMES
@ALGORITHMS
def test_an_algorithm_that_the_store_cannot_sign_with_is_refused(scheme: str, algorithm: str) -> None:
    key_id, stored, _ = made(scheme, algorithm)
    key = MAKERS[scheme]().open(key_id, stored)
    for signing in of_family(algorithm):
        if UNABLE[scheme](algorithm, signing):
            with pytest.raises(PrivySealError) as refusal:
                signing.sign(key, b"x")
            assert refusal.value.code is ErrorCode.INVALID_ARGUMENT


@SCHEMES
def test_every_key_is_a_new_one(scheme: str) -> None:
    store = MAKERS[scheme]()
    keys = [store.create(new_id(), "EC_prime256v1")[1] for _ in range(20)]
    assert len({public_key_der(key.public_key()) for key in keys}) == 20


@SCHEMES
@pytest.mark.parametrize("algorithm", ["SM2", "RSA_1024", "EC_secp256k1", ""])
def test_an_algorithm_that_is_not_served_is_refused(scheme: str, algorithm: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        MAKERS[scheme]().create(new_id(), algorithm)
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT


def assert_does_not_open(store: KeyStore, key_id: str, stored: StoredKey) -> None:
    with pytest.raises(PrivySealError) as refusal:
        store.open(key_id, stored)
    assert refusal.value.code is ErrorCode.UNAVAILABLE


@SCHEMES
def test_a_key_of_another_store_or_authority_does_not_open(scheme: str) -> None:
    store = MAKERS[scheme]()
    one, other = new_id(), new_id()
    of_one, _ = store.create(one, "EC_prime256v1")
    of_other, _ = store.create(other, "EC_prime256v1")
    assert_does_not_open(store, one, of_other)
    assert_does_not_open(store, one, StoredKey(f"elsewhere:{one}", of_one.wrapped))
    if of_one.wrapped is not None:  # a row copied over another
        assert_does_not_open(store, other, StoredKey(of_other.uri, of_one.wrapped))


class TestSoftware:
    """What only a store that wraps its keys can promise."""

    def test_a_key_does_not_open_with_another_key_encryption_key(self) -> None:
        key_id, stored, _ = made("software", "EC_prime256v1")
        assert_does_not_open(_row("software")(Wrapper(new_kek())), key_id, stored)

    def test_a_row_without_its_wrapped_key_does_not_open(self) -> None:
        key_id, stored, _ = made("software", "EC_prime256v1")
        assert_does_not_open(MAKERS["software"](), key_id, StoredKey(stored.uri, None))

    @pytest.mark.parametrize("length", [0, 1, 12, 28, 29, 100])
    def test_a_damaged_key_does_not_open(self, length: int) -> None:
        key_id, stored, _ = made("software", "EC_prime256v1")
        assert stored.wrapped is not None
        assert_does_not_open(MAKERS["software"](), key_id, StoredKey(stored.uri, stored.wrapped[:length]))

    def test_what_is_stored_shows_not_even_the_public_key(self) -> None:
        _, stored, key = made("software", "EC_prime256v1")
        assert stored.wrapped is not None
        spki = public_key_der(key.public_key())
        assert spki[-65:] not in stored.wrapped  # PKCS#8 holds the public point too
