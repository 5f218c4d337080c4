"""Other people's software fetches the CRLs that certificates name, and refuses what is revoked."""

import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from tests.crl.hierarchy import Authority, Leaf, crl_url, fetch, fetch_with, file, run, to_pem
from tests.programs import program
from tests.service import Service, patience
from tests.x509 import judges

CRL = {"Enabled": True, "ExpirationInDays": 7}


@dataclass(frozen=True)
class Pki:
    """A root, an issuing authority and one that the root has revoked; a leaf of each, and a revoked one."""

    root: Authority
    issuing: Authority
    good: Leaf
    bad: Leaf
    below_revoked: Leaf
    revoked_issuer: Authority
    crls: tuple[bytes, ...]

    @property
    def pem(self) -> str:
        return to_pem(*self.crls)


@pytest.fixture(scope="module", params=["COMPLETE", "PARTITIONED"], name="pki")
def pki_fixture(request: pytest.FixtureRequest, service: Service) -> Pki:
    kind = CRL | {"CrlType": request.param}
    root = Authority(service, f"Root of {request.param}", None, kind)
    issuing = Authority(service, f"Issuing of {request.param}", root, kind)
    revoked = Authority(service, f"Revoked of {request.param}", root, kind)
    good, bad, below = issuing.leaf("localhost"), issuing.leaf("bad.example"), revoked.leaf("below.example")
    issuing.revoke(bad.serial)
    root.revoke(revoked.certificate.serial_number)
    crls = (
        fetch_with(crl_url(issuing.certificate), revoked.certificate.serial_number),
        fetch_with(bad.crl_url, bad.serial),
        fetch(below.crl_url),
        fetch_with(root.complete_url, revoked.certificate.serial_number),
    )
    return Pki(root, issuing, good, bad, below, revoked, crls)


def test_openssl_accepts_the_good_and_refuses_the_revoked(pki: Pki, tmp_path: Path) -> None:
    """`openssl verify -crl_check_all`: every certificate of the chain is looked up."""
    root = file(tmp_path, "root.pem", pki.root.pem)
    middle = file(tmp_path, "middle.pem", pki.issuing.pem, pki.revoked_issuer.pem)
    crls = file(tmp_path, "crls.pem", pki.pem)
    expected = {"good": "OK", "bad": "certificate revoked", "below": "certificate revoked"}
    for name, leaf in (("good", pki.good), ("bad", pki.bad), ("below", pki.below_revoked)):
        path = file(tmp_path, f"{name}.pem", leaf.pem)
        command = [program("openssl"), "verify", "-x509_strict", "-crl_check_all", "-CAfile", root]
        done = run(*command, "-untrusted", middle, "-CRLfile", crls, path)
        assert expected[name] in done.stdout + done.stderr, done
        assert (done.returncode == 0) is (name == "good")


def test_openssl_fetches_the_crls_by_itself(pki: Pki, tmp_path: Path) -> None:
    """`-crl_download` goes where the certificates point."""
    root = file(tmp_path, "root.pem", pki.root.pem)
    middle = file(tmp_path, "middle.pem", pki.issuing.pem)
    for name, leaf in (("good", pki.good), ("bad", pki.bad)):
        path = file(tmp_path, f"{name}.pem", leaf.pem)
        command = [program("openssl"), "verify", "-crl_download", "-crl_check", "-CAfile", root]
        done = run(*command, "-untrusted", middle, path)
        assert (done.returncode == 0) is (name == "good"), done


def test_openssl_reads_and_verifies_each_list(pki: Pki, tmp_path: Path) -> None:
    """Signature and contents, as `openssl crl` has them."""
    for der, issuer in zip(pki.crls, (pki.root, pki.issuing, pki.revoked_issuer, pki.root), strict=True):
        path = file(tmp_path, "crl.pem", to_pem(der))
        ca = file(tmp_path, "ca.pem", issuer.pem)
        done = run(program("openssl"), "crl", "-in", path, "-noout", "-text", "-CAfile", ca)
        assert "verify OK" in done.stderr, done
        assert "X509v3 CRL Number" in done.stdout


