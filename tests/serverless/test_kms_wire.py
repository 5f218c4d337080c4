"""The calls that serverless-ca's scripts make to KMS, with boto3; keys are judged by `cryptography`."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from tests.e2e.boto import client
from tests.service import Service

MAKER = "alias/serverless-tls-keygen-dev"


@pytest.fixture(name="kms")
def kms_fixture(service: Service) -> Iterator[Any]:
    with client(service, "kms") as found:
        yield found


def code(raised: Any) -> str:
    return str(raised.value.response["Error"]["Code"])


def test_the_scripts_find_a_key_as_they_look_for_it(kms: Any) -> None:
    """By the first page of all aliases, a part of a name, and DescribeKey of what they found."""
    aliases = kms.list_aliases(Limit=100)["Aliases"]
    (found,) = [
        each
        for each in aliases
        if each["AliasName"].startswith("alias/serverless-") and "tls-keygen" in each["AliasName"]
    ]
    described = kms.describe_key(KeyId=found["AliasName"])["KeyMetadata"]
    assert described["KeyId"] == found["TargetKeyId"]
    assert (described["KeySpec"], described["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")


def test_the_authorities_keys_are_there_under_their_slugs(service: Service, kms: Any) -> None:
    for alias, arn in (
        ("alias/serverless-issuing-ca-dev", service.environment.issuing_ca_arn),
        ("alias/serverless-root-ca-dev", service.environment.root_ca_arn),
    ):
        described = kms.describe_key(KeyId=alias)["KeyMetadata"]
        assert str(arn).endswith(f"/{described['KeyId']}")
        assert (described["KeySpec"], described["SigningAlgorithms"]) == ("ECC_NIST_P256", ["ECDSA_SHA_256"])


def test_aliases_come_in_pages_and_of_one_key(kms: Any) -> None:
    everything = kms.list_aliases()["Aliases"]
    pages = list(kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 1}))
    assert [page["Aliases"] for page in pages] == [[each] for each in everything]
    key = everything[1]["TargetKeyId"]
    assert kms.list_aliases(KeyId=key)["Aliases"] == [everything[1]]


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ("ECC_NIST_P256", 256),
        ("ECC_NIST_P384", 384),
        ("ECC_NIST_P521", 521),
        ("RSA_2048", 2048),
        ("RSA_3072", 3072),
        ("RSA_4096", 4096),
    ],
)
def test_a_key_pair_of_each_spec_is_one(kms: Any, spec: str, size: int) -> None:
    made = kms.generate_data_key_pair(KeyId=MAKER, KeyPairSpec=spec, EncryptionContext={"for": "tests"})
    key = load_der_private_key(made["PrivateKeyPlaintext"], None)
    assert isinstance(key, rsa.RSAPrivateKey if spec.startswith("RSA") else ec.EllipticCurvePrivateKey)
    assert key.key_size == size
    assert key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == made["PublicKey"]
    assert made["KeyPairSpec"] == spec
    assert made["KeyId"] == kms.describe_key(KeyId=MAKER)["KeyMetadata"]["Arn"]
    wrapped = made["PrivateKeyCiphertextBlob"]
    assert made["PrivateKeyPlaintext"][-16:] not in wrapped
    opened = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={"for": "tests"})
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]


def test_no_two_key_pairs_are_the_same(kms: Any) -> None:
    pairs = [kms.generate_data_key_pair(KeyId=MAKER, KeyPairSpec="ECC_NIST_P256") for _ in range(3)]
    assert len({each["PublicKey"] for each in pairs}) == 3


def test_a_wrapped_key_opens_for_its_own_context_only(kms: Any) -> None:
    blob = kms.generate_data_key_pair(KeyId=MAKER, KeyPairSpec="ECC_NIST_P256")["PrivateKeyCiphertextBlob"]
    for ciphertext, context in ((blob, {"a": "b"}), (blob[:-1] + bytes([blob[-1] ^ 1]), {}), (b"x", {})):
        with pytest.raises(ClientError) as raised:
            kms.decrypt(CiphertextBlob=ciphertext, EncryptionContext=context)
        assert code(raised) == "InvalidCiphertextException"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"KeyId": "alias/no-such", "KeyPairSpec": "RSA_2048"}, "NotFoundException"),
        ({"KeyId": "no-such", "KeyPairSpec": "RSA_2048"}, "NotFoundException"),
        ({"KeyId": "alias/serverless-root-ca-dev", "KeyPairSpec": "RSA_2048"}, "InvalidKeyUsageException"),
        ({"KeyId": MAKER, "KeyPairSpec": "SM2"}, "UnsupportedOperationException"),
        ({"KeyId": MAKER, "KeyPairSpec": ""}, "ValidationException"),
    ],
)
def test_a_key_pair_that_cannot_be_is_refused_as_kms_does(
    kms: Any, asked: dict[str, str], error: str
) -> None:
    with pytest.raises(ClientError) as raised:
        kms.generate_data_key_pair(**asked)
    assert code(raised) == error


def test_other_operations_of_kms_are_not_there(kms: Any) -> None:
    with pytest.raises(ClientError) as raised:
        kms.list_keys()
    assert code(raised) == "UnknownOperationException"
