"""CRLs on an address of their own, and what is told about them."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from tests.crl.hierarchy import Authority, fetch, fetch_with
from tests.frontends.raw import exchange
from tests.service import Service

CRL = {"Enabled": True, "ExpirationInDays": 7}


@pytest.fixture(scope="module", name="own")
def own_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("listener")
    service = Service(folder / "data", "--workers", "2", "--revocation-port", "0").start()
    yield service
    assert service.stop() == 0, service.log.read_text()


def _get(url: str, path: str) -> tuple[int, bytes]:
    request = f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = exchange(url, request.encode())
    return answer.status, answer.body


def test_certificates_name_the_address_of_its_own_and_the_crl_is_there(own: Service) -> None:
    """And not at the address of the API; nothing of the API is where the CRLs are."""
    root = Authority(own, "Root beside", None, CRL)
    leaf = root.leaf("device.example")
    place = urlsplit(leaf.crl_url)
    assert place.port != urlsplit(own.url).port
    root.revoke(leaf.serial)
    found = x509.load_der_x509_crl(fetch_with(leaf.crl_url, leaf.serial))
    assert found.issuer == root.certificate.subject
    status, body = _get(own.url, place.path)
    assert status != 200
    assert not body.startswith(b"\x30")
    for path in ("/healthz", "/metrics", "/api/v1/devices"):  # to OCSP these are malformed requests
        answer = _get(f"http://{place.netloc}", path)[1]
        assert answer != _get(own.url, path)[1]
        assert b"privyseal" not in answer


def test_metrics_say_when_a_crl_runs_out(own: Service) -> None:
    """By authority, in seconds since 1970."""
    root = Authority(own, "Root with numbers", None, CRL)
    crl = x509.load_der_x509_crl(fetch(root.leaf("device.example").crl_url))
    assert crl.next_update_utc
    authority = root.arn.rpartition("/")[2]
    line = f'x509_crl_next_update{{authority="{authority}"}} {crl.next_update_utc.timestamp():.0f}'
    assert line.encode() in _get(own.url, "/metrics")[1]
