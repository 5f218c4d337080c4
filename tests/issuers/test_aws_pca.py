"""The issuer on AWS Private CA: its patience, and what becomes of the far side's errors."""

import base64
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.clock import FixedClock, SystemClock
from privyseal.devices.terms import Terms
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.issuers.aws_pca import ERRORS, AwsPcaIssuer
from privyseal.names import new_id
from tests.client.far_side import Answer, FarSide, aws_error, far_side
from tests.devices.requests import csr
from tests.issuers.conftest import DEVICE

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CA_ARN = "arn:aws:acm-pca:eu-west-3:111122223333:certificate-authority/11111111-2222-3333-4444-555555555555"
ARN = f"{CA_ARN}/certificate/000000000000000000000000000000ab"
REQUEST = b"-----BEGIN CERTIFICATE REQUEST-----\n"

ISSUED = Answer({"CertificateArn": ARN})
FOUND = Answer({"Certificate": "PEM", "CertificateChain": "CHAIN"})
IN_PROGRESS = aws_error("RequestInProgressException")


def described(not_after: datetime = NOW + timedelta(days=3650), algorithm: str = "SHA384WITHECDSA") -> Answer:
    configuration = {"KeyAlgorithm": "EC_secp384r1", "SigningAlgorithm": algorithm, "Subject": {}}
    authority = {"CertificateAuthorityConfiguration": configuration, "NotAfter": not_after.timestamp()}
    return Answer({"CertificateAuthority": authority})


class Script:
    """Answers each operation from a list of its own; the last answer stands for ever."""

    def __init__(self, far: FarSide) -> None:
        self.far = far
        self.answers = {
            "DescribeCertificateAuthority": [described()],
            "IssueCertificate": [ISSUED],
            "GetCertificate": [FOUND],
        }
        far.answer = lambda received: self._next(self.answers[received.operation])
        self.waits: list[float] = []
        self.clock = FixedClock(NOW)
        self.issuer = AwsPcaIssuer(
            Terms(CA_ARN), clock=self.clock, endpoint_url=far.url, sleep=self.waits.append
        )

    @staticmethod
    def _next(answers: list[Answer]) -> Answer:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def issue(self) -> tuple[str, str, str]:
        issued = self.issuer.issue(REQUEST, token="token-1", caller=DEVICE)
        return issued.certificate, issued.chain, issued.arn

    def refused(self) -> PrivySealError:
        with pytest.raises(PrivySealError) as caught:
            self.issue()
        return caught.value

    def calls(self, operation: str) -> list[dict[str, object]]:
        return [each.json for each in self.far.received if each.operation == operation]


@pytest.fixture
def script() -> Iterator[Script]:
    with far_side() as far:
        yield Script(far)


def test_a_certificate_is_asked_for_in_the_terms_and_fetched(script: Script) -> None:
    assert script.issue() == ("PEM", "CHAIN", ARN)
    assert script.calls("IssueCertificate") == [
        {
            "CertificateAuthorityArn": CA_ARN,
            "Csr": base64.b64encode(REQUEST).decode(),
            "SigningAlgorithm": "SHA384WITHECDSA",
            "TemplateArn": "arn:aws:acm-pca:::template/EndEntityCertificate/V1",
            "Validity": {"Type": "DAYS", "Value": 365},
            "IdempotencyToken": "token-1",
        }
    ]
    assert script.calls("GetCertificate") == [{"CertificateAuthorityArn": CA_ARN, "CertificateArn": ARN}]
    assert script.waits == []


def test_the_region_is_that_of_the_authority(script: Script) -> None:
    script.issue()
    assert {each.headers["authorization"].split("/")[2] for each in script.far.received} == {"eu-west-3"}


def test_the_signing_algorithm_is_asked_once(script: Script) -> None:
    for _ in range(3):
        script.issue()
        script.clock.advance(timedelta(days=1))
    assert len(script.calls("DescribeCertificateAuthority")) == 1


def test_a_renewed_authority_is_noticed_when_its_end_limits_the_certificates(script: Script) -> None:
    end = NOW + timedelta(days=100)
    script.answers["DescribeCertificateAuthority"] = [described(end), described()]
    script.issue()
    script.issue()
    script.clock.advance(timedelta(minutes=5))
    script.issue()
    validities = [call["Validity"] for call in script.calls("IssueCertificate")]
    limited = {"Type": "ABSOLUTE", "Value": int(end.timestamp())}
    assert validities == [limited, limited, {"Type": "DAYS", "Value": 365}]
    assert len(script.calls("DescribeCertificateAuthority")) == 2


def test_a_certificate_in_progress_is_waited_for_longer_and_longer(script: Script) -> None:
    script.answers["GetCertificate"] = [IN_PROGRESS] * 9 + [FOUND]
    assert script.issue() == ("PEM", "CHAIN", ARN)
    assert script.waits == [0.25 * 2**n for n in range(9)]


