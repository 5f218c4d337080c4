"""Who has the say: the template, then the call, then the CSR; and what is ignored, in silence or aloud."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.boto import client
from tests.service import Service
from tests.templates import openssl_text, requests
from tests.templates.conftest import Scene
from tests.x509 import forge

BLANK = "BlankEndEntityCertificate_APIPassthrough"
BLANK_BOTH = "BlankEndEntityCertificate_APICSRPassthrough"
NAME_CONSTRAINTS = "2.5.29.30"
BELOW_EXAMPLE = forge.seq(forge.tlv(0xA0, forge.seq(forge.dns("example"))))


@pytest.mark.parametrize("template", [BLANK, BLANK_BOTH, "EndEntityCertificate_APIPassthrough"])
@pytest.mark.parametrize("passed", [None, {}, {"Extensions": {}}])
def test_subject_and_names_come_from_the_csr_where_the_call_has_none(
    scene: Scene, template: str, passed: dict[str, Any] | None
) -> None:
    more = {} if passed is None else {"ApiPassthrough": passed}
    pem = scene.issue(scene.root, requests.plain_csr(), template, **more)
    assert openssl_text.subject(pem) == "CN=csr.example"
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (False, "DNS:csr.example")


def test_the_call_can_give_one_and_leave_the_other(scene: Scene) -> None:
    """Each by itself: a subject with the CSR's names, names with the CSR's subject."""
    subject = {"Subject": {"CommonName": "api.example"}}
    pem = scene.issue(scene.root, requests.plain_csr(), BLANK, ApiPassthrough=subject)
    assert openssl_text.subject(pem) == "CN=api.example"
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (False, "DNS:csr.example")
    names = {"Extensions": {"SubjectAlternativeNames": [{"IpAddress": "192.0.2.7"}]}}
    pem = scene.issue(scene.root, requests.plain_csr(), BLANK, ApiPassthrough=names)
    assert openssl_text.subject(pem) == "CN=csr.example"
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (False, "IP Address:192.0.2.7")


def test_names_are_critical_exactly_where_there_is_no_subject(scene: Scene) -> None:
    """RFC 5280 §4.2.1.6, whatever the CSR or a custom extension says."""
    names = forge.request(forge.san(forge.dns("csr.example")))
    nameless = forge.armour(forge.csr(subject=forge.name(), attributes=[names]))
    pem = scene.issue(scene.root, nameless, BLANK)
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (True, "DNS:csr.example")
    loud = requests.custom("2.5.29.17", forge.seq(forge.dns("api.example")), Critical=True)
    named = {"Subject": {"CommonName": "api"}, "Extensions": {"CustomExtensions": [loud]}}
    pem = scene.issue(scene.root, nameless, BLANK, ApiPassthrough=named)
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (False, "DNS:api.example")


def test_a_custom_extension_says_whether_key_usage_is_critical(scene: Scene) -> None:
    """The way of AWS's own samples for devices; the named member is always critical."""
    quiet = requests.custom(requests.KEY_USAGE, b"\x03\x02\x07\x80")
    loud = requests.custom(requests.EXTENDED_KEY_USAGE, forge.seq(forge.oid("2.5.29.37.0")), Critical=True)
    pem = scene.issue(
        scene.root,
        requests.plain_csr(),
        "BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough",
        ApiPassthrough={"Extensions": {"CustomExtensions": [quiet, loud]}},
    )
    found = openssl_text.extensions(pem)
    assert found["Key Usage"] == (False, "Digital Signature")
    assert found["Extended Key Usage"] == (True, "Any Extended Key Usage")


# An ApiPassthrough that no template could use.
USELESS = {
    "Subject": {"CommonName": "api"},
    "Extensions": {"SubjectAlternativeNames": [{"DnsName": "api.example", "IpAddress": "192.0.2.1"}]},
}


@pytest.mark.parametrize("template", ["EndEntityCertificate", "BlankEndEntityCertificate_CSRPassthrough"])
def test_what_a_template_does_not_take_is_ignored_unread(scene: Scene, template: str) -> None:
    """As AWS documents it."""
    pem = scene.issue(scene.root, requests.plain_csr(), template, ApiPassthrough=USELESS)
    assert openssl_text.subject(pem) == "CN=csr.example"
    assert openssl_text.extensions(pem)["Subject Alternative Name"] == (False, "DNS:csr.example")


def test_what_is_ignored_is_logged_with_the_request(tmp_path: Path) -> None:
    """A line of its own, at the level `info`."""
    own = Service(tmp_path / "data", PRIVYSEAL_LOG_LEVEL="info").start()
    try:
        with client(own) as pca:
            answer = pca.issue_certificate(
                CertificateAuthorityArn=own.environment.issuing_ca_arn,
                Csr=requests.plain_csr(),
                SigningAlgorithm="SHA256WITHECDSA",
                Validity={"Type": "DAYS", "Value": 1},
                ApiPassthrough=USELESS,
            )
    finally:
        assert own.stop() == 0
    lines = [json.loads(line) for line in own.log.read_text().splitlines() if "passthrough" in line]
    assert [(line["event"], line["request_id"], line["template"]) for line in lines] == [
        (
            "api passthrough ignored",
            answer["ResponseMetadata"]["RequestId"],
            "EndEntityCertificate/V1",
        )
    ]


