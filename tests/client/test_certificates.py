"""Issuing and waiting: what is asked, how long, and which errors end it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from privyseal.client import (
    ApiError,
    ClientError,
    IssuedCertificate,
    issue_certificate,
    wait_for_certificate,
)

CA = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/00000000-0000-0000-0000-000000000001"
Reply = dict[str, Any] | ApiError


class Scripted:
    """A service that gives the answers it was handed, in order; the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append((operation, params))
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, ApiError):
            raise reply
        return reply


IN_PROGRESS = ApiError("RequestInProgressException", "not yet", 400)


def issue(api: Scripted, **more: Any) -> str:
    return issue_certificate(api, certificate_authority_arn=CA, csr="CSR", **more)


def test_a_certificate_is_asked_for_with_all_that_was_given() -> None:
    api = Scripted({"CertificateArn": "arn"})
    arn = issue(
        api,
        signing_algorithm="SHA384WITHECDSA",
        template_arn="t",
        validity_days=7,
        idempotency_token="token",
    )
    assert arn == "arn"
    assert api.calls == [
        (
            "IssueCertificate",
            {
                "CertificateAuthorityArn": CA,
                "Csr": b"CSR",
                "SigningAlgorithm": "SHA384WITHECDSA",
                "Validity": {"Type": "DAYS", "Value": 7},
                "TemplateArn": "t",
                "IdempotencyToken": "token",
            },
        )
    ]


def test_without_a_signing_algorithm_it_is_the_authoritys() -> None:
    configuration = {"CertificateAuthorityConfiguration": {"SigningAlgorithm": "ML_DSA_65"}}
    api = Scripted({"CertificateAuthority": configuration}, {"CertificateArn": "arn"})
    issue(api)
    (describe, _), (_, params) = api.calls
    assert describe == "DescribeCertificateAuthority"
    assert params["SigningAlgorithm"] == "ML_DSA_65"
    assert "TemplateArn" not in params
    assert "IdempotencyToken" not in params


@pytest.mark.parametrize("reply", [{}, {"CertificateArn": ""}, {"CertificateArn": None}])
def test_a_reply_without_an_arn_is_an_error(reply: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=r"\Ano certificate ARN returned\Z"):
        issue(Scripted(reply), signing_algorithm="SHA256WITHECDSA")


@pytest.fixture(name="slept")
def slept_fixture() -> list[float]:
    return []


@pytest.fixture(name="sleep")
def sleep_fixture(slept: list[float]) -> Callable[[float], None]:
    return slept.append


def test_a_certificate_that_is_there_is_not_waited_for(
    slept: list[float], sleep: Callable[[float], None]
) -> None:
    api = Scripted({"Certificate": "PEM", "CertificateChain": "CHAIN"})
    assert wait_for_certificate(api, CA, "arn", sleep=sleep) == IssuedCertificate("PEM", "CHAIN")
    assert slept == []
    assert api.calls == [("GetCertificate", {"CertificateAuthorityArn": CA, "CertificateArn": "arn"})]


def test_a_roots_own_certificate_has_no_chain() -> None:
    assert wait_for_certificate(Scripted({"Certificate": "PEM"}), CA, "arn").chain == ""


def test_waiting_doubles_from_a_quarter_of_a_second(
    slept: list[float], sleep: Callable[[float], None]
) -> None:
    api = Scripted(IN_PROGRESS, IN_PROGRESS, IN_PROGRESS, {"Certificate": "PEM"})
    wait_for_certificate(api, CA, "arn", sleep=sleep)
    assert slept == [0.25, 0.5, 1.0]


def test_the_tenth_try_is_the_last(slept: list[float], sleep: Callable[[float], None]) -> None:
    api = Scripted(IN_PROGRESS)
    with pytest.raises(ClientError, match=r"\Atimed out waiting for certificate\Z"):
        wait_for_certificate(api, CA, "arn", sleep=sleep)
    assert len(api.calls) == 10
    assert slept == [0.25 * 2**n for n in range(9)]


def test_any_other_error_ends_the_wait_at_once(slept: list[float], sleep: Callable[[float], None]) -> None:
    api = Scripted(IN_PROGRESS, ApiError("RequestFailedException", "failed", 400))
    with pytest.raises(ApiError, match="RequestFailedException"):
        wait_for_certificate(api, CA, "arn", sleep=sleep)
    assert slept == [0.25]


def test_a_reply_without_a_certificate_is_an_error() -> None:
    with pytest.raises(ClientError, match="no certificate in the reply"):
        wait_for_certificate(Scripted({}), CA, "arn")
