"""serverless-ca's notices on the wire: SNS with a subject line, the bare JSON elsewhere, and Slack's form."""

import json
from typing import Any

import boto3
import pytest

from privyseal.events.ports import Attempt
from privyseal.targets.notice import body
from privyseal.targets.slack import MAX_HEADER, message
from privyseal.targets.sns import SnsTarget
from privyseal.targets.sqs import SqsTarget

REGION = "eu-central-1"
ATTEMPT = Attempt("0b2b8c5e-8f0e-4c53-9f57-3a6a0a4f6f11", 1)
INFORMATION = {
    "CommonName": "server.example.com",
    "SerialNumber": "1234",
    "Issued": "2026-03-01 12:00:00",
    "Expires": "2026-05-30 12:00:00",
}
CERTIFICATE = {
    "CertificateInfo": INFORMATION,
    "Base64Certificate": "LS0t",
    "Subject": "CN=server.example.com",
}
REJECTED = {
    "CSRInfo": {
        "CommonName": "server.example.com",
        "Lifetime": 90,
        "Purposes": ["client_auth", "server_auth"],
        "SANs": [{"type": "DNS_NAME", "value": "server.example.com"}],
    },
    "Base64CSR": "LS0t",
    "Subject": "CN=server.example.com",
    "Reason": "0 is too short",
}
REVOKED = {
    "CommonName": "server.example.com",
    "SerialNumber": "1234",
    "Revoked": "2026-03-01 12:00:00.123456",
    "Subject": "CN=server.example.com",
}
NOTICES: dict[str, dict[str, Any]] = {
    "Certificate Issued": CERTIFICATE,
    "Certificate Request Rejected": REJECTED,
    "Certificate Revoked": REVOKED,
    "Certificate Expiry Warning": {**CERTIFICATE, "DaysRemaining": 7},
    "Certificate Expired": {**CERTIFICATE, "DaysRemaining": 0},
}
KINDS = pytest.mark.parametrize("kind", NOTICES)


def event(kind: str, detail: dict[str, Any], source: str = "privyseal.serverless") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "5f3c2a9e-8a52-4f0c-a5b1-0d7cc2b1a0c7",
        "detail-type": kind,
        "source": source,
        "account": "111122223333",
        "time": "2026-03-01T12:00:00Z",
        "region": REGION,
        "resources": ["arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/x"],
        "detail": detail,
    }


def blocks_of(kind: str) -> str:
    return json.dumps(message(event(kind, NOTICES[kind]))["blocks"])


@KINDS
def test_sns_gets_a_subject_line_and_one_message_for_all_protocols(kind: str, empty_moto: str) -> None:
    """As a queue that is subscribed gets it, once raw and once in SNS's envelope."""
    sns: Any = boto3.client("sns", region_name=REGION, endpoint_url=empty_moto)
    sqs: Any = boto3.client("sqs", region_name=REGION, endpoint_url=empty_moto)
    topic = sns.create_topic(Name="serverless-ca-notifications-dev")["TopicArn"]
    queues = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("enveloped", "raw")]
    for url, raw in zip(queues, ("false", "true"), strict=True):
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"RawMessageDelivery": raw}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    target = SnsTarget("ca", topic_arn=topic, region=REGION, endpoint_url=empty_moto)
    target.send(event(kind, NOTICES[kind]), ATTEMPT)
    target.close()
    enveloped, raw_one = [sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] for url in queues]
    assert json.loads(enveloped)["Subject"] == kind
    assert json.loads(json.loads(enveloped)["Message"]) == NOTICES[kind]
    assert json.loads(raw_one) == NOTICES[kind]


def test_sqs_gets_the_notice_alone(empty_moto: str) -> None:
    sqs: Any = boto3.client("sqs", region_name=REGION, endpoint_url=empty_moto)
    url = sqs.create_queue(QueueName="notices")["QueueUrl"]
    target = SqsTarget("q", queue_url=url, region=REGION, endpoint_url=empty_moto)
    target.send(event("Certificate Revoked", REVOKED), ATTEMPT)
    target.close()
    assert json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]) == REVOKED


def test_other_events_keep_their_envelope() -> None:
    other = event("Certificate Issued", CERTIFICATE, "aws.acm-pca")
    assert body(other) == other


@KINDS
def test_slack_gets_what_there_is_to_know(kind: str) -> None:
    shown = blocks_of(kind)
    assert kind in shown
    assert "CN=server.example.com" in shown
    assert "LS0t" not in shown


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("Certificate Request Rejected", ["*Reason:* 0 is too short", "client_auth, server_auth", "*SANs:*"]),
        ("Certificate Revoked", ['2026-03-01 12:00:00"']),
        ("Certificate Expiry Warning", ["*Days Remaining:* 7", ":warning:", "*Expires:*"]),
        ("Certificate Expired", ["*Expired:*", ":x:"]),
        ("Certificate Issued", ["`1234`", ":white_check_mark:"]),
    ],
)
def test_slack_shows_each_kind_in_its_own_way(kind: str, texts: list[str]) -> None:
    assert [text for text in texts if text not in blocks_of(kind)] == []


def test_slack_shows_other_events_as_json_of_a_length_that_it_takes() -> None:
    other = message(event("X" * 500, {"Text": "y" * 10_000}, "aws.acm"))
    header, section = other["blocks"][:2]
    assert len(header["text"]["text"]) == MAX_HEADER
    assert len(section["text"]["text"]) <= 3000


def test_a_name_cannot_say_anything_to_slack() -> None:
    detail = {**REVOKED, "CommonName": "<!channel> & <https://evil.example|click>", "Subject": "CN=`*x*`"}
    shown = json.dumps(message(event("Certificate Revoked", detail)))
    assert "<" not in shown
    assert "&lt;!channel&gt; &amp; " in shown
    assert "`CN='*x*'`" in shown
