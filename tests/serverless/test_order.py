"""What a refused request is told first, what is recorded of it, and what becomes of its key."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.serverless.model import Issue
from privyseal.serverless.tls_certificate import CLAIM, Call
from privyseal.store import Tx
from privyseal.stores.repositories.serverless import SqlKeyClaims
from tests.ca.world import CALLER
from tests.serverless.world import ADMIN, Function, coded, csr
from tests.stores.journals import entries

REUSED = "Private key has already been used for a certificate"


def rejections(function: Function) -> list[dict[str, Any]]:
    return [
        each["detail"]
        for each in entries(function.world.store)
        if each["action"] == "serverless:RejectCertificate"
    ]


def test_a_known_csr_file_is_issued_already_whatever_else_is_wrong(function: Function) -> None:
    """A nightly run asks again for all that it has, and nobody is to get a notice of it."""
    function.folder.files["a.csr"] = csr("a.example.com")
    function(common_name="a.example.com", csr_file="a.csr")
    again = function(common_name="a.example.com", csr_file="a.csr", lifetime=0, extensions=[{}])
    assert again == {"error": "Certificate already issued"}
    assert rejections(function) == []


def test_a_used_key_comes_before_a_lifetime_that_is_too_short(function: Function) -> None:
    asked = coded(csr())
    function.ask(base64_csr_data=asked)
    assert function.ask(base64_csr_data=asked, lifetime=0) == {"error": REUSED}


def test_a_lifetime_that_is_too_short_comes_before_a_custom_extension(function: Function) -> None:
    assert function.ask(lifetime=0, extensions=[{}]) == {"error": "0 is too short"}


def test_a_rejection_is_recorded_with_all_that_its_notice_has(function: Function) -> None:
    pem = csr("other.example.com")
    function.ask(
        "a.example.com",
        base64_csr_data=coded(pem),
        lifetime="0",
        purposes=["server_auth", "smoke"],
        sans={"IP_ADDRESS": "10.0.0.1", "DNS_NAME": "no such"},
        organization="Example, Inc.",
        country="GB",
    )
    assert rejections(function) == [
        {
            "reason": "0 is too short",
            "csr_info": {
                "CommonName": "a.example.com",
                "Lifetime": 0,
                "Purposes": ["server_auth"],
                "SANs": [{"type": "IP_ADDRESS", "value": "10.0.0.1"}],
            },
            "csr": base64.b64encode(pem).decode(),
            "subject": "O=Example\\, Inc.,C=GB,CN=a.example.com",
        }
    ]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"common_name": 5, "lifetime": [], "purposes": {}, "sans": [[1]], "base64_csr_data": {}},
        {"common_name": "x" * 100_000, "base64_csr_data": "A" * 100_000, "sans": ["a.example"] * 999},
    ],
    ids=["nothing", "other types", "too long"],
)
def test_the_record_of_a_rejection_is_short_whatever_was_asked(
    function: Function, event: dict[str, Any]
) -> None:
    function(**event)
    (told,) = rejections(function)
    assert len(json.dumps(told)) < 20_000


def test_a_csr_that_comes_from_a_file_is_in_the_record(function: Function) -> None:
    pem = function.folder.files["a.csr"] = csr("a.example.com")
    function(common_name="a.example.com", csr_file="a.csr", lifetime=-1)
    assert [each["csr"] for each in rejections(function)] == [base64.b64encode(pem).decode()]


def test_a_missing_csr_file_gives_nobody_a_notice(function: Function) -> None:
    function(common_name="a.example.com", csr_file="no.csr")
    assert rejections(function) == []


def test_of_two_requests_for_one_key_the_second_is_asked_to_wait(function: Function) -> None:
    """Nobody knows yet whether the first gets a certificate; when it has none after a minute, it is dead."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = key_digest(key)
    until = function.world.clock.now() + CLAIM
    function.world.store.transact(lambda tx: SqlKeyClaims().claim(tx, digest, "another", until))
    asked = coded(csr(key=key))
    with pytest.raises(PrivySealError) as raised:
        function.ask(base64_csr_data=asked)
    assert raised.value.code is ErrorCode.THROTTLED
    function.world.clock.advance(CLAIM + timedelta(seconds=1))
    assert "CertificateInfo" in function.ask(base64_csr_data=asked)


def test_a_request_that_fails_leaves_its_key_free(function: Function) -> None:
    """Refused while it was issued; then asked for by another call."""
    key = ec.generate_private_key(ec.SECP256R1())
    asked = coded(csr(key=key))
    bad = function(Call(CALLER, id="1"), common_name="a", country="£€", base64_csr_data=asked)
    assert set(bad) == {"error"}
    assert "CertificateInfo" in function(Call(CALLER, id="2"), common_name="a", base64_csr_data=asked)


def test_a_call_that_comes_twice_leaves_its_key_free_for_who_may_force(function: Function) -> None:
    event = {"common_name": "a.example.com", "base64_csr_data": coded(csr())}
    assert function(Call(CALLER, id="1"), **event) == function(Call(CALLER, id="1"), **event)
    again = function(replace(ADMIN, id="2"), **event, force_issue=True)
    assert "CertificateInfo" in again


def test_every_certificate_of_the_contract_has_its_row(function: Function) -> None:
    names = ["a.example.com", "b.example.com", "a.example.com"]
    serials = {function.ask(name)["CertificateInfo"]["SerialNumber"] for name in names}
    rows = [
        each
        for name in set(names)
        for each in function.world.store.view(
            lambda tx, name=name: function.issues.named(tx, CALLER.account, name, None, 10)  # type: ignore[misc]
        )
    ]
    assert {str(each.serial) for each in rows} == serials


def test_certificates_of_a_common_name_come_in_pages(function: Function) -> None:
    """The newest first, each once, however many begin at one moment."""
    asked = [function.ask("a.example.com") for _ in range(5)]
    function.world.clock.advance(timedelta(days=1))
    asked += [function.ask("a.example.com") for _ in range(2)]
    found: list[Issue] = []
    while page := function.world.store.view(partial(_page, function, list(found))):
        assert len(page) <= 2
        found += page
    assert {str(each.serial) for each in found} == {each["CertificateInfo"]["SerialNumber"] for each in asked}
    assert len(found) == len(asked)
    assert [each.issued_at for each in found] == sorted((each.issued_at for each in found), reverse=True)


def _page(function: Function, before: Sequence[Issue], tx: Tx) -> Sequence[Issue]:
    last = (before[-1].issued_at, before[-1].serial) if before else None
    return function.issues.named(tx, CALLER.account, "a.example.com", last, 2)


def test_a_chain_has_every_authority_up_to_the_root(function: Function) -> None:
    world = function.world
    root = world.root(subject={"CommonName": "Tall root"})
    middle = world.subordinate(
        root, "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen1/V1", subject={"CommonName": "M"}
    )
    low = world.subordinate(middle, subject={"CommonName": "L"})
    function.terms = replace(function.terms, authority=low)
    answer = function.ask()
    chain = base64.b64decode(answer["Base64CaChain"]).decode()
    issuing = base64.b64decode(answer["Base64IssuingCaCertificate"]).decode()
    top = base64.b64decode(answer["Base64RootCaCertificate"]).decode()
    assert chain.count("BEGIN CERTIFICATE") == 3
    assert chain.startswith(issuing)
    assert chain.endswith(top)


def key_digest(key: ec.EllipticCurvePrivateKey) -> bytes:

    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()
