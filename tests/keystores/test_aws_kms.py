"""What only a store whose keys are in AWS KMS can promise."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from privyseal.ca.keys import KeyStores
from privyseal.ca.model import StoredKey
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.keystores.aws_kms import AwsKmsKeyStore
from privyseal.keystores.kms_keys import kms_key
from privyseal.keystores.software import SoftwareKeyStore
from privyseal.names import new_id
from privyseal.wrapping import Wrapper, new_kek
from privyseal.x509.algorithms import PrivateKey, signing_algorithm
from privyseal.x509.keys import public_key_der
from tests.keystores.kms_server import REGION, Kms, kms_server
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]

P256 = signing_algorithm("SHA256WITHECDSA")


@pytest.fixture(name="kms")
def kms_fixture(aws_environment: None) -> Iterator[Kms]:
    with kms_server() as made:
        yield made


@pytest.fixture(name="store")
def store_fixture(kms: Kms) -> AwsKmsKeyStore:
    return AwsKmsKeyStore(region=REGION, endpoint_url=kms.url)


def refused(code: ErrorCode, act: Any, *arguments: Any) -> str:
    with pytest.raises(PrivySealError) as refusal:
        act(*arguments)
    assert refusal.value.code is code
    return refusal.value.message


def test_only_digests_and_representatives_leave_for_kms(kms: Kms, store: AwsKmsKeyStore) -> None:
    for name, signing in (("EC_secp384r1", "SHA384WITHECDSA"), ("ML_DSA_65", "ML_DSA_65")):
        _, key = store.create(new_id(), name)
        signing_algorithm(signing).sign(key, b"x" * 100)
    assert kms.asked == [("DIGEST", "ECDSA_SHA_384"), ("EXTERNAL_MU", "ML_DSA_SHAKE_256")]


def test_a_new_key_names_its_authority(kms: Kms, store: AwsKmsKeyStore) -> None:
    key_id = new_id()
    stored, _ = store.create(key_id, "EC_prime256v1")
    ((arn, tags),) = kms.tags.items()
    assert stored == StoredKey(f"aws-kms:{key_id}:{arn}", None)
    assert tags == {"privyseal:authority": key_id}


@pytest.mark.parametrize("by", ["alias", "id", "arn"])
def test_a_key_that_is_there_is_taken_over_under_its_own_arn(
    kms: Kms, store: AwsKmsKeyStore, by: str
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    arn = kms.add(key, "alias/serverless-issuing-ca-dev")
    name = {"alias": "alias/serverless-issuing-ca-dev", "id": arn.rpartition("/")[2], "arn": arn}[by]
    key_id = new_id()
    stored, taken = store.adopt(key_id, name)
    assert stored.uri.endswith(arn)
    kms.aliases["alias/serverless-issuing-ca-dev"] = kms.add(ec.generate_private_key(ec.SECP256R1()))
    opened = store.open(key_id, stored)
    for each in (taken, opened):
        assert public_key_der(each.public_key()) == public_key_der(key.public_key())


def test_a_key_that_does_not_sign_is_not_taken_over(kms: Kms, store: AwsKmsKeyStore) -> None:
    arn = kms.add(ec.generate_private_key(ec.SECP256R1()), usage="KEY_AGREEMENT")
    assert "KEY_AGREEMENT" in refused(ErrorCode.INVALID_ARGUMENT, store.adopt, new_id(), arn)


def test_a_key_of_another_kind_is_not_taken_over(kms: Kms, store: AwsKmsKeyStore) -> None:
    arn = kms.add(ec.generate_private_key(ec.SECP256K1()))
    refused(ErrorCode.INVALID_ARGUMENT, store.adopt, new_id(), arn)
    spki = public_key_der(ed25519.Ed25519PrivateKey.generate().public_key())
    refused(ErrorCode.INVALID_ARGUMENT, kms_key, spki, lambda *_: b"")


def test_a_signature_over_something_else_is_never_given_out(kms: Kms, store: AwsKmsKeyStore) -> None:
    for name, signing in (
        ("EC_prime256v1", "SHA256WITHECDSA"),
        ("RSA_2048", "SHA256WITHRSA_PSS"),
        ("ML_DSA_44", "ML_DSA_44"),
    ):
        _, key = store.create(new_id(), name)
        kms.spoil = lambda signature: signature[:-1] + bytes([signature[-1] ^ 1])
        refused(ErrorCode.UNAVAILABLE, signing_algorithm(signing).sign, key, b"x")
        kms.spoil = bytes


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ("ThrottlingException", ErrorCode.THROTTLED),
        ("KMSInvalidStateException", ErrorCode.UNAVAILABLE),
        ("DisabledException", ErrorCode.UNAVAILABLE),
        ("AccessDeniedException", ErrorCode.UNAVAILABLE),
    ],
)
def test_what_kms_refuses_now_may_work_later(
    kms: Kms, store: AwsKmsKeyStore, refusal: str, code: ErrorCode
) -> None:
    _, key = store.create(new_id(), "EC_prime256v1")
    kms.refusal = refusal
    assert refusal in refused(code, P256.sign, key, b"x")


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ("AccessDeniedException", "need kms:Sign on the key"),
        ("DisabledException", "the key is disabled"),
        ("NotFoundException", "in this account and region"),
        ("KMSInternalException", "try again later"),
    ],
)
def test_what_time_does_not_mend_says_what_does(
    kms: Kms, store: AwsKmsKeyStore, refusal: str, remedy: str
) -> None:
    _, key = store.create(new_id(), "EC_prime256v1")
    kms.refusal = refusal
    assert remedy in refused(ErrorCode.UNAVAILABLE, P256.sign, key, b"x")


def test_a_kms_that_is_not_there_is_unavailable(aws_environment: None) -> None:
    store = AwsKmsKeyStore(region=REGION, endpoint_url="http://127.0.0.1:9")
    refused(ErrorCode.UNAVAILABLE, store.create, new_id(), "EC_prime256v1")


def test_the_key_never_leaves_kms(store: AwsKmsKeyStore) -> None:
    for name in ("EC_prime256v1", "RSA_2048", "ML_DSA_44"):
        key: Any = store.create(new_id(), name)[1]
        for act in (key.private_bytes, key.private_bytes_raw, key.private_numbers, key.decrypt, key.exchange):
            assert "never leaves" in refused(ErrorCode.INVALID_ARGUMENT, act)


def test_a_hash_that_kms_does_not_sign_is_refused(store: AwsKmsKeyStore) -> None:
    key: PrivateKey = store.create(new_id(), "EC_prime256v1")[1]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    refused(ErrorCode.INVALID_ARGUMENT, key.sign, b"x", ec.ECDSA(hashes.SHA1()))


def test_each_key_is_opened_by_the_store_that_its_uri_names(store: AwsKmsKeyStore) -> None:
    home = SoftwareKeyStore(Wrapper(new_kek()))
    both = KeyStores(home, {"aws-kms": lambda: store})
    for each in (home, store):
        key_id = new_id()
        stored, key = each.create(key_id, "EC_prime256v1")
        assert public_key_der(both.open(key_id, stored).public_key()) == public_key_der(key.public_key())
    assert both.create(new_id(), "EC_prime256v1")[0].scheme == "software"


def test_settings_that_cannot_be_used_leave_the_other_keys_alone() -> None:
    def broken() -> AwsKmsKeyStore:
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "no such profile")

    both = KeyStores(SoftwareKeyStore(Wrapper(new_kek())), {"aws-kms": broken})
    key_id = new_id()
    assert both.open(key_id, both.create(key_id, "EC_prime256v1")[0])
    refused(ErrorCode.UNAVAILABLE, both.open, key_id, StoredKey(f"aws-kms:{key_id}:arn", None))


def test_moto_makes_describes_and_shows_keys_and_its_wrong_signatures_are_noticed(empty_moto: str) -> None:
    """Moto signs the digest of a digest: what verifies with AWS does not with moto, and is refused."""
    store = AwsKmsKeyStore(region=REGION, endpoint_url=empty_moto)
    key_id = new_id()
    stored, key = store.create(key_id, "EC_prime256v1")
    assert public_key_der(store.open(key_id, stored).public_key()) == public_key_der(key.public_key())
    arn = stored.uri.removeprefix(f"aws-kms:{key_id}:")
    assert store.adopt(key_id, arn)[0] == stored
    assert "signature" in refused(ErrorCode.UNAVAILABLE, P256.sign, key, b"x")
