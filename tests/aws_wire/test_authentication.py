"""Who may call: only who has signed this very request with an active key."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from privyseal import sigv4
from privyseal.access.model import AccessKey
from tests.aws_wire.fake import ADMIN, CA_ARN, GUEST, REGION, RETIRED, Deployment

UNKNOWN = AccessKey("AKIAUNKNOWN000000000", "secret", "111122223333", "arn:aws:iam::111122223333:user/x")
JSON = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "ACMPrivateCA.DescribeCertificateAuthority",
}
BODY = json.dumps({"CertificateAuthorityArn": CA_ARN}).encode()


def _code(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("cbor", [False, True])
@pytest.mark.parametrize(
    ("key", "options", "expected"),
    [
        (UNKNOWN, {}, ("UnrecognizedClientException", "security token included in the request is invalid")),
        (RETIRED, {}, ("UnrecognizedClientException", "security token included in the request is invalid")),
        (
            ADMIN,
            {"secret": "wrong"},
            ("InvalidSignatureException", "does not match the signature you provided"),
        ),
        (ADMIN, {"secret": GUEST.secret}, ("InvalidSignatureException", "does not match")),
        (ADMIN, {"region": "eu-west-1"}, ("InvalidSignatureException", "valid region, not 'eu-west-1'")),
        (ADMIN, {"token": "token"}, ("UnrecognizedClientException", "unset AWS_SESSION_TOKEN")),
        (
            GUEST,
            {},
            ("AccessDeniedException", "is not authorized to perform: acm-pca:DescribeCertificateAuthority"),
        ),
    ],
)
def test_others_are_refused(
    fake: Deployment, key: AccessKey, options: dict[str, Any], expected: tuple[str, str], cbor: bool
) -> None:
    """Each with AWS's name for the reason, and before the body is looked at."""
    client = fake.client("acm-pca", key, cbor=cbor, **options)
    code, message = _code(lambda: client.describe_certificate_authority(CertificateAuthorityArn=CA_ARN))
    assert code == expected[0]
    assert expected[1] in message
    assert not fake.calls


@pytest.mark.parametrize(
    ("key", "options", "expected"),
    [
        (UNKNOWN, {}, "InvalidClientTokenId"),
        (RETIRED, {}, "InvalidClientTokenId"),
        (ADMIN, {"secret": "wrong"}, "SignatureDoesNotMatch"),
        (ADMIN, {"region": "eu-west-1"}, "SignatureDoesNotMatch"),
    ],
)
def test_sts_has_its_own_names(
    fake: Deployment, key: AccessKey, options: dict[str, Any], expected: str
) -> None:
    """Which tools match on."""
    assert _code(fake.client("sts", key, **options).get_caller_identity)[0] == expected


def test_everybody_with_a_key_may_ask_who_they_are(fake: Deployment) -> None:
    """Without any permission."""
    assert fake.client("sts", GUEST).get_caller_identity()["Arn"] == GUEST.principal_arn


def _post(fake: Deployment, headers: dict[str, str], body: bytes = BODY, path: str = "/") -> tuple[int, Any]:
    with closing(HTTPConnection(urlsplit(fake.url).netloc)) as connection:
        connection.request("POST", path, body, headers)
        answered = connection.getresponse()
        return answered.status, json.loads(answered.read())


def _signed(fake: Deployment, headers: dict[str, str], body: bytes = BODY, **changes: Any) -> dict[str, str]:
    options: dict[str, Any] = {
        "access_key_id": ADMIN.id,
        "secret_key": ADMIN.secret,
        "region": REGION,
        "service": "acm-pca",
        "now": datetime.now(UTC) + changes.pop("off_by", timedelta(0)),
    } | changes
    return sigv4.sign("POST", f"{fake.url}/", headers, body, **options)


def test_the_signed_request_itself_is_let_in(fake: Deployment) -> None:
    """What the refusals below differ from."""
    assert _post(fake, _signed(fake, JSON)) == (200, {})
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"off_by": -timedelta(minutes=6)}, "InvalidSignatureException"),
        ({"off_by": timedelta(minutes=6)}, "InvalidSignatureException"),
        ({"service": "sts"}, "InvalidSignatureException"),
        ({"service": "s3"}, "InvalidSignatureException"),
        ({"session_token": "x"}, "UnrecognizedClientException"),
        ({"access_key_id": "None"}, "UnrecognizedClientException"),
        ({"access_key_id": "../../etc/passwd"}, "IncompleteSignatureException"),
        ({"secret_key": ""}, "InvalidSignatureException"),
    ],
)
def test_a_signature_for_something_else_is_refused(
    fake: Deployment, change: dict[str, Any], expected: str
) -> None:
    """Another time, service, key or token."""
    status, answered = _post(fake, _signed(fake, JSON, **change))
    assert (status, answered["__type"]) == (400, expected)
    assert not fake.calls


def test_an_anonymous_call_is_told_that_it_is(fake: Deployment) -> None:
    """With AWS's name for it."""
    status, answered = _post(fake, JSON)
    assert (status, answered["__type"]) == (400, "MissingAuthenticationTokenException")


def test_a_replaced_target_is_refused(fake: Deployment) -> None:
    """The operation is part of what is signed."""
    headers = _signed(fake, JSON) | {"X-Amz-Target": "ACMPrivateCA.DeleteCertificateAuthority"}
    assert _post(fake, headers)[1]["__type"] == "InvalidSignatureException"
    unsigned = _signed(fake, {"Content-Type": JSON["Content-Type"]}) | JSON
    status, answered = _post(fake, unsigned)
    assert (status, answered["__type"]) == (400, "IncompleteSignatureException")
    assert "'x-amz-target' must be a 'SignedHeader'" in answered["message"]
    assert not fake.calls


def test_a_replaced_body_is_refused(fake: Deployment) -> None:
    """What arrived is hashed, whatever a header says."""
    headers = _signed(fake, JSON)
    status, answered = _post(fake, headers, BODY.replace(b"1111", b"2222"))
    assert (status, answered["__type"]) == (400, "InvalidSignatureException")
    assert not fake.calls


def test_a_presigned_query_is_refused(fake: Deployment) -> None:
    """Even beside a good signature in the header."""
    query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
    status, answered = _post(fake, _signed(fake, JSON), path=query)
    assert (status, answered["__type"]) == (400, "IncompleteSignatureException")
    assert "Presigned" in answered["message"]


def test_a_call_in_one_language_does_not_count_in_another(fake: Deployment) -> None:
    """A JSON call posted to the path of the CBOR protocol is another request."""
    path = "/service/ACMPrivateCA/operation/DescribeCertificateAuthority"
    with closing(HTTPConnection(urlsplit(fake.url).netloc)) as connection:
        connection.request("POST", path, BODY, _signed(fake, JSON))
        answered = connection.getresponse()
        assert (answered.status, answered.getheader("smithy-protocol")) == (400, "rpc-v2-cbor")
    assert not fake.calls