def test_gnutls_verifies_each_list(pki: Pki, tmp_path: Path) -> None:
    """`certtool --verify-crl`."""
    for der, issuer in zip(pki.crls, (pki.root, pki.issuing, pki.revoked_issuer, pki.root), strict=True):
        path = file(tmp_path, "crl.pem", to_pem(der))
        ca = file(tmp_path, "ca.pem", issuer.pem)
        done = run(program("certtool"), "--verify-crl", "--load-ca-certificate", ca, "--infile", path)
        assert "Verification output: Verified" in done.stdout + done.stderr, done


def test_gnutls_accepts_the_good_and_refuses_the_revoked(pki: Pki, tmp_path: Path) -> None:
    """`certtool --verify` with all lists, through the intermediate."""
    root = file(tmp_path, "root.pem", pki.root.pem)
    crls = file(tmp_path, "crls.pem", pki.pem)
    for leaf, issuer in (
        (pki.good, pki.issuing),
        (pki.bad, pki.issuing),
        (pki.below_revoked, pki.revoked_issuer),
    ):
        chain = file(tmp_path, "chain.pem", leaf.pem, issuer.pem, pki.root.pem)
        command = [program("certtool"), "--verify", "--load-ca-certificate", root, "--load-crl", crls]
        done = run(*command, "--infile", chain)
        said = done.stdout + done.stderr
        if leaf is pki.good:
            assert done.returncode == 0, said
            assert "revoked" not in said
        else:
            assert done.returncode != 0
            assert "revoked" in said


def test_pkilint_finds_nothing_in_what_is_served(pki: Pki) -> None:
    """Complete and partitioned, of a root and of issuing authorities, empty and not."""
    for der in pki.crls:
        assert not judges.pkilint_crl_findings(der)


def test_nginx_lets_the_good_client_in_and_not_the_revoked_one(pki: Pki, tmp_path: Path) -> None:
    """`ssl_client_certificate` and `ssl_crl`, with the lists as they were fetched."""
    with nginx(pki, tmp_path) as port:
        assert _status(pki, pki.good, pki.issuing, port, tmp_path) == 200
        assert _status(pki, pki.bad, pki.issuing, port, tmp_path) == 400
        assert _status(pki, pki.below_revoked, pki.revoked_issuer, port, tmp_path) == 400


NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    ssl_client_certificate {folder}/root.pem;
    ssl_crl {folder}/crls.pem;
    ssl_verify_client on;
    ssl_verify_depth 2;
    location / {{ return 200 "welcome"; }}
  }}
}}
"""


@contextmanager
def nginx(pki: Pki, folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    file(folder, "server.pem", pki.good.pem, pki.issuing.pem)
    file(folder, "server.key", pki.good.key_pem)
    file(folder, "root.pem", pki.root.pem)
    file(folder, "crls.pem", pki.pem)
    conf = file(folder, "nginx.conf", NGINX.format(folder=folder, port=port))
    command = [program("nginx"), "-p", str(folder), "-c", conf, "-e", str(folder / "error.log")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + patience(10)
        while not _listens(port):
            assert server.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(10)
        assert server.stdout is not None
        server.stdout.close()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _status(pki: Pki, leaf: Leaf, issuer: Authority, port: int, folder: Path) -> int:
    context = ssl.create_default_context(cadata=pki.root.pem)
    context.load_cert_chain(
        file(folder, "client.pem", leaf.pem, issuer.pem), file(folder, "client.key", leaf.key_pem)
    )
    try:
        with urllib.request.urlopen(f"https://localhost:{port}/", context=context, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_certificates_of_a_root_have_no_distribution_point(pki: Pki) -> None:
    """Nobody can revoke the root."""
    with pytest.raises(x509.ExtensionNotFound):
        crl_url(pki.root.certificate)