def test_name_constraints_reach_a_subordinate_through_the_call_and_through_the_csr(scene: Scene) -> None:
    """The use that most people have for passthrough: an authority for a part of the names."""
    passed = {
        "Extensions": {"CustomExtensions": [requests.custom(NAME_CONSTRAINTS, BELOW_EXAMPLE, Critical=True)]}
    }
    template = "SubordinateCACertificate_PathLen0_APIPassthrough"
    pem = scene.issue(scene.root, requests.plain_csr(), template, ApiPassthrough=passed)
    assert openssl_text.extensions(pem)["Name Constraints"] == (True, "Permitted: DNS:example")
    asked = forge.request(forge.extension(NAME_CONSTRAINTS, BELOW_EXAMPLE, critical=True))
    csr = forge.armour(forge.csr(subject=forge.cn("csr"), attributes=[asked]))
    pem = scene.issue(scene.root, csr, "SubordinateCACertificate_PathLen0_CSRPassthrough")
    assert openssl_text.extensions(pem)["Name Constraints"] == (True, "Permitted: DNS:example")


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a leaf that may sign certificates": (
        BLANK,
        {"KeyUsage": {"KeyCertSign": True}},
        "a CA may sign certificates, and nobody else may",
    ),
    "an authority that may not": (
        "BlankSubordinateCACertificate_PathLen0_APIPassthrough",
        {"KeyUsage": {"DigitalSignature": True}},
        "a CA may sign certificates, and nobody else may",
    ),
    "a leaf that constrains names": (
        BLANK,
        {"CustomExtensions": [requests.custom(NAME_CONSTRAINTS, BELOW_EXAMPLE)]},
        "only a CA has name constraints",
    ),
    "an extension that is not what its identifier says": (
        BLANK,
        {"CustomExtensions": [requests.custom("2.5.29.36", b"\x04\x01x")]},
        "every extension has the form that its identifier promises",
    ),
    "names that are none": (
        BLANK,
        {"CustomExtensions": [requests.custom("2.5.29.17", forge.seq())]},
        "the list of names is empty",
    ),
    "two names in one": (
        BLANK,
        {"SubjectAlternativeNames": [{"DnsName": "a.example", "Rfc822Name": "a@b.example"}]},
        "not exactly one of",
    ),
    "a purpose named twice over": (
        BLANK,
        {
            "ExtendedKeyUsage": [
                {"ExtendedKeyUsageType": "SERVER_AUTH", "ExtendedKeyUsageObjectIdentifier": "1.2.3"}
            ]
        },
        "not exactly one of",
    ),
    "an extension given twice": (
        BLANK,
        {"CustomExtensions": [requests.custom("1.2.3.4", b"\x05\x00")] * 2},
        "the extension 1.2.3.4 is named twice",
    ),
    "a custom extension that is not DER": (
        BLANK,
        {"CustomExtensions": [requests.custom("1.2.3.4", b"\x05")]},
        "cannot be read as DER",
    ),
}


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor"])
@pytest.mark.parametrize("what", REFUSED)
def test_what_no_certificate_may_say_is_refused(scene: Scene, what: str, protocol: str) -> None:
    """InvalidArgsException with the reason, in either protocol."""
    template, extensions, reason = REFUSED[what]
    with client(scene.service, protocol=protocol) as pca, pytest.raises(ClientError) as raised:
        pca.issue_certificate(
            CertificateAuthorityArn=scene.root,
            Csr=requests.plain_csr(),
            SigningAlgorithm="SHA256WITHECDSA",
            TemplateArn=f"arn:aws:acm-pca:::template/{template}/V1",
            Validity={"Type": "DAYS", "Value": 1},
            ApiPassthrough={"Extensions": extensions},
        )
    error = raised.value.response["Error"]
    assert error["Code"] == "InvalidArgsException"
    assert reason in error["Message"]


def test_a_root_takes_no_authority_key_identifier_of_another_key(scene: Scene) -> None:
    """It may have one from the call, as AWS's samples for Matter do; then it is its own."""
    passed = {
        "Extensions": {
            "CustomExtensions": [requests.custom(requests.AUTHORITY_KEY_ID, requests.FOREIGN_AUTHORITY)]
        }
    }
    with pytest.raises(scene.pca.exceptions.InvalidArgsException, match="names the root's own key"):
        scene.issue(
            scene.pending,
            scene.csr_of(scene.pending),
            "RootCACertificate_APIPassthrough",
            ApiPassthrough=passed,
        )


def test_the_same_token_with_another_passthrough_is_another_request(scene: Scene) -> None:
    csr = requests.plain_csr()

    def asked(name: str) -> str:
        passed = {"Subject": {"CommonName": name}}
        return scene.issue(scene.root, csr, BLANK, ApiPassthrough=passed, IdempotencyToken="templates-1")

    assert asked("one") == asked("one")
    with pytest.raises(scene.pca.exceptions.InvalidArgsException, match="idempotency token"):
        asked("two")
