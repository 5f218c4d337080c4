"""Where the service may be reached: loopback in the clear, everywhere else with TLS; and its numbers."""

import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.e2e.boto import PROTOCOLS, client, csr_for, issue
from tests.e2e.shell import PrivySeal, attempt, fails, run
from tests.programs import program
from tests.service import COMMAND, Service, patience


def _get(url: str, bundle: str | None = None) -> tuple[int, str]:
    try:
        trust = ssl.create_default_context(cafile=bundle)
        with urllib.request.urlopen(url, timeout=10, context=trust) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@dataclass(frozen=True)
class Everywhere:
    """A service on all addresses, with two workers and its numbers on a port of their own."""

    service: Service
    status: str  # the URL of metrics and health

    @property
    def port(self) -> int:
        return int(self.service.url.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def bundle(self) -> str:
        return str(self.service.environment.ca_bundle)


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everywhere]:
    options = ("--host", "0.0.0.0", "--workers", "2", "--status-port", "0", "--name", "ca.example")
    service = Service(tmp_path_factory.mktemp("everywhere") / "data", *options).start()
    shown = re.search(
        r"^ +Metrics +(http://127\.0\.0\.1:\d+)/metrics$", service.log.read_text(), re.MULTILINE
    )
    assert shown
    yield Everywhere(service, shown[1])
    assert service.stop() == 0


def test_another_address_is_served_with_tls_of_its_own_authority(everywhere: Everywhere) -> None:
    """The certificate verifies with the root that `up` wrote, and with nothing else."""
    assert everywhere.service.url.startswith("https://")
    assert _get(f"{everywhere.url}/healthz", everywhere.bundle) == (200, "ok\n")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        _get(f"{everywhere.url}/healthz")


def test_openssl_and_curl_accept_the_connection(everywhere: Everywhere) -> None:
    """For a name, for an address and for the name that was given; not for any other."""
    address = f"127.0.0.1:{everywhere.port}"
    trust = ("-CAfile", everywhere.bundle, "-verify_return_error", "-brief")
    for name in ("localhost", "ca.example"):
        words = ("s_client", "-connect", address, *trust, "-verify_hostname", name)
        done = attempt(program("openssl"), *words)
        assert "Verification: OK" in done.stderr, done.stderr
    other = ("s_client", "-connect", address, *trust, "-verify_hostname", "ca.other")
    assert "hostname mismatch" in attempt(program("openssl"), *other).stderr.lower()
    url = f"https://ca.example:{everywhere.port}/healthz"
    here = ("--resolve", f"ca.example:{everywhere.port}:127.0.0.1")
    curl = (program("curl"), "--silent", "--show-error", "--cacert", everywhere.bundle)
    assert run(*curl, *here, url) == "ok\n"


def test_plain_http_is_not_answered_there(everywhere: Everywhere) -> None:
    """Nothing readable comes back to whoever speaks in the clear."""
    with socket.create_connection(("127.0.0.1", everywhere.port), timeout=10) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in plain.recv(1000)


