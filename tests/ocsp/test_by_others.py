"""openssl, GnuTLS, curl and a TLS server that staples ask a running service, and judge what it says."""

import base64
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from tests.e2e import boto
from tests.ocsp import judges, wire
from tests.ocsp.deployment import OCSP_ON, Deployment, Leaf
from tests.programs import program
from tests.service import patience


@pytest.mark.parametrize("options", [(), ("-no_nonce",), ("-sha256",), ("-sha256", "-no_nonce")])
def test_openssl_finds_a_good_and_a_revoked_certificate(
    deployment: Deployment, options: tuple[str, ...]
) -> None:
    """The responder is verified up to the root; a nonce that did not come back would be a warning."""
    leaf = deployment.leaf(f"openssl{len(options)}{'-'.join(options)}")
    said = deployment.openssl(leaf, *options)
    assert "Response verify OK" in said
    assert f"{leaf.pem}: good" in said
    deployment.revoke(leaf, "SUPERSEDED")
    said = deployment.openssl(leaf, *options)
    assert "Response verify OK" in said
    assert f"{leaf.pem}: revoked" in said
    assert "Reason: superseded" in said
    assert "WARNING" not in said


def test_openssl_asks_for_several_at_once(deployment: Deployment) -> None:
    """Good, revoked and never issued in one response."""
    good, revoked = deployment.leaf("several-good"), deployment.leaf("several-revoked")
    deployment.revoke(revoked, "CESSATION_OF_OPERATION")
    said = deployment.openssl(good, "-cert", str(revoked.pem), "-serial", "0x0123456789abcdef")
    assert "Response verify OK" in said
    assert f"{good.pem}: good" in said
    assert f"{revoked.pem}: revoked" in said
    assert "0x0123456789abcdef: unknown" in said


def test_curl_gets_what_openssl_verifies(deployment: Deployment, tmp_path: Path) -> None:
    """The request in the path, once escaped and once as it is, slashes and all, and at the root of the
    address, where OcspCustomCname leads.
    """
    leaf, response = deployment.leaf("curl"), tmp_path / "response.der"
    # Until its base64 has a slash and a plus sign: the nonce is another one each time.
    made = (
        wire.request(leaf.certificate, deployment.issuer, nonce=secrets.token_bytes(32)) for _ in range(999)
    )
    asked = next(each for each in made if set(b"/+") <= set(base64.b64encode(each)))
    for url in (
        f"{deployment.url}/{wire.path(asked)}",
        f"{deployment.url}/{wire.path(asked, escaped=False)}",
        f"{deployment.base}/{wire.path(asked, escaped=False)}",
    ):
        command = [program("curl"), "-sS", "--path-as-is", "-D", "-", "-o", str(response), url]
        head = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert head.startswith("HTTP/1.1 200")
        assert "content-type: application/ocsp-response" in head
        said = deployment.openssl(leaf, "-no_nonce", "-respin", str(response), url=False)
        assert "Response verify OK" in said
        assert ": good" in said


def test_gnutls_finds_a_good_and_a_revoked_certificate(deployment: Deployment) -> None:
    """`ocsptool --ask` finds the URL in the certificate, and verifies the delegated responder."""
    leaf = deployment.leaf("gnutls")
    assert _gnutls(deployment, leaf) == "good"
    deployment.revoke(leaf)
    assert _gnutls(deployment, leaf) == "revoked"


