"""The address where devices rotate, as strangers see it: TLS refuses who has no certificate of a device."""

import json
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client.certificates import issue_certificate, wait_for_certificate
from tests.e2e import openssl
from tests.e2e.shell import attempt
from tests.mqtt.factory import until
from tests.mqtt.pki import Authority, key_bytes, pem
from tests.programs import program
from tests.service import COMMAND, Service, patience


class Port:
    """The address, and a device that may use it."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.folder = folder
        (line,) = [each for each in service.log.read_text().splitlines() if "Devices " in each]
        self.url = line.split()[1]
        self.port = int(urlsplit(self.url).port or 0)
        self.root = Path(str(service.environment.ca_bundle))
        words = [*COMMAND, "device", "simulate", "--id", "sensor", "--register", "--directory", str(folder)]
        assert attempt(*words, "--data-dir", service.data_dir).returncode == 0
        self.key, self.certificate = folder / "sensor" / "key.pem", folder / "sensor" / "certificate.pem"

    def csr(self, name: str) -> Path:
        return openssl.new_csr(self.folder / f"{name}.csr", self.key, "/CN=sensor")

    def curl(self, certificate: Path, *options: str, csr: str = "asked") -> tuple[int, str]:
        """The status of curl itself, then what it printed."""
        done = attempt(
            program("curl"),
            *("--silent", "--show-error", "--cacert", self.root, "--cert", certificate, "--key", self.key),
            *("--write-out", "\n%{http_code}", "--data-binary", f"@{self.csr(csr)}", *options, self.url),
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    folder = tmp_path_factory.mktemp("port")
    service = Service(folder / "data", "--device-port", "0").start()
    try:
        yield Port(service, folder)
        assert service.stop() == 0, service.log.read_text()
    finally:
        service.kill()


def answered(port: Port, certificate: Path | None, key: Path | None, version: ssl.TLSVersion) -> bytes:
    """By Python's ssl: what comes back for a request; raises where TLS refuses."""
    context = ssl.create_default_context(cafile=port.root)
    context.minimum_version = context.maximum_version = version
    if certificate and key:
        context.load_cert_chain(certificate, key)
    body = port.csr("python").read_bytes()
    head = f"POST /rotate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", port.port), timeout=patience(10)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(head.encode() + body)
        return b"".join(iter(lambda: secured.recv(65536), b""))


def is_refused(port: Port, certificate: Path | None, key: Path | None, version: ssl.TLSVersion) -> bool:
    """By TLS, with an alert or without: there is no answer of HTTP. But the service itself is trusted."""
    try:
        return answered(port, certificate, key, version) == b""
    except ssl.SSLCertVerificationError:
        raise
    except (ssl.SSLError, ConnectionError):
        return True


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_pythons_own_tls_rotates_and_gets_nothing_without_a_certificate(
    port: Port, version: ssl.TLSVersion
) -> None:
    assert answered(port, port.certificate, port.key, version).startswith(b"HTTP/1.1 200 ")
    assert is_refused(port, None, None, version)


def test_the_leaf_alone_is_enough(port: Port) -> None:
    """What POST /new gives has no chain."""
    leaf = port.folder / "leaf.pem"
    text = port.certificate.read_text()
    leaf.write_text(text[: text.index("-----END CERTIFICATE-----") + 26])
    status, said = port.curl(leaf)
    assert (status, said.splitlines()[-1]) == (0, "200")
    assert json.loads(said.splitlines()[0])["certificate_chain"].count("BEGIN") == 2


def test_openssl_alone_is_enough(port: Port) -> None:
    """s_client, and the bytes of a request."""
    body = port.csr("s_client").read_text()
    head = f"POST /rotate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    done = attempt(
        program("openssl"),
        *("s_client", "-quiet", "-connect", f"127.0.0.1:{port.port}", "-CAfile", port.root),
        *("-verify_return_error", "-cert", port.certificate, "-key", port.key),
        given=head + body,
    )
    assert done.stdout.startswith("HTTP/1.1 200 OK"), done.stderr


@pytest.mark.parametrize("root", ["Root", "Privy Seal Root CA"])
def test_the_same_name_from_another_authority_is_refused_by_tls(port: Port, root: str) -> None:
    """Also from one with the name of ours."""
    issuing, key = (
        Authority("Privy Seal Issuing CA", Authority(root)),
        ec.generate_private_key(ec.SECP256R1()),
    )
    certificate, key_file = port.folder / "foreign.pem", port.folder / "foreign.key"
    key_file.write_bytes(key_bytes(key))
    certificate.write_bytes(pem(issuing.sign("sensor", key), *issuing.chain))
    assert is_refused(port, certificate, key_file, ssl.TLSVersion.TLSv1_3)