def test_after_ten_tries_it_is_given_up(script: Script) -> None:
    script.answers["GetCertificate"] = [IN_PROGRESS]
    error = script.refused()
    assert (error.code, error.message) == (ErrorCode.UNAVAILABLE, "timed out waiting for certificate")
    assert len(script.calls("GetCertificate")) == 10


def test_a_reply_without_an_arn_is_an_error(script: Script) -> None:
    script.answers["IssueCertificate"] = [Answer({})]
    error = script.refused()
    assert (error.code, error.message) == (ErrorCode.UNAVAILABLE, "no certificate ARN returned")
    assert script.calls("GetCertificate") == []


@pytest.mark.parametrize("operation", ["DescribeCertificateAuthority", "IssueCertificate", "GetCertificate"])
def test_any_other_error_is_raised_at_once(script: Script, operation: str) -> None:
    script.answers[operation] = [aws_error("ResourceNotFoundException", "there is no such thing")]
    error = script.refused()
    assert error.code is ErrorCode.FAILED
    assert error.message == "ResourceNotFoundException: there is no such thing"
    assert len(script.calls(operation)) == 1
    assert script.waits == []


@pytest.mark.parametrize("name", [*ERRORS, "InvalidStateException", "AccessDeniedException", "SomethingNew"])
def test_errors_of_the_far_side_by_name(script: Script, name: str) -> None:
    script.answers["IssueCertificate"] = [aws_error(name)]
    assert script.refused().code is ERRORS.get(name, ErrorCode.FAILED)


def test_nobody_at_the_endpoint_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    issuer = AwsPcaIssuer(Terms(CA_ARN), clock=SystemClock(), endpoint_url=f"http://127.0.0.1:{port}")
    with pytest.raises(PrivySealError) as caught:
        issuer.issue(REQUEST, token="t", caller=DEVICE)
    assert caught.value.code is ErrorCode.UNAVAILABLE


def test_without_credentials_it_is_unavailable(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    script.issuer = AwsPcaIssuer(Terms(CA_ARN), clock=script.clock, endpoint_url=script.far.url)
    assert script.refused().code is ErrorCode.UNAVAILABLE


def test_a_certificate_of_the_authority_is_revoked_by_its_serial(script: Script) -> None:
    script.answers["RevokeCertificate"] = [Answer({})]
    assert script.issuer.revoke(ARN, DEVICE, "SUPERSEDED")
    assert script.calls("RevokeCertificate") == [
        {
            "CertificateAuthorityArn": CA_ARN,
            "CertificateSerial": ":".join([*["00"] * 15, "ab"]),
            "RevocationReason": "SUPERSEDED",
        }
    ]


@pytest.mark.parametrize("arn", [ARN.replace("1111-2222", "1111-9999"), "arn:aws:iot:x", ""])
def test_what_the_authority_has_not_issued_is_not_revoked(script: Script, arn: str) -> None:
    assert not script.issuer.revoke(arn, DEVICE, "SUPERSEDED")
    assert script.far.received == []


@pytest.mark.parametrize(
    "name", ["RequestAlreadyProcessedException", "InvalidRequestException", "ResourceNotFoundException"]
)
def test_what_cannot_be_revoked_any_more_is_done(script: Script, name: str) -> None:
    script.answers["RevokeCertificate"] = [aws_error(name)]
    assert script.issuer.revoke(ARN, DEVICE, "SUPERSEDED")


@pytest.mark.parametrize(
    ("name", "code"), [("ThrottlingException", ErrorCode.THROTTLED), ("AccessDenied", ErrorCode.FAILED)]
)
def test_a_revocation_that_fails_is_told(script: Script, name: str, code: ErrorCode) -> None:
    script.answers["RevokeCertificate"] = [aws_error(name)]
    with pytest.raises(PrivySealError) as caught:
        script.issuer.revoke(ARN, DEVICE, "SUPERSEDED")
    assert caught.value.code is code


LIVE = "PRIVYSEAL_LIVE_CA_ARN"


@pytest.mark.skipif(LIVE not in os.environ, reason=f"opt-in: {LIVE} names an authority at AWS")
def test_a_real_private_ca_issues() -> None:
    """Costs money and needs credentials: the ARN of an active AWS Private CA opts in."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = AwsPcaIssuer(Terms(os.environ[LIVE], validity_days=1), clock=SystemClock())
    request, token = csr(key, "privyseal-live-test"), new_id()
    issued = issuer.issue(request, token=token, caller=DEVICE)
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificates(issued.chain.encode())[0])
    assert issuer.issue(request, token=token, caller=DEVICE) == issued
