"""Requests that no SDK sends are answered by AWS's exception, soon, and reach no handler."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from privyseal import sigv4
from tests.aws_wire.fake import ADMIN, CA_ARN, REGION, Deployment
from tests.aws_wire.test_cbor import MALFORMED as MALFORMED_CBOR
from tests.aws_wire.test_json import MALFORMED as MALFORMED_JSON
from tests.frontends.raw import Answer, exchange

TYPE = "application/x-amz-json-1.1"
TARGET = "ACMPrivateCA.IssueCertificate"
RPC = "/service/ACMPrivateCA/operation/"
GOOD: dict[str, Any] = {
    "CertificateAuthorityArn": CA_ARN,
    "Csr": "Y3Ny",
    "SigningAlgorithm": "SHA256WITHECDSA",
    "Validity": {"Value": 1, "Type": "DAYS"},
}


def _send(
    fake: Deployment, body: bytes, headers: dict[str, str], path: str = "/", method: str = "POST"
) -> Answer:
    signed = sigv4.sign(
        method,
        f"{fake.url}{path}",
        headers,
        body,
        access_key_id=ADMIN.id,
        secret_key=ADMIN.secret,
        region=REGION,
        service="acm-pca",
        now=datetime.now(UTC),
    )
    fields = signed | {"connection": "close", "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head = f"{method} {path} HTTP/1.1\r\n{lines}\r\n"
    started = time.monotonic()
    answer = exchange(fake.url, head.encode("latin-1") + body, silence=5)
    assert time.monotonic() - started < 1
    return answer


def _json(fake: Deployment, body: bytes, target: str = TARGET, content_type: str = TYPE) -> Answer:
    return _send(fake, body, {"Content-Type": content_type, "X-Amz-Target": target})


def _cbor(
    fake: Deployment, body: bytes, operation: str = "IssueCertificate", content_type: str = "application/cbor"
) -> Answer:
    headers = {"Content-Type": content_type, "smithy-protocol": "rpc-v2-cbor"}
    return _send(fake, body, headers, RPC + operation)


def _is(answer: Answer, name: str, status: int = 400) -> bool:
    """In the protocol's own form, with a request id, and with nothing of the inside."""
    head = answer.raw.partition(b"\r\n\r\n")[0].lower()
    assert b"x-amzn-requestid: " in head
    assert b"traceback" not in answer.raw.lower()
    if b"application/cbor" in head:
        assert b"smithy-protocol: rpc-v2-cbor" in head
        document = cbor2.loads(answer.body)
    else:
        document = json.loads(answer.body)
    assert document["message"]
    assert (answer.status, document["__type"]) == (status, name)
    return True


def test_the_good_requests_are_answered(fake: Deployment) -> None:
    """What the table below differs from."""
    assert _json(fake, json.dumps(GOOD).encode()).status == 200
    assert _cbor(fake, cbor2.dumps(GOOD | {"Csr": b"csr"})).status == 200
    assert _json(fake, json.dumps(GOOD).encode(), content_type=f"{TYPE}; charset=utf-8").status == 200
    assert len(fake.calls) == 3


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in MALFORMED_JSON.items()])
def test_a_malformed_json_body(fake: Deployment, body: bytes) -> None:
    """SerializationException."""
    assert _is(_json(fake, body), "SerializationException")
    assert not fake.calls


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in MALFORMED_CBOR.items()])
def test_a_malformed_cbor_body(fake: Deployment, body: bytes) -> None:
    """SerializationException, in CBOR."""
    assert _is(_cbor(fake, body), "SerializationException")
    assert not fake.calls


