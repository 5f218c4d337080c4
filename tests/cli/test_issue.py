"""`privyseal csr` and `privyseal issue`: which files come out, and what is left when it fails."""

import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.cli.authority import CERTIFICATE_ARN, Authority
from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell
from tests.client.far_side import FarSide, aws_error


@pytest.fixture(name="authority")
def authority_fixture(far: FarSide) -> Authority:
    far.answer = authority = Authority()
    return authority


def certificates(path: Path) -> list[str]:
    return [c.subject.rfc4514_string() for c in x509.load_pem_x509_certificates(path.read_bytes())]


def test_csr_writes_a_key_and_a_request_that_belong_together(shell: Shell) -> None:
    outcome = shell("csr", "--cn", "app.internal", "--dns", "app.internal", "--dns", "www.app.internal")
    assert (outcome.code, outcome.err) == (0, "")
    assert shell.files() == ["app.internal.csr.pem", "app.internal.key.pem"]
    csr = x509.load_pem_x509_csr((shell.directory / "app.internal.csr.pem").read_bytes())
    key = serialization.load_pem_private_key((shell.directory / "app.internal.key.pem").read_bytes(), None)
    assert csr.public_key() == key.public_key()
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["app.internal", "www.app.internal"]


@pytest.mark.parametrize(("name", "size"), [("EC_384", 384), ("ec_prime256v1", 256), ("RSA_2048", 2048)])
def test_csr_takes_short_and_long_names_of_key_algorithms(shell: Shell, name: str, size: int) -> None:
    assert shell("csr", "--cn", "x", "--key-algorithm", name).code == 0
    key = serialization.load_pem_private_key((shell.directory / "x.key.pem").read_bytes(), None)
    assert getattr(key, "key_size", None) == size


def test_csr_refuses_an_unknown_key_algorithm_and_names_the_known(shell: Shell) -> None:
    outcome = shell("csr", "--cn", "x", "--key-algorithm", "DSA")
    assert outcome.code == 2
    assert "EC_secp384r1" in outcome.err


def test_csr_writes_where_it_is_told_and_over_nothing(shell: Shell) -> None:
    arguments = ("csr", "--cn", "x", "--out-key", "a", "--out-csr", "b")
    assert shell(*arguments).code == 0
    key = (shell.directory / "a").read_bytes()
    outcome = shell(*arguments)
    assert outcome.code == 1
    assert "a exists" in outcome.err
    assert (shell.directory / "a").read_bytes() == key
    assert shell(*arguments, "--force").code == 0
    assert (shell.directory / "a").read_bytes() != key


def test_issue_makes_everything_a_server_needs(shell: Shell, authority: Authority) -> None:
    outcome = shell("issue", "--cn", "app.internal", "--dns", "app.internal", "--days", "90")
    assert (outcome.code, outcome.err) == (0, "")
    assert shell.files() == [f"app.internal.{kind}.pem" for kind in ("cert", "chain", "fullchain", "key")]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in shell.directory.iterdir())
    stem = shell.directory / "app.internal"
    assert certificates(stem.with_suffix(".internal.cert.pem")) == ["CN=app.internal"]
    assert certificates(stem.with_suffix(".internal.chain.pem")) == ["CN=Issuing", "CN=Root"]
    assert certificates(stem.with_suffix(".internal.fullchain.pem")) == ["CN=app.internal", "CN=Issuing"]
    certificate = x509.load_pem_x509_certificate(stem.with_suffix(".internal.cert.pem").read_bytes())
    key = serialization.load_pem_private_key(stem.with_suffix(".internal.key.pem").read_bytes(), None)
    assert key.public_key() == certificate.public_key()
    assert authority.asked["CertificateAuthorityArn"] == ISSUING_ARN
    assert authority.asked["Validity"] == {"Type": "DAYS", "Value": 90}
    assert authority.asked["TemplateArn"] == "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
    assert CERTIFICATE_ARN in outcome.out


