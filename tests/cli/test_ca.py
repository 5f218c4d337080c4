"""`privyseal ca`: the ceremony behind one command, and how authorities are shown."""

import json
from typing import Any

import pytest

from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell
from tests.client.far_side import Answer, FarSide, aws_error

AUTHORITY: dict[str, Any] = {
    "Arn": ISSUING_ARN,
    "Type": "SUBORDINATE",
    "Status": "ACTIVE",
    "NotBefore": 1767322800.0,
    "NotAfter": 1798858800.5,
    "Serial": "4096",
    "CertificateAuthorityConfiguration": {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Subject": {"CommonName": "Team CA", "Country": "DE", "Title": "x"},
    },
}
PENDING = {name: AUTHORITY[name] for name in ("Arn", "Type", "CertificateAuthorityConfiguration")} | {
    "Status": "PENDING_CERTIFICATE"
}


@pytest.fixture(name="service")
def service_fixture(far: FarSide) -> FarSide:
    far.say_by_operation(
        CreateCertificateAuthority=Answer({"CertificateAuthorityArn": ISSUING_ARN}),
        GetCertificateAuthorityCsr=Answer({"Csr": "CSR"}),
        DescribeCertificateAuthority=Answer({"CertificateAuthority": AUTHORITY}),
        IssueCertificate=Answer({"CertificateArn": "arn"}),
        GetCertificate=Answer({"Certificate": "PEM", "CertificateChain": "CHAIN"}),
        ImportCertificateAuthorityCertificate=Answer(),
        GetCertificateAuthorityCertificate=Answer({"Certificate": "PEM", "CertificateChain": "CHAIN"}),
    )
    return far


def asked(far: FarSide, operation: str) -> Any:
    return next(request.json for request in far.received if request.operation == operation)


def test_create_carries_every_option_to_the_service(shell: Shell, service: FarSide) -> None:
    subject = (
        "--name",
        "Team CA",
        "--organization",
        "Acme",
        "--organizational-unit",
        "Web",
        "--country",
        "DE",
    )
    place = ("--state", "Berlin", "--locality", "Mitte")
    rest = ("--parent", ROOT_ARN, "--key-algorithm", "EC_384", "--years", "1", "--path-length", "1")
    outcome = shell("ca", "create", *subject, *place, *rest, "--output", "json")
    assert (outcome.code, outcome.err) == (0, "")
    assert asked(service, "CreateCertificateAuthority") == {
        "CertificateAuthorityType": "SUBORDINATE",
        "CertificateAuthorityConfiguration": {
            "KeyAlgorithm": "EC_secp384r1",
            "SigningAlgorithm": "SHA384WITHECDSA",
            "Subject": {
                "CommonName": "Team CA",
                "Organization": "Acme",
                "OrganizationalUnit": "Web",
                "Country": "DE",
                "State": "Berlin",
                "Locality": "Mitte",
            },
        },
    }
    issue = asked(service, "IssueCertificate")
    assert issue["CertificateAuthorityArn"] == ROOT_ARN
    assert issue["TemplateArn"].endswith("template/SubordinateCACertificate_PathLen1/V1")
    said = json.loads(outcome.out)
    assert (said["arn"], said["certificate"], said["chain"]) == (ISSUING_ARN, "PEM", "CHAIN")


def test_create_without_options_makes_a_root(shell: Shell, service: FarSide) -> None:
    outcome = shell("ca", "create")
    assert outcome.code == 0
    created = asked(service, "CreateCertificateAuthority")
    assert created["CertificateAuthorityType"] == "ROOT"
    assert created["CertificateAuthorityConfiguration"]["Subject"] == {"CommonName": "Privy Seal Root CA"}
    assert ISSUING_ARN in outcome.out


def test_a_ceremony_that_stops_half_way_names_the_authority(shell: Shell, service: FarSide) -> None:
    whole = service.answer
    failure = aws_error("LimitExceededException", "too many certificates")
    service.answer = lambda request: failure if request.operation == "IssueCertificate" else whole(request)
    outcome = shell("ca", "create")
    assert outcome.code == 1
    assert ISSUING_ARN in outcome.err
    assert "too many certificates" in outcome.err


def test_a_root_takes_no_path_length(shell: Shell, service: FarSide) -> None:
    assert shell("ca", "create", "--path-length", "1").code == 2
    assert service.received == []


def test_list_follows_every_page(shell: Shell, far: FarSide) -> None:
    far.say(
        Answer({"CertificateAuthorities": [AUTHORITY], "NextToken": "more"}),
        Answer({"CertificateAuthorities": [PENDING]}),
    )
    said = json.loads(shell("ca", "list", "--output", "json").out)["authorities"]
    assert [entry["status"] for entry in said] == ["ACTIVE", "PENDING_CERTIFICATE"]
    assert said[0]["not_after"] == "2027-01-02T03:00:00Z"
    assert said[0]["subject"] == "C=DE, CN=Team CA, Title=x"
    assert said[1]["not_after"] is None
    assert [request.json.get("NextToken") for request in far.received] == [None, "more"]


def test_list_is_a_table(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"CertificateAuthorities": [AUTHORITY, PENDING]}))
    head, first, second = shell("ca", "list").out.splitlines()
    assert head.split() == ["ARN", "TYPE", "STATUS", "NOT", "AFTER", "SUBJECT"]
    assert first.index("ACTIVE") == second.index("PENDING_CERTIFICATE") == head.index("STATUS")


def test_show_prints_pem_that_openssl_can_take_from_it(shell: Shell, service: FarSide) -> None:
    assert service
    outcome = shell("ca", "show", ISSUING_ARN)
    assert outcome.code == 0
    assert outcome.out.endswith("\n\nPEM\n\nCHAIN\n")
    assert "C=DE, CN=Team CA, Title=x" in outcome.out


def test_show_of_an_authority_without_a_certificate_is_no_failure(shell: Shell, far: FarSide) -> None:
    far.say_by_operation(
        DescribeCertificateAuthority=Answer({"CertificateAuthority": PENDING}),
        GetCertificateAuthorityCertificate=aws_error("InvalidStateException"),
    )
    outcome = shell("ca", "show", ISSUING_ARN, "--output", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["certificate"] is None