# What breaks a good request → the exception: (member, value in JSON or CBOR, exception)
MEMBERS: list[tuple[str, Any, str]] = [
    ("CertificateAuthorityArn", 5, "SerializationException"),
    ("CertificateAuthorityArn", ["x"], "SerializationException"),
    ("CertificateAuthorityArn", {}, "SerializationException"),
    ("CertificateAuthorityArn", True, "SerializationException"),
    ("CertificateAuthorityArn", None, "ValidationException"),
    ("CertificateAuthorityArn", "", "ValidationException"),
    ("CertificateAuthorityArn", "x" * 201, "ValidationException"),
    ("CertificateAuthorityArn", "x" * 900_000, "ValidationException"),
    ("CertificateAuthorityArn", CA_ARN + "\n", "ValidationException"),
    ("CertificateAuthorityArn", CA_ARN + "\0", "ValidationException"),
    ("CertificateAuthorityArn", CA_ARN.replace("acm-pca", "ａcm-pca"), "ValidationException"),
    ("CertificateAuthorityArn", CA_ARN.replace("1", "١"), "ValidationException"),
    ("CertificateAuthorityArn", "arn:aws:s3:::bucket", "ValidationException"),
    ("Csr", 5, "SerializationException"),
    ("Csr", None, "ValidationException"),
    ("SigningAlgorithm", "MD5WITHRSA", "ValidationException"),
    ("SigningAlgorithm", "sha256withecdsa", "ValidationException"),
    ("SigningAlgorithm", "", "ValidationException"),
    ("SigningAlgorithm", 5, "SerializationException"),
    ("SigningAlgorithm", ["SHA256WITHECDSA"], "SerializationException"),
    ("Validity", None, "ValidationException"),
    ("Validity", [], "SerializationException"),
    ("Validity", "365 days", "SerializationException"),
    ("Validity", {}, "ValidationException"),
    ("Validity", {"Value": 0, "Type": "DAYS"}, "ValidationException"),
    ("Validity", {"Value": -1, "Type": "DAYS"}, "ValidationException"),
    ("Validity", {"Value": 2**63, "Type": "DAYS"}, "ValidationException"),
    ("Validity", {"Value": "1", "Type": "DAYS"}, "SerializationException"),
    ("Validity", {"Value": 1.5, "Type": "DAYS"}, "SerializationException"),
    ("Validity", {"Value": True, "Type": "DAYS"}, "SerializationException"),
    ("Validity", {"Value": 1, "Type": "WEEKS"}, "ValidationException"),
    ("Validity", {"Value": 1}, "ValidationException"),
    ("IdempotencyToken", "", "ValidationException"),
    ("IdempotencyToken", "x" * 37, "ValidationException"),
    ("IdempotencyToken", "\x01", "ValidationException"),
    ("TemplateArn", "x", "ValidationException"),
    ("ApiPassthrough", {"Subject": {"Country": "DEU"}}, "ValidationException"),
    ("ApiPassthrough", {"Extensions": {"SubjectAlternativeNames": []}}, "ValidationException"),
    ("ApiPassthrough", {"Extensions": {"SubjectAlternativeNames": [{}] * 10_000}}, "ValidationException"),
    ("ApiPassthrough", {"Extensions": {"SubjectAlternativeNames": [None]}}, "ValidationException"),
    ("ApiPassthrough", {"Extensions": {"KeyUsage": {"CRLSign": "yes"}}}, "SerializationException"),
    (
        "ApiPassthrough",
        {"Extensions": {"CustomExtensions": [{"ObjectIdentifier": "1.2.3", "Value": "not base64!"}]}},
        "ValidationException",
    ),
    (
        "ApiPassthrough",
        {"Extensions": {"CustomExtensions": [{"ObjectIdentifier": "1.2." + "3." * 40, "Value": "AAAA"}]}},
        "ValidationException",
    ),
]


@pytest.mark.parametrize(("member", "value", "expected"), MEMBERS)
def test_a_member_that_does_not_fit(fake: Deployment, member: str, value: Any, expected: str) -> None:
    """In both protocols alike."""
    assert _is(_json(fake, json.dumps(GOOD | {member: value}).encode()), expected)
    assert _is(_cbor(fake, cbor2.dumps(GOOD | {"Csr": b"csr"} | {member: value})), expected)
    assert not fake.calls


@pytest.mark.parametrize(
    ("csr", "expected"),
    [
        ("", "ValidationException"),
        ("not base64!", "SerializationException"),
        ("YQ", "SerializationException"),
        ("YQ==\n", "SerializationException"),
        ("Y Q==", "SerializationException"),
        ("_-_-", "SerializationException"),
        ("A" * 43_696, "ValidationException"),  # 32,772 bytes
    ],
)
def test_a_blob_that_does_not_fit(fake: Deployment, csr: str, expected: str) -> None:
    """Base64 is strict, and its length is that of the bytes."""
    assert _is(_json(fake, json.dumps(GOOD | {"Csr": csr}).encode()), expected)
    assert not fake.calls


def test_a_blob_of_exactly_the_limit_is_taken(fake: Deployment) -> None:
    """32,768 bytes, 43,692 characters."""
    blob = "A" * 43_690 + "A="
    assert _json(fake, json.dumps(GOOD | {"Csr": blob}).encode()).status == 200
    assert _cbor(fake, cbor2.dumps(GOOD | {"Csr": b"x" * 32_768})).status == 200
    assert _is(_cbor(fake, cbor2.dumps(GOOD | {"Csr": b"x" * 32_769})), "ValidationException")


def test_members_that_the_model_does_not_have_are_ignored(fake: Deployment) -> None:
    """As AWS ignores them: a newer client may know more."""
    assert _json(fake, json.dumps(GOOD | {"Newer": {"x": [1]}, "__type": "x"}).encode()).status == 200


