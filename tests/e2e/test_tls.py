"""Two processes speak TLS with certificates that were issued for them, and trust nothing but the root."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.shell import PrivySeal, fails, run
from tests.programs import program
from tests.service import COMMAND, Service, clean_environment

SERVER = Path(__file__).with_name("handshake_server.py")
HOST = "server.internal"


@dataclass(frozen=True)
class Site:
    """The files of a server and of its clients; `port` is where the server process listens."""

    folder: Path
    root: Path
    process: "subprocess.Popen[str]"
    port: int

    def context(self, certificate: str | None = "client", root: Path | None = None) -> ssl.SSLContext:
        """What a careful client uses: the library's defaults, trusting the root alone."""
        context = ssl.create_default_context(cafile=root or self.root)
        assert context.cert_store_stats()["x509_ca"] == 1
        if certificate:
            prefix = str(self.folder / certificate)
            context.load_cert_chain(f"{prefix}.fullchain.pem", f"{prefix}.key.pem")
        return context

    def heard(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


def test_a_certificate_that_was_brought_is_checked_with_the_roots_of_the_system(tmp_path: Path) -> None:
    """Not with those of our own authorities, which have nothing to do with it."""
    certificate, key = tmp_path / "brought.pem", tmp_path / "brought.key"
    names = ("-subj", "/CN=brought", "-addext", "subjectAltName=IP:127.0.0.1")
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names)
    run(program("openssl"), *made, "-keyout", key, "-out", certificate)
    brought = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    service = Service(tmp_path / "data", *brought).start()
    try:
        command = (*COMMAND, "ca", "list", "--data-dir", tmp_path / "data")
        trusting = clean_environment(SSL_CERT_FILE=str(certificate))
        assert "Privy Seal Root CA" in run(*command, env=trusting)
        assert "certificate" in fails(*command).lower()
        assert "AWS_CA_BUNDLE=" not in run(*COMMAND, "env", "--data-dir", tmp_path / "data")
    finally:
        service.stop()


@pytest.fixture(scope="module")
def site(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("tls")
    privyseal = PrivySeal(service, folder)
    server = ("--template", "EndEntityServerAuthCertificate", "--out", "server")
    privyseal("issue", "--cn", HOST, "--dns", HOST, *server)
    privyseal("issue", "--cn", "client", "--template", "EndEntityClientAuthCertificate", "--out", "client")
    other = privyseal.json("ca", "create", "--name", "Another Root")
    (folder / "other-root.pem").write_text(other["certificate"])
    privyseal("issue", "--cn", "client", "--ca", other["arn"], "--out", "stranger")
    root = Path(str(service.environment.ca_bundle))
    files = [str(path) for path in (folder / "server.fullchain.pem", folder / "server.key.pem", root)]
    with subprocess.Popen([sys.executable, SERVER, *files], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Site(folder, root, process, int(process.stdout.readline()))
        finally:
            process.terminate()


def _shake_hands(site: Site, context: ssl.SSLContext, host: str = HOST) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=host) as connection,
    ):
        return connection.recv(100)


def test_each_side_verifies_the_other(site: Site) -> None:
    """The server sends its chain; the client knows only the root, and is known by its certificate."""
    assert _shake_hands(site, site.context()) == b"client"
    assert site.heard() == "served client"


def test_a_client_that_trusts_another_root_refuses(site: Site) -> None:
    """Its error is about the certificate, and the server hears that it is unknown."""
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        _shake_hands(site, site.context(root=site.folder / "other-root.pem"))
    assert site.heard() == "refused TLSV1_ALERT_UNKNOWN_CA"


def test_a_server_of_another_name_is_refused(site: Site) -> None:
    """The certificate is good, but not for that name."""
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _shake_hands(site, site.context(), "other.internal")
    assert site.heard().startswith("refused ")


def test_a_client_without_a_certificate_is_refused(site: Site) -> None:
    """TLS 1.3 tells it when it reads."""
    with pytest.raises(ssl.SSLError, match="certificate required"):
        _shake_hands(site, site.context(certificate=None))
    assert site.heard() == "refused PEER_DID_NOT_RETURN_A_CERTIFICATE"


def test_a_client_of_another_root_is_refused(site: Site) -> None:
    """Its name is right; who says so is not."""
    with pytest.raises(ssl.SSLError, match="unknown ca"):
        _shake_hands(site, site.context(certificate="stranger"))
    assert site.heard() == "refused CERTIFICATE_VERIFY_FAILED"


def test_a_server_certificate_is_none_of_a_client(site: Site) -> None:
    """EndEntityServerAuthCertificate allows serverAuth only, and the other side looks at it."""
    with pytest.raises(ssl.SSLError, match="unsupported certificate"):
        _shake_hands(site, site.context(certificate="server"))
    assert site.heard() == "refused CERTIFICATE_VERIFY_FAILED"
