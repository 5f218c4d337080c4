"""The ceremony: each step in its order, each value from where it belongs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from privyseal.client import (
    ApiError,
    ClientError,
    UnfinishedAuthorityError,
    activate_authority,
    create_authority,
    template_arn,
)
from privyseal.clock import FixedClock

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ID = "00000000-0000-0000-0000-00000000000"
NEW = f"arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/{ID}1"
PARENT = f"arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/{ID}2"
SUBJECT = {"CommonName": "Test CA"}


class Service:
    """Answers every operation of the ceremony and remembers what it was asked."""

    def __init__(self, parent_not_after: datetime | None = None) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.failures: dict[str, list[ApiError]] = {}
        self.created: Mapping[str, Any] = {}
        self.parent: dict[str, Any] = {
            "Status": "ACTIVE",
            "CertificateAuthorityConfiguration": {"SigningAlgorithm": "SHA384WITHRSA"},
            "NotAfter": parent_not_after.timestamp() if parent_not_after else None,
        }

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append((operation, params))
        if self.failures.get(operation):
            raise self.failures[operation].pop(0)
        if operation == "CreateCertificateAuthority":
            self.created = params
        if operation == "DescribeCertificateAuthority":
            return {"CertificateAuthority": self._describe(params)}
        replies: dict[str, dict[str, Any]] = {
            "CreateCertificateAuthority": {"CertificateAuthorityArn": NEW},
            "GetCertificateAuthorityCsr": {"Csr": "CSR"},
            "IssueCertificate": {"CertificateArn": "certificate-arn"},
            "GetCertificate": {"Certificate": "PEM"} | self._chain(params),
            "ImportCertificateAuthorityCertificate": {},
        }
        return replies[operation]

    def asked(self, operation: str) -> Mapping[str, Any]:
        (params,) = [params for name, params in self.calls if name == operation]
        return params

    def _describe(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if params["CertificateAuthorityArn"] == PARENT:
            return self.parent
        return self.created

    def _chain(self, params: Mapping[str, Any]) -> dict[str, str]:
        return {"CertificateChain": "CHAIN"} if params.get("CertificateAuthorityArn") == PARENT else {}


def test_a_root_signs_itself_and_imports_what_it_signed() -> None:
    service = Service()
    made = create_authority(service, subject=SUBJECT, key_algorithm="EC_secp384r1", tags={"team": "x"})
    assert (made.arn, made.certificate_pem, made.chain_pem) == (NEW, "PEM", "")
    assert [operation for operation, _ in service.calls] == [
        "CreateCertificateAuthority",
        "GetCertificateAuthorityCsr",
        "DescribeCertificateAuthority",
        "IssueCertificate",
        "GetCertificate",
        "ImportCertificateAuthorityCertificate",
    ]
    assert service.asked("CreateCertificateAuthority") == {
        "CertificateAuthorityType": "ROOT",
        "CertificateAuthorityConfiguration": {
            "KeyAlgorithm": "EC_secp384r1",
            "SigningAlgorithm": "SHA384WITHECDSA",
            "Subject": SUBJECT,
        },
        "Tags": [{"Key": "team", "Value": "x"}],
    }
    assert service.asked("IssueCertificate") == {
        "CertificateAuthorityArn": NEW,
        "Csr": b"CSR",
        "SigningAlgorithm": "SHA384WITHECDSA",
        "Validity": {"Type": "YEARS", "Value": 10},
        "TemplateArn": "arn:aws:acm-pca:::template/RootCACertificate/V1",
    }
    assert service.asked("ImportCertificateAuthorityCertificate") == {
        "CertificateAuthorityArn": NEW,
        "Certificate": b"PEM",
    }


def test_a_subordinate_is_signed_by_its_parent_with_the_parents_algorithm() -> None:
    service = Service(parent_not_after=NOW + timedelta(days=3650))
    made = create_authority(service, subject=SUBJECT, parent_arn=PARENT, path_length=2, clock=FixedClock(NOW))
    assert made.chain_pem == "CHAIN"
    configuration = service.asked("CreateCertificateAuthority")["CertificateAuthorityConfiguration"]
    assert configuration["SigningAlgorithm"] == "SHA256WITHECDSA"
    issue = service.asked("IssueCertificate")
    assert issue["CertificateAuthorityArn"] == PARENT
    assert issue["SigningAlgorithm"] == "SHA384WITHRSA"
    assert issue["TemplateArn"] == "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen2/V1"
    assert issue["Validity"] == {"Type": "YEARS", "Value": 3}
    assert service.asked("ImportCertificateAuthorityCertificate")["CertificateChain"] == b"CHAIN"


@pytest.mark.parametrize("days", [1, 365, 1095, 1096])
def test_a_subordinate_ends_with_a_parent_that_ends_sooner(days: int) -> None:
    end = NOW + timedelta(days=days)
    service = Service(parent_not_after=end)
    create_authority(service, subject=SUBJECT, parent_arn=PARENT, clock=FixedClock(NOW))
    assert service.asked("IssueCertificate")["Validity"] == {
        "Type": "ABSOLUTE",
        "Value": int(end.timestamp()),
    }


def test_the_wished_years_are_asked_for() -> None:
    service = Service()
    create_authority(service, subject=SUBJECT, validity_years=25)
    assert service.asked("IssueCertificate")["Validity"] == {"Type": "YEARS", "Value": 25}


def test_a_csr_and_a_certificate_in_progress_are_waited_for() -> None:
    service, slept = Service(), list[float]()
    for operation in ("GetCertificateAuthorityCsr", "GetCertificate"):
        service.failures[operation] = [ApiError("RequestInProgressException", "not yet", 400)] * 2
    create_authority(service, subject=SUBJECT, sleep=slept.append)
    assert slept == [0.25, 0.5, 0.25, 0.5]


@pytest.mark.parametrize(
    "operation",
    [
        "GetCertificateAuthorityCsr",
        "DescribeCertificateAuthority",
        "IssueCertificate",
        "GetCertificate",
        "ImportCertificateAuthorityCertificate",
    ],
)
def test_a_failure_on_the_way_names_the_authority_that_exists_already(operation: str) -> None:
    service = Service()
    service.failures[operation] = [ApiError("InvalidStateException", "why not", 400)]
    with pytest.raises(UnfinishedAuthorityError, match="why not") as caught:
        create_authority(service, subject=SUBJECT)
    assert caught.value.arn == NEW
    assert NEW in caught.value.message


@pytest.mark.parametrize("status", ["DISABLED", "PENDING_CERTIFICATE", "EXPIRED", "DELETED"])
def test_nothing_is_created_below_a_parent_that_cannot_sign(status: str) -> None:
    service = Service()
    service.parent["Status"] = status
    with pytest.raises(ClientError, match=status):
        create_authority(service, subject=SUBJECT, parent_arn=PARENT)
    assert [operation for operation, _ in service.calls] == ["DescribeCertificateAuthority"]


def test_nothing_is_created_below_a_parent_that_does_not_exist() -> None:
    service = Service()
    service.failures["DescribeCertificateAuthority"] = [ApiError("ResourceNotFoundException", "no", 400)]
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        create_authority(service, subject=SUBJECT, parent_arn=PARENT)
    assert len(service.calls) == 1


def test_a_refused_creation_leaves_nothing_unfinished() -> None:
    service = Service()
    service.failures["CreateCertificateAuthority"] = [ApiError("LimitExceededException", "full", 400)]
    with pytest.raises(ApiError, match="LimitExceededException"):
        create_authority(service, subject=SUBJECT)


def test_an_authority_left_unfinished_can_be_activated_later() -> None:
    service = Service(parent_not_after=NOW + timedelta(days=3650))
    made = activate_authority(service, NEW, parent_arn=PARENT, clock=FixedClock(NOW))
    assert (made.arn, made.certificate_pem, made.chain_pem) == (NEW, "PEM", "CHAIN")


def test_a_template_is_named_in_the_partition_of_its_authority() -> None:
    china = f"arn:aws-cn:acm-pca:cn-north-1:123456789012:certificate-authority/{ID}1"
    assert template_arn("RootCACertificate/V1", china) == "arn:aws-cn:acm-pca:::template/RootCACertificate/V1"
