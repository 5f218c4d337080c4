"""`privyseal cert`: listing and fetching."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell
from tests.client.far_side import Answer, FarSide, aws_error

ARN = f"{ISSUING_ARN}/certificate/{0xABC:032x}"
ENTRY: dict[str, Any] = {
    "arn": ARN,
    "authority_arn": ISSUING_ARN,
    "serial": f"{0xABC:032x}",
    "subject": "CN=app",
    "template": "EndEntityCertificate/V1",
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2027-01-01T00:00:00Z",
    "issued_at": "2026-01-01T00:00:00Z",
    "revoked_at": None,
}


def test_list_follows_every_page(shell: Shell, far: FarSide) -> None:
    later = ENTRY | {"revoked_at": "2026-02-01T00:00:00Z"}
    far.say(Answer({"certificates": [ENTRY], "next": "t"}), Answer({"certificates": [later], "next": None}))
    outcome = shell("cert", "list", "--ca", ISSUING_ARN)
    assert (outcome.code, outcome.err) == (0, "")
    head, first, second = outcome.out.splitlines()
    assert head.split() == ["ARN", "NOT", "AFTER", "REVOKED", "SUBJECT"]
    assert first.split() == [ARN, "2027-01-01T00:00:00Z", "-", "CN=app"]
    assert second.split()[2] == "2026-02-01T00:00:00Z"
    assert all("authority=arn%3Aaws" in request.target for request in far.received)
    assert "after=t" in far.received[1].target


def test_list_for_programs_is_what_the_service_said(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"certificates": [ENTRY], "next": None}))
    said = json.loads(shell("cert", "list", "--ca", ISSUING_ARN, "--output", "json").out)
    assert said == {"certificates": [ENTRY]}


def test_list_goes_through_all_authorities_when_none_is_named(shell: Shell, far: FarSide) -> None:
    known = Answer({"CertificateAuthorities": [{"Arn": ROOT_ARN}, {"Arn": ISSUING_ARN}]})
    far.say(
        known, Answer({"certificates": [], "next": None}), Answer({"certificates": [ENTRY], "next": None})
    )
    assert json.loads(shell("cert", "list", "--output", "json").out) == {"certificates": [ENTRY]}
    assert [request.target for request in far.received[1:]] == [
        f"/api/v1/certificates?authority={quote(arn, safe='')}&limit=100" for arn in (ROOT_ARN, ISSUING_ARN)
    ]


def test_what_a_hostile_subject_contains_cannot_reach_the_terminal(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"certificates": [ENTRY | {"subject": "CN=a\x1b[2J\u202eb\n"}], "next": None}))
    outcome = shell("cert", "list", "--ca", ISSUING_ARN)
    assert outcome.out.endswith("CN=a\\u{1b}[2J\\u{202e}b\\u{a}\n")


def test_neither_can_what_a_hostile_service_says(shell: Shell, far: FarSide) -> None:
    far.say(aws_error("Odd\x1b[2J", "line\nline"))
    assert shell("cert", "get", ARN).err == "error: Odd\\u{1b}[2J: line\\u{a}line\n"


def test_an_empty_list_is_a_head_alone(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"certificates": [], "next": None}))
    assert len(shell("cert", "list", "--ca", ISSUING_ARN).out.splitlines()) == 1


def test_get_prints_the_certificate_and_its_chain(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"Certificate": "PEM", "CertificateChain": "CHAIN"}))
    assert shell("cert", "get", ARN).out == "PEM\nCHAIN\n"
    assert far.received[0].json == {"CertificateAuthorityArn": ISSUING_ARN, "CertificateArn": ARN}


def test_get_writes_a_private_file_and_over_nothing(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"Certificate": "PEM"}))
    assert shell("cert", "get", ARN, "--out", "c.pem").code == 0
    path = shell.directory / "c.pem"
    assert path.read_text() == "PEM\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert shell("cert", "get", ARN, "--out", "c.pem").code == 1
    assert len(far.received) == 1


@pytest.mark.parametrize("arn", ["x", ISSUING_ARN, f"{ARN}0"])
def test_what_is_no_certificate_arn_never_leaves_the_machine(shell: Shell, far: FarSide, arn: str) -> None:
    outcome = shell("cert", "get", arn)
    assert outcome.code == 1
    assert "is not the ARN of a certificate" in outcome.err
    assert far.received == []
