"""The sequence of cert-manager's aws-privateca-issuer ends with a Secret that a server can use."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.acm_pca_errors.wire import PROTOCOLS, Wire
from tests.cert_manager.issuer import TOKEN_LENGTH, CertificateRequest, PcaIssuer
from tests.e2e.openssl import verify
from tests.service import Service

KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("api.shop.svc.cluster.local"),
        x509.DNSName("*.shop.example.com"),
        x509.IPAddress(ip_address("10.96.0.17")),
        x509.UniformResourceIdentifier("spiffe://cluster.local/ns/shop/sa/api"),
    ]
)


@contextmanager
def _issuer(service: Service, protocol: str) -> Iterator[PcaIssuer]:
    """With the issuing authority of `privyseal up`, which stands below a root."""
    found = service.environment
    assert found.issuing_ca_arn
    wire = Wire(found.url, found.access_key_id, found.secret_access_key, found.region)
    yield PcaIssuer(wire, protocol, found.issuing_ca_arn)
    wire.close()


@pytest.fixture(name="issuer", params=PROTOCOLS)
def issuer_fixture(request: pytest.FixtureRequest, service: Service) -> Iterator[PcaIssuer]:
    with _issuer(service, request.param) as issuer:
        yield issuer


@pytest.fixture(name="asynchronous", scope="module")
def asynchronous_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that answers with the ARN before it signs, as AWS does."""
    folder = tmp_path_factory.mktemp("asynchronous")
    later = {"PRIVYSEAL_ASYNCHRONOUS_ISSUING": "true", "PRIVYSEAL_ISSUING_DELAY_SECONDS": "0.5"}
    service = Service(folder / "data", **later).start()
    yield service
    assert service.stop() == 0, service.log.read_text()


def _csr(key: ec.EllipticCurvePrivateKey) -> bytes:
    """As cert-manager writes it: usages in the request, no subject and therefore critical names."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for extension, critical in (
        (NAMES, True),
        (KEY_USAGE, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _request(name: str, duration: timedelta) -> tuple[CertificateRequest, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return CertificateRequest("shop", name, _csr(key), duration), key


def test_the_sequence_of_requests_ends_with_a_certificate_that_verifies(
    issuer: PcaIssuer, tmp_path: Path
) -> None:
    """Describe, issue with an absolute end, get; the last PEM of the chain is the root."""
    request, key = _request(f"api-{tmp_path.name}", timedelta(hours=1))
    now = time.time()
    vended = issuer.get(issuer.sign(request, issuer.signing_algorithm(), now))
    assert issuer.sent == ["DescribeCertificateAuthority", "IssueCertificate", "GetCertificate"]

    leaf, *between = x509.load_pem_x509_certificates(vended.certificate.encode())
    root = x509.load_pem_x509_certificate(vended.ca.encode())
    assert leaf.public_key() == key.public_key()
    assert leaf.not_valid_after_utc == datetime.fromtimestamp(int(now) + 3600, UTC)
    assert root.subject == root.issuer == between[-1].issuer
    for name, text in (("tls.crt", vended.certificate), ("ca.crt", vended.ca)):
        (tmp_path / name).write_text(text)
    middle = ["-purpose", "sslserver", "-verify_hostname", "x.shop.example.com"]
    verify(tmp_path / "tls.crt", tmp_path / "ca.crt", tmp_path / "tls.crt", *middle)


def test_the_usages_and_names_of_the_request_are_those_of_the_certificate(
    issuer: PcaIssuer, tmp_path: Path
) -> None:
    """The blank template takes them from the CSR, and adds none of its own."""
    request, _ = _request(f"usages-{tmp_path.name}", timedelta(days=90))
    vended = issuer.get(issuer.sign(request, issuer.signing_algorithm(), time.time()))
    leaf, *_ = x509.load_pem_x509_certificates(vended.certificate.encode())
    found = {each.oid: each for each in leaf.extensions}
    assert found[KEY_USAGE.oid].value == KEY_USAGE
    assert (found[NAMES.oid].value, found[NAMES.oid].critical) == (NAMES, True)
    usages = found[x509.ExtendedKeyUsage.oid].value
    assert usages == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_reconciliation_that_starts_again_gets_the_same_certificate(
    issuer: PcaIssuer, tmp_path: Path
) -> None:
    """The controller lost the ARN: it sends the same request with the token of the same object."""
    request, _ = _request(f"again-{tmp_path.name}", timedelta(days=30))
    assert len(request.token) == TOKEN_LENGTH
    now, algorithm = time.time(), issuer.signing_algorithm()
    assert issuer.sign(request, algorithm, now) == issuer.sign(request, algorithm, now)
    other, _ = _request(f"other-{tmp_path.name}", timedelta(days=30))
    assert issuer.sign(other, algorithm, now) != issuer.sign(request, algorithm, now)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_certificate_that_is_still_being_signed_is_asked_for_again(
    asynchronous: Service, protocol: str, tmp_path: Path
) -> None:
    """RequestInProgressException until it is there, and then the same chain."""
    request, key = _request(f"later-{tmp_path.name}", timedelta(hours=1))
    with _issuer(asynchronous, protocol) as issuer:
        vended = issuer.get(issuer.sign(request, issuer.signing_algorithm(), time.time()))
    assert issuer.sent[:2] == ["DescribeCertificateAuthority", "IssueCertificate"]
    assert len(issuer.sent) > 3
    assert set(issuer.sent[2:]) == {"GetCertificate"}
    leaf, *between = x509.load_pem_x509_certificates(vended.certificate.encode())
    assert leaf.public_key() == key.public_key()
    root = x509.load_pem_x509_certificate(vended.ca.encode())
    assert root.subject == root.issuer == between[-1].issuer
