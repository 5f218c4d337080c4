"""boto3 calls the fake acm-pca in both of its protocols, as it would call AWS."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm_pca as shapes
from tests.aws_wire.fake import ACCOUNT, ADMIN, CA_ARN, REGION, Deployment

both = pytest.mark.parametrize("cbor", [False, True], ids=["json", "cbor"])
CERTIFICATE_ARN = f"{CA_ARN}/certificate/{'0' * 32}"


def _pairs(deployment: Deployment) -> dict[bytes, bytes]:
    return dict(deployment.requests[-1].headers.pairs)


def test_json_is_what_is_on_the_wire(fake: Deployment) -> None:
    """awsJson1.1: one path, the operation in a header."""
    fake.client("acm-pca").list_certificate_authorities()
    request = fake.requests[-1]
    assert request.raw_path == b"/"
    assert _pairs(fake)[b"content-type"] == b"application/x-amz-json-1.1"
    assert _pairs(fake)[b"x-amz-target"] == b"ACMPrivateCA.ListCertificateAuthorities"


def test_cbor_is_what_is_on_the_wire(fake: Deployment) -> None:
    """rpc-v2-cbor: the operation in the path, and the answer in CBOR too."""
    answered = fake.client("acm-pca", cbor=True).list_certificate_authorities()
    request = fake.requests[-1]
    assert request.raw_path == b"/service/ACMPrivateCA/operation/ListCertificateAuthorities"
    assert _pairs(fake)[b"content-type"] == b"application/cbor"
    assert _pairs(fake)[b"smithy-protocol"] == b"rpc-v2-cbor"
    assert b"x-amz-target" not in _pairs(fake)
    headers = answered["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/cbor"
    assert headers["smithy-protocol"] == "rpc-v2-cbor"


@both
def test_a_request_arrives_typed(fake: Deployment, cbor: bool) -> None:
    """Every kind of value: blobs as bytes, nested structures, lists, numbers, booleans."""
    fake.answers["IssueCertificate"] = shapes.IssueCertificateResponse(certificate_arn=CERTIFICATE_ARN)
    answered = fake.client("acm-pca", cbor=cbor).issue_certificate(
        CertificateAuthorityArn=CA_ARN,
        Csr=b"\x00\xff csr",
        SigningAlgorithm="SHA256WITHECDSA",
        Validity={"Value": 2**62, "Type": "ABSOLUTE"},
        IdempotencyToken="tökén",
        ApiPassthrough={
            "Subject": {"CommonName": "名前"},
            "Extensions": {
                "KeyUsage": {"DigitalSignature": True, "CRLSign": False},
                "SubjectAlternativeNames": [{"DnsName": "a.example"}, {"IpAddress": "10.0.0.1"}],
            },
        },
    )
    assert answered["CertificateArn"] == CERTIFICATE_ARN
    call, request = fake.calls[-1]
    assert request == shapes.IssueCertificateRequest(
        certificate_authority_arn=CA_ARN,
        csr=b"\x00\xff csr",
        signing_algorithm="SHA256WITHECDSA",
        validity=shapes.Validity(value=2**62, type="ABSOLUTE"),
        idempotency_token="tökén",
        api_passthrough=shapes.ApiPassthrough(
            subject=shapes.ASN1Subject(common_name="名前"),
            extensions=shapes.Extensions(
                key_usage=shapes.KeyUsage(digital_signature=True, crl_sign=False),
                subject_alternative_names=[
                    shapes.GeneralName(dns_name="a.example"),
                    shapes.GeneralName(ip_address="10.0.0.1"),
                ],
            ),
        ),
    )
    assert call.principal == ADMIN.principal
    assert (call.account, call.region) == (ACCOUNT, REGION)


@both
def test_an_answer_arrives_as_boto3_has_it(fake: Deployment, cbor: bool) -> None:
    """Dates as datetimes, absent members absent, text of any script."""
    created = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    authority = shapes.CertificateAuthority(
        arn=CA_ARN,
        created_at=created,
        not_after=datetime(2036, 1, 1, tzinfo=UTC),
        status="ACTIVE",
        certificate_authority_configuration=shapes.CertificateAuthorityConfiguration(
            key_algorithm="EC_prime256v1",
            signing_algorithm="SHA256WITHECDSA",
            subject=shapes.ASN1Subject(common_name="Корень & <Co>"),
        ),
        revocation_configuration=shapes.RevocationConfiguration(
            crl_configuration=shapes.CrlConfiguration(enabled=False)
        ),
    )
    fake.answers["DescribeCertificateAuthority"] = shapes.DescribeCertificateAuthorityResponse(
        certificate_authority=authority
    )
    client = fake.client("acm-pca", cbor=cbor)
    answered = client.describe_certificate_authority(CertificateAuthorityArn=CA_ARN)["CertificateAuthority"]
    assert answered == {
        "Arn": CA_ARN,
        "CreatedAt": created,
        "NotAfter": datetime(2036, 1, 1, tzinfo=UTC),
        "Status": "ACTIVE",
        "CertificateAuthorityConfiguration": {
            "KeyAlgorithm": "EC_prime256v1",
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Subject": {"CommonName": "Корень & <Co>"},
        },
        "RevocationConfiguration": {"CrlConfiguration": {"Enabled": False}},
    }


@both
def test_an_operation_without_output_succeeds(fake: Deployment, cbor: bool) -> None:
    """DeleteCertificateAuthority answers nothing but a status."""
    answered = fake.client("acm-pca", cbor=cbor).delete_certificate_authority(CertificateAuthorityArn=CA_ARN)
    assert answered["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert fake.meter.counted == [
        (
            "http_requests",
            {"frontend": "aws", "operation": "acm-pca:DeleteCertificateAuthority", "outcome": "ok"},
        )
    ]


@both
def test_waiters_wait(fake: Deployment, cbor: bool) -> None:
    """CertificateIssued asks again while the answer is RequestInProgressException."""
    asked: list[Any] = []

    def get(request: shapes.GetCertificateRequest) -> shapes.GetCertificateResponse:
        asked.append(request)
        if len(asked) < 3:
            raise PrivySealError(ErrorCode.IN_PROGRESS, "not yet")
        return shapes.GetCertificateResponse(certificate="pem")

    fake.answers["GetCertificate"] = get
    waiter = fake.client("acm-pca", cbor=cbor).get_waiter("certificate_issued")
    waiter.wait(
        CertificateAuthorityArn=CA_ARN,
        CertificateArn=CERTIFICATE_ARN,
        WaiterConfig={"Delay": 0, "MaxAttempts": 5},
    )
    assert len(asked) == 3


@both
def test_waiters_end_when_access_is_denied(fake: Deployment, cbor: bool) -> None:
    """They fail at once, as their definition says."""

    def refuse(_: object) -> None:
        raise PrivySealError(ErrorCode.ACCESS_DENIED, "no")

    fake.answers["GetCertificateAuthorityCsr"] = refuse
    waiter = fake.client("acm-pca", cbor=cbor).get_waiter("certificate_authority_csr_created")
    with pytest.raises(WaiterError, match="AccessDenied"):
        waiter.wait(CertificateAuthorityArn=CA_ARN, WaiterConfig={"Delay": 0, "MaxAttempts": 5})
    assert len(fake.calls) == 1


@both
def test_paginators_follow_the_next_token(fake: Deployment, cbor: bool) -> None:
    """Until there is none."""

    def page(request: shapes.ListTagsRequest) -> shapes.ListTagsResponse:
        number = int(request.next_token or "0")
        tags = [shapes.Tag(key=f"k{number}", value="")]
        return shapes.ListTagsResponse(tags=tags, next_token=str(number + 1) if number < 3 else None)

    fake.answers["ListTags"] = page
    pages = fake.client("acm-pca", cbor=cbor).get_paginator("list_tags")
    found = pages.paginate(CertificateAuthorityArn=CA_ARN).build_full_result()["Tags"]
    assert [tag["Key"] for tag in found] == ["k0", "k1", "k2", "k3"]


@both
def test_all_broken_constraints_are_listed(fake: Deployment, cbor: bool) -> None:
    """In AWS's words, with the names of the members."""
    client = fake.client("acm-pca", cbor=cbor, parameter_validation=False)
    with pytest.raises(ClientError) as raised:
        client.revoke_certificate(CertificateSerial="00", RevocationReason="BORED")
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    message = raised.value.response["Error"]["Message"]
    assert message.startswith("2 validation errors detected: ")
    assert (
        "Value null at 'certificateAuthorityArn' failed to satisfy constraint: Member must not be null"
        in message
    )
    assert (
        "Value 'BORED' at 'revocationReason' failed to satisfy constraint: Member must satisfy enum"
        in message
    )
    assert not fake.calls


@both
def test_an_operation_that_is_not_served_is_unknown(fake: Deployment, cbor: bool) -> None:
    """One that the service model has."""
    with pytest.raises(ClientError) as raised:
        fake.client("acm-pca", cbor=cbor).create_permission(
            CertificateAuthorityArn=CA_ARN, Principal="acm.amazonaws.com", Actions=["IssueCertificate"]
        )
    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"
    assert "CreatePermission" in raised.value.response["Error"]["Message"]


def test_get_caller_identity_says_who_is_asking(fake: Deployment) -> None:
    """Sts speaks awsQuery."""
    answered = fake.client("sts").get_caller_identity()
    assert answered["Account"] == ACCOUNT
    assert answered["Arn"] == ADMIN.principal_arn
    assert answered["UserId"] == ADMIN.id
    assert answered["ResponseMetadata"]["RequestId"]


def test_other_operations_of_sts_are_unknown(fake: Deployment) -> None:
    """Answered in sts's own form."""
    with pytest.raises(ClientError) as raised:
        fake.client("sts").get_session_token()
    assert raised.value.response["Error"]["Code"] == "InvalidAction"