ENVELOPES: dict[str, tuple[Callable[[Deployment], Answer], str, int]] = {
    "no content type": (
        lambda fake: _send(fake, b"{}", {"X-Amz-Target": TARGET}),
        "UnknownOperationException",
        400,
    ),
    "plain JSON": (
        lambda fake: _json(fake, b"{}", content_type="application/json"),
        "UnknownOperationException",
        400,
    ),
    "JSON 1.0": (
        lambda fake: _json(fake, b"{}", content_type="application/x-amz-json-1.0"),
        "UnknownOperationException",
        400,
    ),
    "an unknown operation": (
        lambda fake: _json(fake, b"{}", "ACMPrivateCA.MakeCoffee"),
        "UnknownOperationException",
        400,
    ),
    "an operation in other case": (
        lambda fake: _json(fake, b"{}", "ACMPrivateCA.issueCertificate"),
        "UnknownOperationException",
        400,
    ),
    "no operation": (lambda fake: _json(fake, b"{}", "ACMPrivateCA."), "UnknownOperationException", 400),
    "a target without a dot": (
        lambda fake: _json(fake, b"{}", "IssueCertificate"),
        "UnknownOperationException",
        400,
    ),
    "an empty target": (lambda fake: _json(fake, b"{}", ""), "UnknownOperationException", 400),
    "another service's target": (
        lambda fake: _json(fake, b"{}", "Evil.IssueCertificate"),
        "UnknownOperationException",
        400,
    ),
    "a long target": (lambda fake: _json(fake, b"{}", "A" * 5000 + ".X"), "UnknownOperationException", 400),
    "an attribute of Python": (
        lambda fake: _json(fake, b"{}", "ACMPrivateCA.__class__"),
        "UnknownOperationException",
        400,
    ),
    "a body over the limit": (
        lambda fake: _json(fake, b'{"Csr":"' + b"A" * 1_100_000 + b'"}'),
        "RequestEntityTooLargeException",
        413,
    ),
    "GET": (
        lambda fake: _send(fake, b"", {"Content-Type": TYPE, "X-Amz-Target": TARGET}, method="GET"),
        "UnknownOperationException",
        405,
    ),
    "PUT": (
        lambda fake: _send(fake, b"{}", {"Content-Type": TYPE, "X-Amz-Target": TARGET}, method="PUT"),
        "UnknownOperationException",
        405,
    ),
    "another path": (
        lambda fake: _send(fake, b"{}", {"Content-Type": TYPE, "X-Amz-Target": TARGET}, path="/acm-pca"),
        "UnknownOperationException",
        400,
    ),
    "a compressed body": (
        lambda fake: _send(
            fake, b"{}", {"Content-Type": TYPE, "X-Amz-Target": TARGET, "Content-Encoding": "gzip"}
        ),
        "UnknownOperationException",
        400,
    ),
    "an unknown CBOR operation": (
        lambda fake: _cbor(fake, b"\xa0", "MakeCoffee"),
        "UnknownOperationException",
        400,
    ),
    "CBOR as JSON": (
        lambda fake: _cbor(fake, b"\xa0", content_type="application/json"),
        "UnknownOperationException",
        400,
    ),
    "no smithy-protocol": (
        lambda fake: _send(fake, b"\xa0", {"Content-Type": "application/cbor"}, RPC + "IssueCertificate"),
        "UnknownOperationException",
        400,
    ),
    "another smithy-protocol": (
        lambda fake: _send(
            fake,
            b"\xa0",
            {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-json"},
            RPC + "IssueCertificate",
        ),
        "UnknownOperationException",
        400,
    ),
    "a trailing slash": (
        lambda fake: _cbor(fake, b"\xa0", "IssueCertificate/"),
        "UnknownOperationException",
        400,
    ),
    "an escaped operation": (
        lambda fake: _cbor(fake, b"\xa0", "Issue%43ertificate"),
        "UnknownOperationException",
        400,
    ),
    "dots in the path": (
        lambda fake: _cbor(fake, b"\xa0", "../operation/IssueCertificate"),
        "UnknownOperationException",
        400,
    ),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope_that_does_not_fit(fake: Deployment, name: str) -> None:
    """Wrong content types, operations, methods, paths and sizes."""
    send, expected, status = ENVELOPES[name]
    assert _is(send(fake), expected, status)
    assert not fake.calls


def test_what_is_not_aws_at_all_is_not_found(fake: Deployment) -> None:
    """A browser that looks at the base URL gets a problem document."""
    for request in (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /favicon.ico HTTP/1.1\r\nhost: x\r\n\r\n"):
        answer = exchange(fake.url, request)
        assert answer.status == 404
        assert b"application/problem+json" in answer.raw


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Action=GetCallerIdentity&Action=GetCallerIdentity",
        b"Action=%ff",
        b"Action=Get%20Caller",
        b"Action",
        b"&".join(b"a%d=1" % n for n in range(1000)),
        b"Action=<script>",
        b"Action=" + b"%41" * 300_000,
    ],
)
def test_a_form_that_does_not_fit(fake: Deployment, body: bytes) -> None:
    """Answered in XML, without an echo of what came."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = _send(fake, body, headers)
    assert answer.status in {400, 403}
    assert b"<script>" not in answer.raw
    assert b"Traceback" not in answer.raw