def _gnutls(deployment: Deployment, leaf: Leaf) -> str:
    """The status in the words of ocsptool, which has verified it."""
    command = [program("ocsptool"), "--ask", "--load-cert", str(leaf.pem)]
    command += ["--load-issuer", str(deployment.folder / "issuing.pem")]
    command += ["--load-trust", str(deployment.folder / "chain.pem"), "--nonce"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    said = done.stdout + done.stderr
    assert "Verifying OCSP Response: Success" in said, said
    assert "Certificate Status" in said
    return said.split("Certificate Status: ")[1].split()[0]


def test_a_tls_server_staples_a_good_answer_and_then_a_revoked_one(deployment: Deployment) -> None:
    """`openssl s_server` fetches the answer for each handshake and `s_client` verifies it."""
    leaf = deployment.leaf("stapled")
    with _tls_server(deployment, leaf) as port:
        assert "Cert Status: good" in _handshake(deployment, port)
        deployment.revoke(leaf)
        said = _handshake(deployment, port)
        assert "Cert Status: revoked" in said
        assert "Revocation Reason: keyCompromise" in said


@contextmanager
def _tls_server(deployment: Deployment, leaf: Leaf) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [program("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-status_verbose", "-quiet"]
    command += [
        "-cert",
        str(leaf.pem),
        "-key",
        str(leaf.key),
        "-CAfile",
        str(deployment.folder / "chain.pem"),
    ]
    command += ["-status_url", deployment.url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield port
        finally:
            server.terminate()


def _handshake(deployment: Deployment, port: int) -> str:
    command = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-status"]
    command += ["-CAfile", str(deployment.folder / "chain.pem"), "-servername", "stapled"]
    until = time.monotonic() + patience(10)
    while True:
        done = subprocess.run(command, input="Q\n", capture_output=True, text=True, timeout=30, check=False)
        if "CONNECTED" in done.stdout or time.monotonic() > until:
            assert "OCSP Response Status: successful" in done.stdout, done.stdout + done.stderr
            return done.stdout
        time.sleep(0.1)


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=lambda each: each.name)
@pytest.mark.parametrize("nonce", [None, b"n" * 32], ids=["without nonce", "with nonce"])
def test_every_kind_of_answer_is_without_a_finding(
    deployment: Deployment, algorithm: hashes.HashAlgorithm, nonce: bytes | None
) -> None:
    """Pkilint and `cryptography` read what is served: good, revoked, unknown."""
    leaf = deployment.leaf(f"linted-{algorithm.name}-{bool(nonce)}")
    asked = wire.request(leaf.certificate, deployment.issuer, algorithm=algorithm, nonce=nonce)
    for expected in (ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED):
        found = judges.judged(wire.post(deployment.url, asked), deployment.issuer)
        assert found.certificate_status is expected
        assert found.serial_number == leaf.certificate.serial_number
        assert found.hash_algorithm.name == algorithm.name
        assert [each.value.nonce for each in found.extensions] == ([nonce] if nonce else [])
        if expected is ocsp.OCSPCertStatus.GOOD:
            deployment.revoke(leaf, "AFFILIATION_CHANGED")
    found = judges.judged(
        wire.post(deployment.url, wire.request_for(4711, deployment.issuer)), deployment.issuer
    )
    assert found.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize(
    ("key", "signing"),
    [("RSA_2048", "SHA256WITHRSA"), ("RSA_3072", "SHA512WITHRSA"), ("EC_secp384r1", "SHA384WITHECDSA")],
)
def test_a_responder_signs_as_its_authority_does(
    deployment: Deployment, tmp_path: Path, key: str, signing: str
) -> None:
    """OCSP asked for when the authority is created; its responder comes with its certificate."""
    pca = deployment.pca
    configuration = boto.EC_CONFIGURATION | {"KeyAlgorithm": key, "SigningAlgorithm": signing}
    arn = pca.create_certificate_authority(
        CertificateAuthorityConfiguration=configuration,
        CertificateAuthorityType="ROOT",
        RevocationConfiguration=OCSP_ON,
    )["CertificateAuthorityArn"]
    root = tmp_path / "root.pem"
    root.write_text(boto.activate(pca, arn, signing=signing))
    leaf = boto.issue(pca, arn, boto.csr_for("leaf.internal"), SigningAlgorithm=signing)
    command = [program("openssl"), "ocsp", "-issuer", str(root), "-CAfile", str(root), "-url", deployment.url]
    command += ["-serial", f"0x{leaf.rpartition('/')[2]}"]
    until = time.monotonic() + patience(30)  # an RSA key takes its time
    while True:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode == 0 or time.monotonic() > until:
            break
        time.sleep(0.1)
    assert "Response verify OK" in done.stderr, done.stdout + done.stderr
    assert ": good" in done.stdout