def test_a_certificate_of_the_root_itself_is_refused_by_tls(port: Port) -> None:
    """Only authorities that issue for devices count, not all that their root has certified."""
    key = openssl.new_key(port.folder / "other.key", "P-256")
    csr = openssl.new_csr(port.folder / "other.csr", key, "/CN=sensor")
    found = port.service.environment
    client = found.client()
    issued = wait_for_certificate(
        client,
        str(found.root_ca_arn),
        issue_certificate(client, certificate_authority_arn=str(found.root_ca_arn), csr=csr.read_text()),
    )
    certificate = port.folder / "other.pem"
    certificate.write_text(f"{issued.certificate}\n{issued.chain}\n")
    assert is_refused(port, certificate, key, ssl.TLSVersion.TLSv1_3)


def test_a_certificate_that_is_not_a_devices_is_refused_with_a_reason(port: Port) -> None:
    """One that `privyseal issue` has made from the same authority, in the name of the device."""
    words = [*COMMAND, "issue", "--cn", "sensor", "--data-dir", str(port.service.data_dir), "--out", "issued"]
    done = attempt(*words, cwd=port.folder)
    assert done.returncode == 0, done.stderr
    certificate = next(port.folder.glob("**/issued*/**/cert*.pem"), None) or next(
        each for each in port.folder.glob("issued*") if b"BEGIN CERTIFICATE" in each.read_bytes()
    )
    key = next(each for each in port.folder.glob("issued*") if b"PRIVATE KEY" in each.read_bytes())
    found = answered(port, certificate, key, ssl.TLSVersion.TLSv1_3)
    assert found.startswith(b"HTTP/1.1 403 ")
    assert b"not one that the device may use now" in found


@pytest.mark.parametrize(("path", "status"), [("/provision", "404"), ("/healthz", "404"), ("/", "404")])
def test_nothing_else_is_served_there(port: Port, path: str, status: str) -> None:
    done = attempt(
        program("curl"),
        *("--silent", "--cacert", port.root, "--cert", port.certificate, "--key", port.key),
        *("--write-out", "\n%{http_code}", "--data-binary", "x", port.url.replace("/rotate", path)),
    )
    assert done.stdout.splitlines()[-1] == status


def test_a_rotation_of_the_authority_survives_kill_9_and_its_certificates_rotate_at_once(
    tmp_path: Path,
) -> None:
    """Killed after every look; a leaf of the new authority is accepted without a restart."""
    service = Service(tmp_path / "data", "--device-port", "0", "--workers", "2").start()
    try:
        client = service.environment.client()
        rotation = client.rest("POST", "/ca-rotations", {"until": "completed"})["id"]
        kills, end = 0, time.monotonic() + patience(120)
        while True:
            found = service.environment.client().rest("GET", f"/ca-rotations/{rotation}")
            if found["state"] == "COMPLETED":
                break
            assert found["state"] == "RUNNING", found
            assert time.monotonic() < end, found
            assert service.process is not None
            if kills < 4:
                service.process.send_signal(signal.SIGKILL)
                service.process.wait()
                kills += 1
                service.start()
            time.sleep(0.2)
        assert kills >= 1
        assert [each["step"] for each in found["steps"]][-1] == "withdraw"
        assert service.environment.issuing_ca_arn == found["new_authority_arn"]
        authorities = service.environment.client().call("ListCertificateAuthorities", {})
        assert len(authorities["CertificateAuthorities"]) == 3
        port = Port(service, tmp_path)
        assert port.curl(port.certificate)[1].splitlines()[-1] == "200"
        client = service.environment.client()
        rotation = client.rest("POST", "/ca-rotations", {"until": "switched"})["id"]
        until(lambda: client.rest("GET", f"/ca-rotations/{rotation}")["state"] == "PAUSED")
        _, said = port.curl(port.certificate, csr="second")
        assert said.splitlines()[-1] == "200", said
        new = tmp_path / "new.pem"
        new.write_text(json.loads(said.splitlines()[0])["certificate"])
        openssl.verify(new, port.root, _chain(tmp_path, said))
        assert port.curl(new, csr="third")[1].splitlines()[-1] == "200"
    finally:
        service.kill()


def _chain(folder: Path, said: str) -> Path:
    path = folder / "chain.pem"
    path.write_text(json.loads(said.splitlines()[0])["certificate_chain"])
    return path
