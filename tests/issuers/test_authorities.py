"""Issuers that have an authority behind them: its terms, its chain, its state."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from privyseal.client.ceremony import create_authority
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.devices.terms import Terms
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.hosting.in_process import InProcess
from privyseal.names import new_id
from tests.devices.deployment import ADMIN, OPERATOR, REGION, Deployment, key_der
from tests.devices.requests import csr
from tests.issuers.conftest import DEVICE, Bench

KEY = ec.generate_private_key(ec.SECP256R1())
FOR_THE_DEVICE = {ErrorCode.MALFORMED_CSR, ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE}


def issue(
    bench: Bench, *, request: bytes = b"", token: str = "", terms: Terms | None = None
) -> IssuedDeviceCertificate:
    """A request, a token and terms of its own unless they are given."""
    issuer = bench.make(terms or Terms(bench.authority))
    return issuer.issue(request or csr(KEY, "sensor"), token=token or new_id(), caller=DEVICE)


def refused(bench: Bench, **asked: object) -> ErrorCode:
    with pytest.raises(PrivySealError) as caught:
        issue(bench, **asked)  # type: ignore[arg-type]
    return caught.value.code


def parsed(issued: IssuedDeviceCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate.encode())


def root(product: Deployment, key_algorithm: str, years: int) -> str:
    caller = InProcess(product.acm_pca, ADMIN, REGION, product.clock)
    return create_authority(
        caller,
        subject={"CommonName": f"{key_algorithm} {years}"},
        key_algorithm=key_algorithm,
        validity_years=years,
        clock=product.clock,
    ).arn


def test_the_certificate_is_for_the_key_and_the_names_of_the_request(bench: Bench) -> None:
    certificate = parsed(issue(bench, request=csr(KEY, "sensor", ["sensor.example"])))
    assert key_der(certificate.public_key()) == key_der(KEY.public_key())
    assert certificate.subject.rfc4514_string() == "CN=sensor"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["sensor.example"]


def test_the_chain_leads_from_the_issuer_to_the_root(bench: Bench) -> None:
    issued = issue(bench)
    issuing, top = x509.load_pem_x509_certificates(issued.chain.encode())
    parsed(issued).verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(top)
    top.verify_directly_issued_by(top)


def test_under_a_root_the_chain_is_the_root(bench: Bench) -> None:
    issued = issue(bench, terms=Terms(root(bench.product, "EC_prime256v1", 10)))
    (top,) = x509.load_pem_x509_certificates(issued.chain.encode())
    parsed(issued).verify_directly_issued_by(top)


def test_the_arn_is_that_of_the_authority_and_the_serial(bench: Bench) -> None:
    issued = issue(bench)
    assert issued.arn == f"{bench.authority}/certificate/{parsed(issued).serial_number:032x}"


def test_an_authority_that_is_not_there_is_no_matter_for_the_device(bench: Bench) -> None:
    terms = Terms(bench.authority[:-12] + "0" * 12)
    assert refused(bench, terms=terms) not in FOR_THE_DEVICE


def test_an_authority_that_is_switched_off_is_no_matter_for_the_device(bench: Bench) -> None:
    arn = root(bench.product, "EC_prime256v1", 10)
    bench.product.authorities.authorities.update(OPERATOR, arn, status="DISABLED", revocation=None)
    assert refused(bench, terms=Terms(arn)) not in FOR_THE_DEVICE


def test_a_template_that_does_not_exist_is_no_matter_for_the_device(bench: Bench) -> None:
    terms = Terms(bench.authority, template="NoSuchCertificate/V1")
    assert refused(bench, terms=terms) not in FOR_THE_DEVICE


@pytest.mark.parametrize(
    ("template", "purposes"),
    [
        ("EndEntityCertificate/V1", {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}),
        ("EndEntityClientAuthCertificate/V1", {ExtendedKeyUsageOID.CLIENT_AUTH}),
    ],
)
def test_the_template_is_that_of_the_terms(
    bench: Bench, template: str, purposes: set[x509.ObjectIdentifier]
) -> None:
    certificate = parsed(issue(bench, terms=Terms(bench.authority, template=template)))
    assert set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == purposes


@pytest.mark.parametrize("days", [1, 365])
def test_the_validity_is_that_of_the_terms(bench: Bench, days: int) -> None:
    certificate = parsed(issue(bench, terms=Terms(bench.authority, validity_days=days)))
    assert certificate.not_valid_after_utc == bench.product.clock.now() + timedelta(days=days)


def test_a_certificate_ends_with_its_issuer_at_the_latest(bench: Bench) -> None:
    arn = root(bench.product, "EC_prime256v1", 1)
    issued = issue(bench, terms=Terms(arn, validity_days=3650))
    (top,) = x509.load_pem_x509_certificates(issued.chain.encode())
    assert parsed(issued).not_valid_after_utc == top.not_valid_after_utc


def test_the_signing_algorithm_is_the_authoritys(bench: Bench) -> None:
    issued = issue(bench, terms=Terms(root(bench.product, "EC_secp384r1", 10)))
    assert parsed(issued).signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA384
