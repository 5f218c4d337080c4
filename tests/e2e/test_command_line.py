"""The command `privyseal` against a running service, as people and scripts use it."""

import json
import stat
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e import openssl
from tests.e2e.shell import PrivySeal, fails, on_path, run
from tests.programs import program
from tests.service import COMMAND, Service, clean_environment


@pytest.fixture(scope="module")
def privyseal(service: Service, tmp_path_factory: pytest.TempPathFactory) -> PrivySeal:
    return PrivySeal(service, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def team(privyseal: PrivySeal) -> dict[str, str]:
    """A root and a CA below it, each made with one command: the ARNs and the files of their PEM."""
    words = ("--name", "Team Root", "--organization", "Example", "--country", "DE")
    root = privyseal.json("ca", "create", *words, "--key-algorithm", "EC_384", "--years", "5")
    below = ("--parent", root["arn"], "--name", "Team CA", "--key-algorithm", "RSA_2048")
    issuing = privyseal.json("ca", "create", *below, "--path-length", "1")
    (privyseal.folder / "root.pem").write_text(root["certificate"])
    (privyseal.folder / "issuing.pem").write_text(issuing["certificate"])
    return {"root": root["arn"], "issuing": issuing["arn"]}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_authority_is_made_with_one_command(privyseal: PrivySeal, team: dict[str, str]) -> None:
    """Key algorithm, subject, validity and path length as asked for; ready to issue."""
    listed = {row["arn"]: row for row in privyseal.json("ca", "list")["authorities"]}
    root, issuing = listed[team["root"]], listed[team["issuing"]]
    assert root["subject"] == "C=DE, O=Example, CN=Team Root"
    assert (root["key_algorithm"], root["signing_algorithm"]) == ("EC_secp384r1", "SHA384WITHECDSA")
    assert (issuing["key_algorithm"], issuing["signing_algorithm"]) == ("RSA_2048", "SHA256WITHRSA")
    assert {root["status"], issuing["status"]} == {"ACTIVE"}
    openssl.verify(privyseal.folder / "issuing.pem", privyseal.folder / "root.pem")
    assert "pathlen:1" in openssl.text(privyseal.folder / "issuing.pem")
    assert "Team CA" in privyseal("ca", "list")
    assert privyseal("ca", "show", team["issuing"]).count("BEGIN CERTIFICATE") == 2


def test_an_authority_of_every_family_is_made(privyseal: PrivySeal, service: Service) -> None:
    """By its short name or by AWS's."""
    for name, expected in (("ec_256", "EC_prime256v1"), ("EC_secp521r1", "EC_secp521r1"), ("ML_DSA_65",) * 2):
        made = privyseal.json("ca", "create", "--key-algorithm", name, "--name", f"{name} root")
        assert (made["status"], made["key_algorithm"]) == ("ACTIVE", expected)
    assert "is not one of" in privyseal.fails("ca", "create", "--key-algorithm", "DSA")
    nowhere = str(service.environment.root_ca_arn)[:-12] + "0" * 12
    assert "Could not find" in privyseal.fails("ca", "create", "--parent", nowhere)


def test_a_request_of_its_own_becomes_a_certificate(privyseal: PrivySeal, team: dict[str, str]) -> None:
    """csr, then issue: key and certificates are for their owner alone, and openssl verifies them."""
    privyseal_csr = run(
        *COMMAND, "csr", "--cn", "own.internal", "--dns", "own.internal", cwd=privyseal.folder
    )
    assert "privyseal issue --csr own.internal.csr.pem" in privyseal_csr
    request = ("--csr", "own.internal.csr.pem", "--ca", team["issuing"])
    issued = privyseal.json("issue", *request, "--template", "EndEntityServerAuthCertificate")
    files = {kind: privyseal.folder / path for kind, path in issued["files"].items()}
    assert set(files) == {"cert", "chain", "fullchain"}
    keys = list(privyseal.folder.glob("own.internal.*"))
    assert len(keys) == 5
    assert {_mode(path) for path in keys} == {0o600}
    root = privyseal.folder / "root.pem"
    openssl.verify(files["cert"], root, files["chain"], "-verify_hostname", "own.internal")
    openssl.verify(files["fullchain"], root, files["fullchain"], "-purpose", "sslserver")
    assert "exists: name another file" in privyseal.fails("issue", *request)


def test_a_request_made_by_openssl_becomes_a_certificate(privyseal: PrivySeal, service: Service) -> None:
    """From standard input, with the issuing CA that `up` made, as nothing else is said."""
    key = openssl.new_key(privyseal.folder / "foreign.key")
    request = openssl.new_csr(privyseal.folder / "foreign.csr", key, "/CN=foreign", ["DNS:foreign.internal"])
    words = ("issue", "--csr", "-", "--days", "7", "--out", "foreign")
    issued = privyseal.json(*words, given=request.read_text())
    certificate = privyseal.folder / issued["files"]["cert"]
    chain = privyseal.folder / issued["files"]["chain"]
    openssl.verify(certificate, Path(str(service.environment.ca_bundle)), chain)
    assert run(program("openssl"), "x509", "-in", certificate, "-noout", "-pubkey") == openssl.public_key(key)


def test_certificates_are_listed_fetched_and_revoked(privyseal: PrivySeal, team: dict[str, str]) -> None:
    """By ARN; the list then says when; a second time is refused."""
    words = ("--cn", "gone.internal", "--ca", team["issuing"])
    arn = privyseal.json("issue", *words)["certificate_arn"]
    pem = (privyseal.folder / "gone.internal.cert.pem").read_text()
    assert privyseal("cert", "get", arn).startswith(pem)
    privyseal("cert", "get", arn, "--out", "fetched.pem")
    assert _mode(privyseal.folder / "fetched.pem") == 0o600
    assert _row(privyseal, team, arn)["revoked_at"] is None
    assert arn in privyseal("cert", "revoke", arn, "--reason", "key-compromise")
    row = _row(privyseal, team, arn)
    assert row["revoked_at"]
    assert row["subject"] == "CN=gone.internal"
    assert "already revoked" in privyseal.fails("cert", "revoke", arn)
    assert arn in privyseal("cert", "list", "--ca", team["issuing"])


def _row(privyseal: PrivySeal, team: dict[str, str], arn: str) -> dict[str, object]:
    rows = privyseal.json("cert", "list", "--ca", team["issuing"])["certificates"]
    (found,) = [row for row in rows if row["arn"] == arn]
    return dict(found)


def test_inspect_says_what_openssl_says(privyseal: PrivySeal, team: dict[str, str]) -> None:
    """Of every certificate in a file, for people and for programs."""
    privyseal("issue", "--cn", "seen.internal", "--dns", "*.seen.internal", "--ca", team["issuing"])
    fullchain = privyseal.folder / "seen.internal.fullchain.pem"
    inspected = json.loads(run(*COMMAND, "inspect", fullchain, "--output", "json"))["certificates"]
    assert [each["is_ca"] for each in inspected] == [False, True]
    leaf = inspected[0]
    told = run(program("openssl"), "x509", "-in", fullchain, "-noout", "-serial", "-fingerprint", "-sha256")
    serial, fingerprint = (line.partition("=")[2].lower() for line in told.splitlines())
    assert int(leaf["serial"], 16) == int(serial, 16)
    assert leaf["sha256"] == fingerprint.replace(":", "")
    assert leaf["subject_alternative_names"] == [{"kind": "dNSName", "value": "*.seen.internal"}]
    certificate = x509.load_pem_x509_certificate(fullchain.read_bytes())
    assert leaf["not_after"] == f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    text = run(*COMMAND, "inspect", fullchain)
    assert "serverAuth, clientAuth" in text
    assert "BEGIN CERTIFICATE" in fails(*COMMAND, "inspect", fullchain.with_name("seen.internal.key.pem"))


def test_the_environment_points_a_shell_at_the_service_and_away_again(service: Service) -> None:
    """Eval "$(privyseal env)" sets what the AWS tools need and takes away what would get in their way."""
    script = """
    export AWS_PROFILE=other AWS_SESSION_TOKEN=stale AWS_CA_BUNDLE=/nowhere
    eval "$(privyseal env)"
    test -z "${AWS_PROFILE+set}${AWS_SESSION_TOKEN+set}${AWS_CA_BUNDLE+set}"
    unset PRIVYSEAL_DATA_DIR
    privyseal ca list --output json >listed
    grep -q "$PRIVYSEAL_ROOT_CA_ARN" listed && grep -q "$PRIVYSEAL_ISSUING_CA_ARN" listed
    grep -q "BEGIN CERTIFICATE" "$PRIVYSEAL_CA_BUNDLE"
    echo "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_DEFAULT_REGION $PRIVYSEAL_URL"
    eval "$(privyseal env --unset)"
    set | grep -E '^(AWS|PRIVYSEAL)_' || echo nothing left
    """
    said = run("sh", "-euc", script, env=on_path(service), cwd=service.data_dir.parent).splitlines()
    found = service.environment
    key = (found.access_key_id, found.secret_access_key)
    assert said == [" ".join([found.url, *key, found.region, found.url]), "nothing left"]


def test_the_environment_is_nothing_but_shell_lines(privyseal: PrivySeal) -> None:
    """Safe to evaluate: unset and export, one a line."""
    for words in (("env",), ("env", "--unset")):
        lines = privyseal(*words).splitlines()
        assert lines
        assert all(line.startswith(("unset ", "export ")) for line in lines)


@pytest.mark.parametrize(
    "words",
    [("ca", "list"), ("cert", "list"), ("device", "list"), ("env",), ("env", "--unset")],
    ids=" ".join,
)
def test_every_answer_is_there_as_json(privyseal: PrivySeal, words: tuple[str, ...]) -> None:
    """One document, and nothing beside it on standard output."""
    assert isinstance(privyseal.json(*words), dict)


def test_without_a_service_the_command_says_what_to_do(tmp_path: Path) -> None:
    """None known; one that is not there; one that does not answer."""
    home = clean_environment(HOME=str(tmp_path))
    assert "privyseal up" in fails(*COMMAND, "ca", "list", env=home)
    assert "privyseal up" in fails(*COMMAND, "ca", "list", "--data-dir", tmp_path / "none", env=home)
    silent = home | {"PRIVYSEAL_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a"}
    said = fails(*COMMAND, "ca", "list", env=silent | {"AWS_SECRET_ACCESS_KEY": "b"})
    assert "http://127.0.0.1:9" in said
    assert "Is the service running?" in said


def test_a_key_that_is_not_known_is_said(service: Service) -> None:
    """With the way to get the right one; the secret is not repeated."""
    variables = service.variables | {"AWS_SECRET_ACCESS_KEY": "not-the-secret-of-this-service"}
    said = fails(*COMMAND, "ca", "list", env=variables)
    assert "--data-dir" in said
    assert "not-the-secret" not in said
