"""Authorities are made: a key, a CSR, a row, and nothing of it when something is wrong."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from privyseal.ca import limits
from privyseal.ca.creation import CreateRequest
from privyseal.ca.model import SHORT_LIVED_CERTIFICATE, SUBORDINATE, Tag
from privyseal.ca.states import Status
from privyseal.errors import ErrorCode
from privyseal.names import AuthorityArn
from privyseal.store import Tx
from tests.ca.world import ACCOUNT, CALLER, NOW, REGION, STRANGER, Refused, World, create_request
from tests.stores import journals


def csr_of(world: World, arn: str) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(world.csr_of(arn))


def count(world: World) -> int:
    return world.store.view(lambda tx: world.rows.authorities.count(tx, ACCOUNT, REGION))


def test_a_new_authority_waits_for_its_certificate(world: World) -> None:
    arn = world.create()
    authority, status = world.ca.authorities.describe(CALLER, arn)
    assert AuthorityArn.parse(arn) == authority.arn
    assert (authority.arn.region, authority.arn.account) == (REGION, ACCOUNT)
    assert status is Status.PENDING_CERTIFICATE
    assert (authority.created_at, authority.changed_at, authority.version) == (NOW, NOW, 1)
    assert (authority.certificate, authority.serial, authority.not_after) == (None, None, None)
    assert authority.revocation == {
        "CrlConfiguration": {"Enabled": False},
        "OcspConfiguration": {"Enabled": False},
    }


def test_its_csr_has_its_key_and_subject_and_proves_possession(world: World) -> None:
    subject = {"CommonName": "Zürich Root CA", "Organization": "Example", "Country": "CH"}
    arn = world.create(subject=subject)
    csr = csr_of(world, arn)
    assert csr.is_signature_valid
    assert set(csr.subject.rfc4514_string().split(",")) == {"CN=Zürich Root CA", "O=Example", "C=CH"}
    key = world.keys.made[AuthorityArn.parse(arn).id]
    assert csr.public_key() == key.public_key()


def test_its_csr_asks_for_the_extensions_of_the_request(world: World) -> None:
    """CsrExtensions of the service model: a parent elsewhere reads them from the CSR."""
    asked = {"KeyUsage": {"KeyCertSign": True, "CRLSign": True, "DigitalSignature": False}}
    usage = csr_of(world, world.create(csr_extensions=asked)).extensions.get_extension_for_class(
        x509.KeyUsage
    )
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (
        True,
        True,
        False,
    )
    assert not csr_of(world, world.create()).extensions


def test_creating_is_recorded(world: World) -> None:
    arn = world.create(SUBORDINATE, tags=[Tag("k", "v")])
    (recorded,) = journals.entries(world.store)
    assert recorded["action"] == "acm-pca:CreateCertificateAuthority"
    assert (recorded["resource"], recorded["principal"]) == (arn, CALLER.principal)
    assert recorded["detail"] == {"type": "SUBORDINATE", "key_algorithm": "EC_prime256v1"}
    assert world.ca.tags.list(CALLER, arn) == [Tag("k", "v")]


WRONG: Mapping[str, tuple[ErrorCode, Mapping[str, Any]]] = {
    "a signing algorithm of another family": (
        ErrorCode.INVALID_ARGUMENT,
        {"signing_algorithm": "SHA256WITHRSA"},
    ),
    "an unknown key algorithm": (ErrorCode.INVALID_ARGUMENT, {"key_algorithm": "RSA_1024"}),
    "SM2, which is not available": (
        ErrorCode.INVALID_ARGUMENT,
        {"key_algorithm": "SM2", "signing_algorithm": "SM3WITHSM2"},
    ),
    "ML-DSA of another size": (
        ErrorCode.INVALID_ARGUMENT,
        {"key_algorithm": "ML_DSA_44", "signing_algorithm": "ML_DSA_65"},
    ),
    "an empty subject": (ErrorCode.INVALID_ARGUMENT, {"subject": {}}),
    "a subject of both kinds": (
        ErrorCode.INVALID_ARGUMENT,
        {"subject": {"CommonName": "x", "CustomAttributes": [{"ObjectIdentifier": "2.5.4.3", "Value": "x"}]}},
    ),
    "a control character in the subject": (ErrorCode.INVALID_ARGUMENT, {"subject": {"CommonName": "a\0b"}}),
    "a disabled CRL with members": (
        ErrorCode.INVALID_ARGUMENT,
        {"revocation": {"CrlConfiguration": {"Enabled": False, "S3BucketName": "bucket"}}},
    ),
    "an extension with two kinds of location": (
        ErrorCode.INVALID_ARGUMENT,
        {
            "csr_extensions": {
                "SubjectInformationAccess": [
                    {
                        "AccessMethod": {"AccessMethodType": "CA_REPOSITORY"},
                        "AccessLocation": {"DnsName": "a.example", "IpAddress": "10.0.0.1"},
                    }
                ]
            }
        },
    ),
    "a reserved tag": (ErrorCode.INVALID_TAG, {"tags": [Tag("aws:x", None)]}),
    "a tag twice": (ErrorCode.INVALID_TAG, {"tags": [Tag("k", "1"), Tag("k", "2")]}),
}


@pytest.mark.parametrize(("code", "changes"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_makes_no_key_and_no_authority(
    world: World, refused: Refused, code: ErrorCode, changes: Mapping[str, Any]
) -> None:
    refused(code, world.ca.creation.create, create_request(**changes))
    assert count(world) == 0
    assert world.keys.made == {}
    assert journals.rows(world.store) == []


def test_a_lost_commit_leaves_nothing_and_can_be_tried_again(world: World, refused: Refused) -> None:
    world.store.commits_to_lose = 1
    request = create_request(token="t", tags=[Tag("k", "v")])
    refused(ErrorCode.UNAVAILABLE, world.ca.creation.create, request)
    assert (count(world), journals.rows(world.store)) == (0, [])
    assert world.ca.creation.create(request)
    assert count(world) == 1


def test_the_quota_is_two_hundred_for_an_account_in_a_region(world: World, refused: Refused) -> None:
    first = world.row(world.create())

    def fill(tx: Tx) -> None:
        for n in range(limits.MAX_AUTHORITIES - 1):
            arn = AuthorityArn(REGION, ACCOUNT, f"00000000-0000-0000-0000-{n:012}")
            world.rows.authorities.insert(tx, replace(first, arn=arn))

    world.store.transact(fill)
    assert count(world) == limits.MAX_AUTHORITIES == 200
    refused(ErrorCode.LIMIT_EXCEEDED, world.ca.creation.create, create_request())
    world.ca.creation.create(create_request(region="us-east-1"))
    world.ca.creation.create(create_request(caller=STRANGER))
    world.ca.authorities.delete(CALLER, str(first.arn), 7)
    refused(ErrorCode.LIMIT_EXCEEDED, world.ca.creation.create, create_request())  # it could be restored
    world.clock.advance(timedelta(days=7))
    world.ca.creation.create(create_request())


@pytest.mark.parametrize(("seconds", "same"), [(0, True), (299, True), (300, False), (301, False)])
def test_a_token_counts_for_five_minutes(world: World, seconds: int, same: bool) -> None:
    request = create_request(token="t")
    first = world.ca.creation.create(request)
    world.clock.advance(timedelta(seconds=seconds))
    second = world.ca.creation.create(request)
    assert (first == second) is same
    assert count(world) == (1 if same else 2)
    assert world.ca.creation.create(request) == second


OTHER: Mapping[str, Mapping[str, Any]] = {
    "type": {"type": SUBORDINATE},
    "key": {"key_algorithm": "EC_secp384r1"},
    "signing algorithm": {"signing_algorithm": "SHA384WITHECDSA"},
    "subject": {"subject": {"CommonName": "other"}},
    "extensions": {"csr_extensions": {"KeyUsage": {"CRLSign": True}}},
    "tags": {"tags": [Tag("k", "v")]},
    "mode": {"usage_mode": SHORT_LIVED_CERTIFICATE},
    "key standard": {"key_standard": "FIPS_140_2_LEVEL_2_OR_HIGHER"},
}


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER.keys())
def test_a_token_with_other_parameters_is_refused(
    world: World, refused: Refused, changes: Mapping[str, Any]
) -> None:
    world.create(token="t")
    request = create_request(token="t", **changes)
    refused(ErrorCode.INVALID_ARGUMENT, world.ca.creation.create, request)
    assert count(world) == 1
    world.clock.advance(timedelta(seconds=300))
    assert world.ca.creation.create(request)


def test_a_token_belongs_to_its_account_and_region(world: World) -> None:
    requests = [
        create_request(token="t"),
        create_request(token="t", caller=STRANGER),
        create_request(token="t", region="us-east-1"),
        create_request(token="T"),
        create_request(),
        create_request(),
    ]
    assert len({world.ca.creation.create(each) for each in requests}) == len(requests)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.text(max_size=5), st.none() | st.text(max_size=5)), max_size=4, unique_by=lambda t: t[0]
    )
)
def test_the_order_of_tags_does_not_make_another_request(pairs: list[tuple[str, str | None]]) -> None:
    tags = [Tag(*pair) for pair in pairs]
    assert create_request(tags=tags).digest() == create_request(tags=tags[::-1]).digest()


def test_processes_that_create_with_one_token_at_once_make_one_authority(
    processes: Callable[[int], list[World]],
) -> None:
    """Thirty-two calls in two processes: one ARN, one row, and the other keys are dropped."""
    worlds = processes(2)
    request = create_request(token="t")

    def create(n: int) -> AuthorityArn:
        return worlds[n % 2].ca.creation.create(request)

    with ThreadPoolExecutor(16) as threads:
        arns = set(threads.map(create, range(32)))
    assert len(arns) == 1
    assert count(worlds[0]) == 1
    assert len(journals.entries(worlds[0].store)) == 1
    assert csr_of(worlds[1], str(arns.pop())).is_signature_valid


def test_a_request_says_nothing_of_its_caller_in_its_digest() -> None:
    one: CreateRequest = create_request()
    assert one.digest() == create_request(caller=STRANGER, token="t", region="us-east-1").digest()