def test_issue_takes_a_csr_and_makes_no_key(shell: Shell, authority: Authority) -> None:
    shell("csr", "--cn", "x", "--out-csr", "server.csr", "--out-key", "key")
    outcome = shell("issue", "--csr", "server.csr", "--ca", ROOT_ARN, "--output", "json")
    assert outcome.code == 0
    said = json.loads(outcome.out)
    assert said["certificate_arn"] == CERTIFICATE_ARN
    assert said["files"] == {kind: f"server.{kind}.pem" for kind in ("cert", "chain", "fullchain")}
    assert certificates(shell.directory / said["files"]["cert"]) == ["CN=x"]
    assert authority.asked["CertificateAuthorityArn"] == ROOT_ARN


@pytest.mark.parametrize(
    ("template", "arn"),
    [
        ("EndEntityServerAuthCertificate/V1", "arn:aws:acm-pca:::template/EndEntityServerAuthCertificate/V1"),
        ("EndEntityServerAuthCertificate", "arn:aws:acm-pca:::template/EndEntityServerAuthCertificate/V1"),
        ("arn:aws:acm-pca:::template/Other/V1", "arn:aws:acm-pca:::template/Other/V1"),
    ],
)
def test_issue_names_templates_short_or_whole(
    shell: Shell, authority: Authority, template: str, arn: str
) -> None:
    assert shell("issue", "--cn", "x", "--template", template).code == 0
    assert authority.asked["TemplateArn"] == arn


def test_issue_writes_below_a_directory_or_with_a_prefix(shell: Shell, authority: Authority) -> None:
    assert authority
    (shell.directory / "tls").mkdir()
    assert shell("issue", "--cn", "x", "--out", "tls").code == 0
    assert shell("issue", "--cn", "x", "--out", "tls/web").code == 0
    assert {path.name for path in (shell.directory / "tls").glob("*.key.pem")} == {"x.key.pem", "web.key.pem"}


def test_issue_asks_for_nothing_while_a_file_is_in_the_way(
    shell: Shell, authority: Authority, far: FarSide
) -> None:
    (shell.directory / "x.fullchain.pem").write_text("precious")
    outcome = shell("issue", "--cn", "x")
    assert outcome.code == 1
    assert "x.fullchain.pem exists" in outcome.err
    assert far.received == []
    assert authority.asked == {}
    assert shell("issue", "--cn", "x", "--force").code == 0


def test_a_refused_request_leaves_no_file(shell: Shell, far: FarSide) -> None:
    far.say(aws_error("InvalidStateException", "not in a valid state for issuing certificates"))
    assert shell("issue", "--cn", "x").code == 1
    assert shell.files() == []


def test_a_certificate_that_cannot_be_fetched_leaves_its_key(
    shell: Shell, authority: Authority, far: FarSide
) -> None:
    """It was issued: without the key it would be worth nothing. The message says how to fetch it."""
    failure = aws_error("AccessDeniedException", "no GetCertificate for you")
    far.answer = lambda request: failure if request.operation == "GetCertificate" else authority(request)
    outcome = shell("issue", "--cn", "x")
    assert outcome.code == 1
    assert shell.files() == ["x.key.pem"]
    assert f"privyseal cert get {CERTIFICATE_ARN}" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--csr", "a", "--cn", "b"],
        ["--csr", "a", "--dns", "b"],
        ["--cn", "x", "--days", "0"],
        ["--cn", "x", "--days", "soon"],
    ],
)
def test_issue_says_what_it_did_not_understand(shell: Shell, far: FarSide, arguments: list[str]) -> None:
    assert shell("issue", *arguments).code == 2
    assert far.received == []


def test_issue_without_any_authority_says_how_to_name_one(
    shell: Shell, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRIVYSEAL_ISSUING_CA_ARN")
    outcome = shell("issue", "--cn", "x")
    assert outcome.code == 2
    assert "--ca ARN" in outcome.err
    assert far.received == []