def test_the_certificate_is_the_issuing_authoritys(everywhere: Everywhere) -> None:
    """For servers only, and its key is for its owner alone."""
    directory = everywhere.service.data_dir / "tls"
    certificates = x509.load_pem_x509_certificates((directory / "server.pem").read_bytes())
    certificates[0].verify_directly_issued_by(certificates[1])
    usage = certificates[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert (directory / "server.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_signed_calls_work_over_tls(everywhere: Everywhere, protocol: str, tmp_path: Path) -> None:
    """boto3, which is told what to trust as AWS's tools are told."""
    service, arn = everywhere.service, str(everywhere.service.environment.issuing_ca_arn)
    with client(service, protocol=protocol, endpoint_url=everywhere.url, verify=everywhere.bundle) as pca:
        issued = issue(pca, arn, csr_for("tls.internal"))
        assert pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=issued)["Certificate"]


def test_numbers_are_on_their_own_address_alone(everywhere: Everywhere) -> None:
    """metrics, health and readiness there; on the main address health, and no numbers."""
    assert _get(f"{everywhere.status}/healthz") == (200, "ok\n")
    assert _get(f"{everywhere.status}/readyz") == (200, "ok\n")
    assert _get(f"{everywhere.status}/metrics")[0] == 200
    assert _get(f"{everywhere.url}/metrics", everywhere.bundle)[0] == 404
    assert _get(f"{everywhere.url}/readyz", everywhere.bundle)[0] == 404
    assert _get(f"{everywhere.status}/")[0] == 404


def _requests_by_process(everywhere: Everywhere) -> float:
    """All answered health requests of the main address, over all workers."""
    text = _get(f"{everywhere.status}/metrics")[1]
    lines = [line for line in text.splitlines() if "http_requests_total{" in line and '"healthz"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _folder_of_numbers(service: Service) -> Path:
    """Where the worker processes were told to keep their numbers."""
    assert service.process
    pid = service.process.pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        for variable in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
            if variable.startswith(b"PROMETHEUS_MULTIPROC_DIR="):
                return Path(variable.partition(b"=")[2].decode())
    raise AssertionError("no worker knows of a folder")


def test_two_workers_answer_and_their_numbers_are_summed(everywhere: Everywhere) -> None:
    """Each new connection may reach either process; whichever is asked for numbers has those of both."""
    before = _requests_by_process(everywhere)
    for _ in range(40):
        assert _get(f"{everywhere.url}/healthz", everywhere.bundle)[0] == 200
    until = time.monotonic() + patience(10)
    while _requests_by_process(everywhere) < before + 40 and time.monotonic() < until:
        time.sleep(0.1)
    assert {_requests_by_process(everywhere) for _ in range(10)} == {before + 40}
    files = list(_folder_of_numbers(everywhere.service).glob("counter_*.db"))
    assert len([file for file in files if b"healthz" in file.read_bytes()]) == 2


def test_its_url_has_the_name_that_was_given(everywhere: Everywhere) -> None:
    """As clients on other machines call it."""
    assert everywhere.service.url == f"https://ca.example:{everywhere.port}"


def test_plain_http_elsewhere_has_to_be_asked_for_by_name(tmp_path: Path) -> None:
    """--insecure-plain-http says it; then the commands work, and metrics stay away."""
    service = Service(tmp_path / "data", "--host", "0.0.0.0", "--insecure-plain-http").start()
    try:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", service.url)
        assert PrivySeal(service, tmp_path).json("ca", "list")["authorities"]
        assert _get(f"{service.url}/healthz")[0] == 200
        assert _get(f"{service.url}/metrics")[0] == 404
    finally:
        assert service.stop() == 0


REVOCATION = ("--revocation-port", "0")


@pytest.mark.parametrize(
    ("options", "is_said"),
    [
        (("--host", "0.0.0.0", *REVOCATION), True),
        (("--host", "0.0.0.0", "--revocation-host", "0.0.0.0", *REVOCATION), True),
        (("--host", "0.0.0.0", *REVOCATION, "--revocation-url", "http://pki.example"), False),
        (REVOCATION, False),
    ],
)
def test_certificates_that_would_name_this_machine_alone_are_warned_of(
    tmp_path: Path, options: tuple[str, ...], is_said: bool
) -> None:
    """Their URLs stay in them: in the log at the start, and beside what to set."""
    service = Service(tmp_path / "data", *options).start()
    try:
        said = service.log.read_text()
        assert ("set --revocation-url to where others find CRLs and OCSP." in said) is is_said
        assert ('"certificates name a URL that only this machine can reach' in said) is is_said
    finally:
        assert service.stop() == 0


def test_without_an_authority_tls_needs_a_certificate_that_is_brought(tmp_path: Path) -> None:
    """`serve` after `init` has nothing to make one with: it says what to give. Then it serves with that."""
    directory = tmp_path / "data"
    run(*COMMAND, "init", "--data-dir", directory)
    said = fails(*COMMAND, "serve", "--data-dir", directory, "--port", "0", "--host", "0.0.0.0")
    assert "--tls-certificate" in said
    half = ("--tls-certificate", tmp_path / "x.pem")
    assert "belong together" in fails(*COMMAND, "serve", "--data-dir", directory, "--port", "0", *half)


def test_numbers_are_on_the_main_address_where_that_is_loopback(service: Service) -> None:
    """Nobody but this machine can read them there."""
    assert _get(f"{service.url}/healthz") == (200, "ok\n")
    assert "http_requests_total" in _get(f"{service.url}/metrics")[1]
