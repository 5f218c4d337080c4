"""Clients as serverless-ca's users have them: an endpoint in the environment, and openssl judges."""

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.e2e import openssl
from tests.e2e.boto import client
from tests.e2e.shell import run
from tests.programs import program
from tests.serverless.calls import event, invoke
from tests.serverless.world import certificate, coded
from tests.service import Service

PROGRAM = Path(__file__).parent / "clients" / "certificate_client.py"


@pytest.fixture(name="ask")
def ask_fixture(service: Service, tmp_path: Path) -> Callable[..., Any]:
    """Run the client at home in `tmp_path`; its answer."""

    def ask(role: str, asked: dict[str, Any], key_spec: str = "ECC_NIST_P256") -> Any:
        environment = {**service.variables, "HOME": str(tmp_path)}
        said = run(sys.executable, PROGRAM, role, key_spec, env=environment, given=json.dumps(asked))
        return json.loads(said)

    return ask


@pytest.mark.parametrize("key_spec", ["ECC_NIST_P256", "RSA_2048"])
def test_a_client_certificate_for_mutual_tls(ask: Callable[..., Any], tmp_path: Path, key_spec: str) -> None:
    asked = {
        "common_name": "My Test Certificate",
        "country": "GB",
        "locality": "London",
        "organization": "Serverless Inc",
        "organizational_unit": "Security Operations",
        "purposes": ["client_auth"],
        "lifetime": 90,
        "force_issue": True,
        "cert_bundle": True,
    }
    answer = ask("client", asked, key_spec)
    certs = tmp_path / "certs"
    leaf, issuing, root = _pems(answer["Base64Certificate"])
    for name, pem in (("leaf", leaf), ("issuing", issuing), ("root", root)):
        (certs / f"{name}.pem").write_text(pem)
    openssl.verify(
        certs / "client-cert.pem", certs / "root.pem", certs / "issuing.pem", "-purpose", "sslclient"
    )
    said = openssl.refusal(
        certs / "leaf.pem", certs / "root.pem", certs / "issuing.pem", "-purpose", "sslserver"
    )
    assert "unsuitable certificate purpose" in said
    shown = run(program("openssl"), "x509", "-in", certs / "leaf.pem", "-noout", "-pubkey")
    assert shown == openssl.public_key(certs / "client-key.pem")
    assert answer["Subject"] == (
        "OU=Security Operations,O=Serverless Inc,L=London,C=GB,CN=My Test Certificate"
    )


@pytest.mark.parametrize("key_spec", ["ECC_NIST_P384", "RSA_3072"])
def test_a_server_certificate_with_names_of_every_type(
    ask: Callable[..., Any], tmp_path: Path, key_spec: str
) -> None:
    asked = {
        "common_name": "test.example.com",
        "purposes": ["server_auth", "client_auth"],
        "extended_key_usages": ["EMAIL_PROTECTION", "1.3.6.1.4.1.311.20.2.2"],
        "sans": {
            "DNS_NAME": ["test.example.com", "*.test2.example.com"],
            "IP_ADDRESS": ["10.0.0.1", "2001:db8::1"],
            "EMAIL_ADDRESS": "pki@example.com",
            "URL": "https://example.com/about",
        },
    }
    ask("server", asked, key_spec)
    certs = tmp_path / "certs"
    leaf, chain = certs / "server-cert.pem", certs / "server-ca.pem"
    for purpose in ("sslserver", "sslclient"):
        openssl.verify(leaf, chain, None, "-purpose", purpose, "-verify_hostname", "a.test2.example.com")
    openssl.verify(leaf, chain, None, "-verify_ip", "2001:db8::1", "-verify_email", "pki@example.com")
    text = openssl.text(leaf)
    for each in ("E-mail Protection", "Microsoft Smartcard Login", "URI:https://example.com/about"):
        assert each in text
    assert "Policy: 2.23.140.1.2.1" in text


def test_an_ml_dsa_key_gets_its_certificate(service: Service) -> None:
    """Judged by `cryptography`: not every openssl knows the algorithm."""
    key = mldsa.MLDSA44PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pqc.example.com")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    with client(service, "lambda") as functions:
        answer = invoke(functions, event(base64_csr_data=coded(csr.public_bytes(Encoding.PEM))))
    found = certificate(answer)
    issuing = x509.load_pem_x509_certificate(base64.b64decode(answer["Base64IssuingCaCertificate"]))
    found.verify_directly_issued_by(issuing)
    assert found.public_key() == key.public_key()
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment) == (True, True)


SCRIPT = r"""
set -eu
curl -sS --fail-with-body --aws-sigv4 "aws:amz:$AWS_DEFAULT_REGION:privyseal" \
  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  --data @request.json "$AWS_ENDPOINT_URL/invoke/serverless-tls-cert-dev" > answer.json
B64CERT=$(python3 -c 'import json; print(json.load(open("answer.json"))["Base64Certificate"])')
B64CHAIN=$(python3 -c 'import json; print(json.load(open("answer.json"))["Base64CaChain"])')
echo "$B64CERT" | base64 --decode > test-example-com.pem
echo "$B64CHAIN" | base64 --decode > chain.pem
openssl verify -x509_strict -CAfile chain.pem -purpose sslserver test-example-com.pem
# as DynamoDB shows it: base64 of the base64
DOUBLE=$(printf %s "$B64CERT" | base64 -w0)
echo "$DOUBLE" | base64 --decode | base64 --decode | cmp - test-example-com.pem
"""


def test_a_shell_asks_and_decodes(service: Service, tmp_path: Path) -> None:
    """With curl, signed for our own API; the same JSON in and out."""
    asked = event("shell.example.com", purposes=["server_auth"], lifetime="7")
    (tmp_path / "request.json").write_text(json.dumps(asked))
    environment = {**service.variables, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    said = run("sh", "-c", SCRIPT, env=environment, cwd=tmp_path)
    assert "test-example-com.pem: OK" in said


def test_the_plain_path_answers_as_invoke_does(service: Service, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps({"ca_chain_only": True}))
    plain = _curl(service, tmp_path, "serverless-tls-cert-dev")
    with client(service, "lambda") as functions:
        assert json.loads(plain) == invoke(functions, {"ca_chain_only": True})


@pytest.mark.parametrize(("path", "status"), [("no-such", "404"), ("a/b", "404"), ("", "404")])
def test_a_plain_path_to_no_function_is_not_found(
    service: Service, tmp_path: Path, path: str, status: str
) -> None:
    (tmp_path / "request.json").write_text("{}")
    assert _curl(service, tmp_path, path, "-o", "answer.json", "-w", "%{http_code}") == status


def test_a_key_signed_for_lambda_does_not_open_the_plain_path(service: Service, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text("{}")
    said = _curl(service, tmp_path, "serverless-tls-cert-dev", "-w", "%{http_code}", signed_for="lambda")
    assert said.endswith("403")


def _curl(service: Service, folder: Path, path: str, *options: str, signed_for: str = "privyseal") -> str:
    found = service.environment
    return run(
        program("curl"),
        "-sS",
        "--aws-sigv4",
        f"aws:amz:{found.region}:{signed_for}",
        "--user",
        f"{found.access_key_id}:{found.secret_access_key}",
        "--data",
        "@request.json",
        *options,
        f"{found.url}/invoke/{path}",
        cwd=folder,
    )


def _pems(text: str) -> list[str]:
    found = x509.load_pem_x509_certificates(base64.b64decode(text))
    return [each.public_bytes(Encoding.PEM).decode() for each in found]
