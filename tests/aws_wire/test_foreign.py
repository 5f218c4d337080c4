"""AWS_ENDPOINT_URL sends every service here: those that are not served are told the way back."""

import json
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from privyseal import sigv4
from tests.aws_wire.fake import ADMIN, REGION, Deployment

# client, operation, parameters: every protocol that AWS has
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "list_buckets", {}),
    ("s3", "get_object", {"Bucket": "provision", "Key": "a/b"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "key", "Body": b"small"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "key", "Body": b"x" * 3_000_000}),
    ("s3", "delete_objects", {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "key"}]}}),
    ("route53", "list_hosted_zones", {}),
    ("cloudfront", "list_distributions", {}),
    ("dynamodb", "list_tables", {}),
    ("kms", "list_keys", {}),
    ("acm", "list_certificates", {}),
    ("sqs", "list_queues", {}),
    ("cloudwatch", "list_metrics", {}),
    ("lambda", "list_functions", {}),
    ("iot", "list_things", {}),
    ("iam", "list_users", {}),
    ("sns", "list_topics", {}),
    ("cloudformation", "list_stacks", {}),
    ("ec2", "describe_instances", {}),
    ("cognito-identity", "get_id", {"IdentityPoolId": "us-east-1:1"}),  # which is not signed
]
CBOR_CALLS: list[tuple[str, str, dict[str, Any]]] = [("cloudwatch", "list_metrics", {})]


def _message(client: Any, operation: str, parameters: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as raised:
        getattr(client, operation)(**parameters)
    assert raised.value.response["Error"]["Code"] == "UnknownServiceException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(raised.value)


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS)
def test_every_client_prints_the_way_back(
    fake: Deployment, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """In the error that boto3 raises, whatever protocol the service speaks."""
    message = _message(fake.client(service), operation, parameters)
    assert "serves only acm-pca and sts" in message
    assert 'eval "$(privyseal env --unset)"' in message
    assert "AWS_ENDPOINT_URL_ACM_PCA" in message


@pytest.mark.parametrize(("service", "operation", "parameters"), CBOR_CALLS)
def test_cbor_clients_too(fake: Deployment, service: str, operation: str, parameters: dict[str, Any]) -> None:
    """In CBOR, which they read."""
    assert "'monitoring'" in _message(fake.client(service, cbor=True), operation, parameters)


def test_the_service_is_named(fake: Deployment) -> None:
    """By the name in the credential scope, which is that of the command line's sub-command as a rule."""
    assert "the AWS service 'dynamodb'" in _message(fake.client("dynamodb"), "list_tables", {})


def test_a_presigned_url_of_another_service_is_told_too(fake: Deployment) -> None:
    """An S3 link that was made while the endpoint was redirected."""
    link = urlsplit(
        fake.client("s3", signature_version="s3v4").generate_presigned_url(
            "get_object", Params={"Bucket": "b", "Key": "k"}
        )
    )
    with closing(HTTPConnection(link.netloc)) as connection:
        connection.request("GET", f"{link.path}?{link.query}")
        answered = connection.getresponse()
        assert answered.status == 400
        assert answered.getheader("content-type") == "application/xml"
        assert b"the AWS service 's3'" in answered.read()


def test_our_own_api_is_not_a_service_of_aws(fake: Deployment) -> None:
    """A signed path of the REST API that does not exist is simply not found."""
    url = f"{fake.url}/api/v1/nothing"
    headers = sigv4.sign(
        "GET",
        url,
        {},
        b"",
        access_key_id=ADMIN.id,
        secret_key=ADMIN.secret,
        region=REGION,
        service="privyseal",
        now=datetime.now(UTC),
    )
    with closing(HTTPConnection(urlsplit(url).netloc)) as connection:
        connection.request("GET", "/api/v1/nothing", headers=headers)
        answered = connection.getresponse()
        assert answered.status == 404
        assert json.loads(answered.read())["code"] == "not-found"
