"""The commands against the running product: what they make is judged by openssl."""

import base64
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from privyseal.client import (
    ApiError,
    PrivySealClient,
    generate_csr,
    inspect_certificate,
    issue_certificate,
    wait_for_certificate,
)
from privyseal.client.api import segment
from tests.cli.conftest import Outcome, Shell
from tests.programs import program
from tests.service import Service

Privyseal = Callable[..., Outcome]


@pytest.fixture(name="privyseal")
def privyseal_fixture(shell: Shell, service: Service) -> Privyseal:
    def run(*arguments: str) -> Outcome:
        return shell(*arguments, "--data-dir", str(service.data_dir))

    return run


@pytest.fixture(name="asked")
def asked_fixture(privyseal: Privyseal) -> Callable[..., Any]:
    """The JSON that a command that must succeed prints."""

    def run(*arguments: str) -> Any:
        outcome = privyseal(*arguments, "--output", "json")
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)

    return run


def openssl(shell: Shell, *arguments: str) -> str:
    command = [program("openssl"), *arguments]
    return subprocess.run(command, cwd=shell.directory, check=True, capture_output=True, text=True).stdout


def test_a_server_certificate_verifies_and_fits_its_key(
    shell: Shell, service: Service, privyseal: Privyseal
) -> None:
    names = ("--cn", "web.internal", "--dns", "web.internal", "--dns", "*.web.internal")
    outcome = privyseal("issue", *names, "--template", "EndEntityServerAuthCertificate", "--out", "web")
    assert (outcome.code, outcome.err) == (0, "")
    roots = service.environment.ca_bundle
    assert roots
    verify = ("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "a.web.internal")
    assert "OK" in openssl(shell, *verify, "-CAfile", roots, "-untrusted", "web.chain.pem", "web.cert.pem")
    assert openssl(shell, "pkey", "-in", "web.key.pem", "-pubout") == openssl(
        shell, "x509", "-in", "web.cert.pem", "-noout", "-pubkey"
    )


@pytest.mark.parametrize("algorithm", ["EC_256", "EC_384", "RSA_2048"])
def test_one_command_makes_a_hierarchy_that_issues(
    shell: Shell, privyseal: Privyseal, asked: Callable[..., Any], algorithm: str
) -> None:
    root = asked("ca", "create", "--name", f"Root {algorithm}", "--key-algorithm", algorithm)
    below = ("--parent", root["arn"], "--name", "Middle", "--path-length", "1")
    middle = asked("ca", "create", *below, "--key-algorithm", "EC_384")
    issuing = asked("ca", "create", "--parent", middle["arn"], "--name", "Last", "--organization", "Acme")
    assert [ca["status"] for ca in (root, middle, issuing)] == ["ACTIVE"] * 3
    assert issuing["subject"] == "O=Acme, CN=Last"
    assert privyseal("issue", "--ca", issuing["arn"], "--cn", "leaf", "--out", "leaf").code == 0
    (shell.directory / "root.pem").write_text(root["certificate"])
    verify = ("verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "leaf.chain.pem")
    assert openssl(shell, *verify, "leaf.cert.pem") == "leaf.cert.pem: OK\n"
    assert {root["arn"], middle["arn"], issuing["arn"]} <= {
        ca["arn"] for ca in asked("ca", "list")["authorities"]
    }
    assert asked("ca", "show", middle["arn"])["chain"].strip() == root["certificate"].strip()


def test_a_subordinate_ends_exactly_with_a_parent_that_ends_sooner(asked: Callable[..., Any]) -> None:
    root = asked("ca", "create", "--name", "Short root", "--years", "1")
    below = asked("ca", "create", "--parent", root["arn"], "--name", "Long", "--years", "5")
    assert below["not_after"] == root["not_after"]


def test_validity_is_what_the_console_proposes(asked: Callable[..., Any]) -> None:
    root = asked("ca", "create", "--name", "Default root")
    below = asked("ca", "create", "--parent", root["arn"], "--name", "Default")
    years = [datetime.fromisoformat(ca["not_after"]).year - datetime.now(UTC).year for ca in (root, below)]
    assert years == [10, 3]


def test_a_certificate_is_found_fetched_and_revoked_once(
    shell: Shell, privyseal: Privyseal, asked: Callable[..., Any]
) -> None:
    issued = asked("issue", "--cn", "short-lived", "--days", "7")
    arn = issued["certificate_arn"]
    assert asked("cert", "get", arn)["certificate"] == issued["certificate"]
    (listed,) = (entry for entry in asked("cert", "list")["certificates"] if entry["arn"] == arn)
    assert (listed["subject"], listed["revoked_at"]) == ("CN=short-lived", None)
    serial = openssl(shell, "x509", "-in", "short-lived.cert.pem", "-noout", "-serial").strip()
    by_serial = ("cert", "revoke", "--serial", serial.removeprefix("serial="), "--reason", "superseded")
    (revoked,) = asked(*by_serial)["certificates"]
    assert (revoked["arn"], revoked["revocation_reason"]) == (arn, "SUPERSEDED")
    (listed,) = (entry for entry in asked("cert", "list")["certificates"] if entry["arn"] == arn)
    age = datetime.now(UTC) - datetime.fromisoformat(listed["revoked_at"])
    assert abs(age) < timedelta(minutes=5)
    again = privyseal("cert", "revoke", arn)
    assert again.code == 1
    assert again.err.startswith("error: already-done: ")


def test_a_listing_in_pages_of_one_is_the_same_listing(service: Service) -> None:
    client, authority = service.environment.client(), str(service.environment.root_ca_arn)
    csr, _ = generate_csr("page")
    arns = {
        issue_certificate(client, certificate_authority_arn=authority, csr=csr, validity_days=1)
        for _ in range(3)
    }
    paged = list(client.pages("/certificates", "certificates", {"authority": authority, "limit": 1}))
    whole = list(client.pages("/certificates", "certificates", {"authority": authority}))
    assert len(arns) == 3
    assert arns <= {entry["arn"] for entry in paged}
    assert paged == whole


def device_key() -> tuple[str, str, str]:
    """One public key in the three forms that a list of devices may use."""
    _, key = generate_csr("x")
    public = key.public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, info)
    der = public.public_bytes(serialization.Encoding.DER, info)
    return pem.decode(), base64.b64encode(pem).decode(), base64.b64encode(der).decode()


def test_devices_are_imported_whatever_the_form_of_their_keys(
    shell: Shell, privyseal: Privyseal, asked: Callable[..., Any]
) -> None:
    forms = device_key()
    rows = [f'sensor-{n},"{key}"' for n, key in enumerate(forms)]
    (shell.directory / "d.csv").write_text("\n".join(["device_id,public_key", *rows]))
    assert asked("device", "import", "d.csv") == {"imported": 3, "unchanged": 0, "errors": []}
    records = [json.dumps({"device_id": f"sensor-{n}", "public_key": forms[0]}) for n in range(3)]
    (shell.directory / "d.jsonl").write_text("\n".join(records))
    assert asked("device", "import", "d.jsonl") == {"imported": 0, "unchanged": 3, "errors": []}
    shown = [asked("device", "show", f"sensor-{n}") for n in range(3)]
    assert len({entry["public_key_sha256"] for entry in shown}) == 1
    listed = {entry["device_id"]: entry for entry in asked("device", "list")["devices"]}
    assert [{**listed[f"sensor-{n}"], "certificates": []} for n in range(3)] == shown
    assert privyseal("device", "show", "sensor-9").code == 1


def test_a_bad_key_and_a_changed_one_are_reported_by_line(shell: Shell, privyseal: Privyseal) -> None:
    good = device_key()[2]
    lines = ["device_id,public_key", f"twice,{good}", f"fine,{good}", "weak,AAAA", f"twice,{device_key()[2]}"]
    (shell.directory / "d.csv").write_text("\n".join(lines))
    outcome = privyseal("device", "import", "d.csv")
    assert outcome.code == 1
    assert outcome.out == "2 imported, 0 unchanged, 2 refused\n"
    assert [line.split(": ")[:2] for line in outcome.err.splitlines()] == [
        ["line 4", "weak"],
        ["line 5", "twice"],
    ]


def test_any_device_id_survives_the_way_to_the_service(service: Service) -> None:
    """Signed, sent and routed: ids with slashes, blanks and percent signs."""
    client = service.environment.client()
    ids = ["a/b", "50%", "ä ö", "x?y=z&w", "..", "urn:dev:1"]
    for device_id in ids:
        row = {"device_id": device_id, "public_key": device_key()[0]}
        reply = client.rest("POST", "/devices", {"devices": [row]})
        try:
            found = client.rest("GET", f"/devices/{segment(device_id)}")
        except ApiError as error:
            assert not reply["imported"], (device_id, error)  # noqa: PT017 - refused on both ways is right
        else:
            assert found["device_id"] == device_id


def test_the_library_goes_from_a_name_to_a_certificate(service: Service) -> None:
    client, authority = service.environment.client(), str(service.environment.issuing_ca_arn)
    for algorithm in ("EC_prime256v1", "EC_secp521r1", "ML_DSA_65"):
        csr, key = generate_csr("app.internal", ["app.internal"], algorithm)
        arn = issue_certificate(client, certificate_authority_arn=authority, csr=csr, validity_days=30)
        issued = wait_for_certificate(client, authority, arn)
        assert x509.load_pem_x509_certificate(issued.certificate.encode()).public_key() == key.public_key()
        assert len(x509.load_pem_x509_certificates(issued.chain.encode())) == 2
        summary = inspect_certificate(issued.certificate)
        assert (summary.subject, summary.dns_names) == ("CN=app.internal", ("app.internal",))


def test_the_same_token_gives_the_same_certificate(service: Service) -> None:
    client, authority = service.environment.client(), str(service.environment.issuing_ca_arn)
    csr, _ = generate_csr("token")
    arns = {
        issue_certificate(
            client, certificate_authority_arn=authority, csr=csr, validity_days=1, idempotency_token="t-1"
        )
        for _ in range(3)
    }
    assert len(arns) == 1


@pytest.mark.parametrize(
    ("key_id", "secret", "code"),
    [
        ("AKIANOSUCHKEYATALL00", "x", "UnrecognizedClientException"),
        (None, "wrong", "InvalidSignatureException"),
    ],
)
def test_a_wrong_access_key_is_refused_by_name(
    service: Service, key_id: str | None, secret: str, code: str
) -> None:
    environment = service.environment
    client = PrivySealClient(environment.url, key_id or environment.access_key_id, secret)
    with pytest.raises(ApiError) as caught:
        client.call("ListCertificateAuthorities", {})
    assert caught.value.code == code
    assert caught.value.request_id
    with pytest.raises(ApiError) as caught:
        client.rest("GET", "/devices")
    assert caught.value.code in {"unknown-credentials", "bad-signature"}


def test_a_csr_that_proves_nothing_is_refused_in_one_line(shell: Shell, privyseal: Privyseal) -> None:
    csr, _ = generate_csr("app")
    (shell.directory / "x.csr").write_text(csr.replace("-----BEGIN", "-----BEGIN NEW", 1))
    outcome = privyseal("issue", "--csr", "x.csr")
    assert outcome.code == 1
    assert outcome.err.startswith("error: MalformedCSRException: ")
    assert shell.files() == ["x.csr"]
