"""Calls that are meant for AWS services that are not here."""

from typing import Any

from tests.hostile.case import UNKNOWN_OPERATION, UNKNOWN_SERVICE, Case, Refusal, rows
from tests.hostile.wire import World

FORM = "application/x-www-form-urlencoded"


def _sts(world: World, body: bytes, **changes: Any) -> bytes:
    return world.request("POST", "/", {"Content-Type": FORM}, body, service="sts", **changes)


CASES: list[Case] = [
    *rows(
        "service: not served",
        UNKNOWN_SERVICE,
        (
            "DynamoDB",
            lambda w: w.request(
                "POST",
                "/",
                {
                    "Content-Type": "application/x-amz-json-1.0",
                    "X-Amz-Target": "DynamoDB_20120810.ListTables",
                },
                b"{}",
                service="dynamodb",
            ),
        ),
        ("S3", lambda w: w.request("GET", "/bucket/key", service="s3")),
        (
            "S3 with a path of dots",
            lambda w: w.plain(
                "GET", "/b/%2e%2e/%2e%2e?X-Amz-Credential=AKIA/20261121/us-east-1/s3/aws4_request"
            ),
        ),
        (
            "EC2",
            lambda w: w.request(
                "POST", "/", {"Content-Type": FORM}, b"Action=DescribeInstances", service="ec2"
            ),
        ),
        ("IAM", lambda w: w.request("POST", "/", {"Content-Type": FORM}, b"Action=ListUsers", service="iam")),
        ("Glacier", lambda w: w.request("GET", "/-/vaults", service="glacier")),
        (
            "a target that nobody has",
            lambda w: w.json("", b"{}", headers={"X-Amz-Target": "Nobody.Operation"}),
            UNKNOWN_OPERATION,
        ),
        (
            "a target in lower case",
            lambda w: w.json("", b"{}", headers={"X-Amz-Target": "acmprivateca.ListTags"}),
            UNKNOWN_OPERATION,
        ),
    ),
    *rows(
        "sts: what it does not do",
        Refusal(400, "InvalidAction"),
        ("another action", lambda w: _sts(w, b"Action=AssumeRole&Version=2011-06-15")),
        ("no action", lambda w: _sts(w, b"Version=2011-06-15")),
        ("an action twice", lambda w: _sts(w, b"Action=GetCallerIdentity&Action=AssumeRole")),
        ("a body that is no form", lambda w: _sts(w, b"\xff\xfe")),
        ("1,000 fields", lambda w: _sts(w, b"&".join(b"a%d=b" % n for n in range(1000)))),
    ),
    *rows(
        "sts: another signer",
        Refusal(403, "SignatureDoesNotMatch"),
        ("another secret", lambda w: _sts(w, b"Action=GetCallerIdentity", secret="x" * 40)),
        (
            "a key that nobody has",
            lambda w: _sts(w, b"Action=GetCallerIdentity", key_id="AKIAIOSFODNN7EXAMPLE"),
            Refusal(403, "InvalidClientTokenId"),
        ),
    ),
]
