"""A device's folder: what is secret stays so, and a crash loses nothing."""

import stat
from pathlib import Path

import pytest
from cryptography import x509

from privyseal.agent.folder import DeviceFolder
from privyseal.errors import PrivySealError
from tests.mqtt.pki import Authority, pem

ROOT = Authority("Root")
ISSUING = Authority("Issuing", ROOT)
CHAIN = pem(*ISSUING.chain).decode()


def certified(folder: DeviceFolder) -> str:
    """By an authority, for what the folder asks."""
    asked = x509.load_pem_x509_csr(folder.pending_request().encode())
    assert asked.is_signature_valid
    assert asked.subject.rfc4514_string() == "CN=sensor-1"
    return pem(ISSUING.sign("sensor-1", folder.private_key)).decode()  # type: ignore[arg-type]


def test_nobody_else_can_read_what_is_in_it(tmp_path: Path) -> None:
    """The folder 0700, every file 0600."""
    folder = DeviceFolder(tmp_path / "sensor-1", "sensor-1")
    folder.keep(certified(folder), CHAIN)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    assert files == {"key.pem": 0o600, "certificate.pem": 0o600, "root.pem": 0o600}


@pytest.mark.parametrize("algorithm", ["EC_prime256v1", "EC_secp384r1", "RSA_2048", "ML_DSA_65"])
def test_the_key_is_made_once(tmp_path: Path, algorithm: str) -> None:
    first = DeviceFolder(tmp_path / "sensor-1", "sensor-1", algorithm)
    asked = first.pending_request()
    again = DeviceFolder(tmp_path / "sensor-1", "sensor-1", algorithm)
    assert again.public_key_pem == first.public_key_pem
    assert again.pending_request() == asked
    assert x509.load_pem_x509_csr(asked.encode()).is_signature_valid


def test_a_request_stays_the_same_until_it_is_answered(tmp_path: Path) -> None:
    """Only the identical one is a retry; the next is another one of the same key."""
    folder = DeviceFolder(tmp_path / "sensor-1", "sensor-1")
    asked = folder.pending_request()
    assert DeviceFolder(folder.path, "sensor-1").pending_request() == asked
    folder.keep(certified(folder), CHAIN)
    assert not folder.request.exists()
    assert folder.pending_request() != asked


def test_tls_gets_the_chain_without_the_root(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "sensor-1", "sensor-1")
    certificate = certified(folder)
    folder.keep(certificate, CHAIN)
    assert folder.certificate.read_text() == certificate + pem(ISSUING.certificate).decode()
    assert folder.root.read_bytes() == pem(ROOT.certificate)
    assert folder.serial == x509.load_pem_x509_certificate(certificate.encode()).serial_number


def test_a_certificate_for_another_key_is_not_kept(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "sensor-1", "sensor-1")
    other = DeviceFolder(tmp_path / "other", "sensor-1")
    folder.pending_request()
    with pytest.raises(PrivySealError, match="another key"):
        folder.keep(certified(other), CHAIN)
    assert folder.request.exists()
    assert not folder.has_certificate


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "sensor-1", "sensor-1")
    folder.pending_request()
    folder.key.chmod(0o640)
    with pytest.raises(PrivySealError, match="chmod 600"):
        _ = DeviceFolder(folder.path, "sensor-1").private_key
