"""`privyseal inspect`: what it says of certificates that other software made."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.cli.conftest import Shell

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def certificate(common_name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    names = [x509.DNSName("app.internal"), x509.IPAddress(ip_address("10.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0xABC)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_person_reads_what_matters(shell: Shell) -> None:
    (shell.directory / "c.pem").write_text(certificate("app"))
    outcome = shell("inspect", "c.pem")
    assert (outcome.code, outcome.err) == (0, "")
    lines = {tuple(line.split(maxsplit=1)) for line in outcome.out.splitlines()}
    assert ("subject", "CN=app") in lines
    for part in ("2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z", "app.internal", "10.0.0.1", "serverAuth"):
        assert part in outcome.out


def test_a_program_reads_the_same_of_every_certificate_in_the_file(shell: Shell) -> None:
    (shell.directory / "chain.pem").write_text(f"a comment\n{certificate('one')}{certificate('two')}")
    said = json.loads(shell("inspect", "chain.pem", "--output", "json").out)["certificates"]
    assert [entry["subject"] for entry in said] == ["CN=one", "CN=two"]
    assert said[0]["serial"] == f"{0xABC:032x}"
    assert said[0]["not_after"] == "2026-01-03T03:04:05Z"
    assert said[0]["extended_key_usage"] == ["serverAuth"]
    assert [name["value"] for name in said[0]["subject_alternative_names"]] == ["app.internal", "10.0.0.1"]
    assert said[0]["key_algorithm"] == "EC_prime256v1"
    assert said[0]["is_ca"] is False


def test_what_a_hostile_name_contains_cannot_reach_the_terminal(shell: Shell) -> None:
    """It is refused, or it is shown escaped."""
    (shell.directory / "c.pem").write_text(certificate("a\x1b[31m\u202eb"))
    outcome = shell("inspect", "c.pem")
    assert "\x1b" not in outcome.out + outcome.err
    assert "\u202e" not in outcome.out + outcome.err


@pytest.mark.parametrize(
    "content", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\x00" * 10]
)
def test_what_is_no_certificate_is_refused_in_one_line(shell: Shell, content: str) -> None:
    (shell.directory / "c.pem").write_text(content)
    outcome = shell("inspect", "c.pem")
    assert (outcome.code, outcome.out) == (1, "")
    assert len(outcome.err.splitlines()) == 1


def test_a_missing_file_is_named(shell: Shell) -> None:
    outcome = shell("inspect", "missing.pem")
    assert outcome.code == 1
    assert outcome.err == "error: missing.pem: No such file or directory\n"
