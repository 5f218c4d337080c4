"""The contract of `devices.ports.Issuer`, over the whole table of issuers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices.ports import IssuedDeviceCertificate, Issuer
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import new_id
from tests.devices.deployment import key_der
from tests.devices.requests import csr
from tests.issuers.conftest import DEVICE

KEY = ec.generate_private_key(ec.SECP256R1())
FOR_THE_DEVICE = {ErrorCode.MALFORMED_CSR, ErrorCode.THROTTLED, ErrorCode.UNAVAILABLE}

Start = Callable[[], Issuer]


def issue(start: Start, request: bytes, token: str) -> IssuedDeviceCertificate:
    return start().issue(request, token=token, caller=DEVICE)


def refused(start: Start, request: bytes, token: str) -> ErrorCode:
    with pytest.raises(PrivySealError) as caught:
        issue(start, request, token)
    return caught.value.code


def test_the_certificate_is_for_the_key_and_the_subject_of_the_request(issuer: Start) -> None:
    issued = issue(issuer, csr(KEY, "sensor"), new_id())
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    assert key_der(certificate.public_key()) == key_der(KEY.public_key())
    assert certificate.subject.rfc4514_string() == "CN=sensor"


def test_the_same_token_gives_the_same_certificate_in_any_process(issuer: Start) -> None:
    request, token = csr(KEY, "sensor"), new_id()
    assert len(token) == 36, "as long as a token can be"
    assert issue(issuer, request, token) == issue(issuer, request, token)


def test_another_token_gives_another_certificate(issuer: Start) -> None:
    request = csr(KEY, "sensor")
    assert issue(issuer, request, new_id()).arn != issue(issuer, request, new_id()).arn


def test_simultaneous_requests_with_one_token_get_one_certificate(issuer: Start) -> None:
    """Some may be told to come again."""
    request, token, start = csr(KEY, "sensor"), new_id(), issuer

    def ask(_: int) -> str | None:
        try:
            return issue(start, request, token).arn
        except PrivySealError as error:
            return None if error.code is ErrorCode.UNAVAILABLE else error.message

    with ThreadPoolExecutor(4) as threads:
        arns = set(threads.map(ask, range(8))) - {None}
    assert arns == {issue(issuer, request, token).arn}


def test_a_token_with_another_request_is_no_matter_for_the_device(issuer: Start) -> None:
    token = new_id()
    issue(issuer, csr(KEY, "sensor"), token)
    assert refused(issuer, csr(KEY, "other"), token) not in FOR_THE_DEVICE


def test_a_request_that_cannot_be_used_is_malformed(issuer: Start) -> None:
    assert refused(issuer, b"hello", new_id()) is ErrorCode.MALFORMED_CSR
