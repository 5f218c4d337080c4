"""`privyseal csr` on its own."""

from pathlib import Path

import pytest
from cryptography import x509

from tests.cli.conftest import Shell


def test_the_key_is_never_overwritten_by_its_own_csr(shell: Shell) -> None:
    """Both outputs under one name, written differently: refused, and nothing is made."""
    done = shell("csr", "--cn", "x", "--out-key", "same.pem", "--out-csr", "./same.pem")
    assert done.code == 2
    assert "the key would be lost" in done.err
    assert shell.files() == []


def test_an_address_is_no_dns_name(shell: Shell) -> None:
    done = shell("csr", "--cn", "x", "--dns", "192.0.2.1")
    assert done.code == 1
    assert "is an address" in done.err
    assert shell.files() == []


def test_a_server_has_the_file_names_of_serverless_ca(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In ~/certs, for its owner alone, and never over what is there."""
    monkeypatch.setenv("HOME", str(Path.cwd()))
    done = shell("csr", "--cn", "server.example.com", "--server")
    assert done.code == 0
    key, request = Path("certs/server-key.pem"), Path("certs/server-cert-request.csr")
    assert oct(key.stat().st_mode & 0o777) == oct(0o600)
    assert oct(key.parent.stat().st_mode & 0o777) == oct(0o700)
    assert "server.example.com" in x509.load_pem_x509_csr(request.read_bytes()).subject.rfc4514_string()
    before = key.read_bytes()
    assert shell("csr", "--cn", "server.example.com", "--server").code == 1
    assert key.read_bytes() == before
