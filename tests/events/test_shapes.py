"""Entries about managed certificates, authorities and devices as events; a handler's own pattern on them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from privyseal.caller import Caller
from privyseal.events.journal import entry
from privyseal.events.patterns import compile_pattern
from privyseal.events.refusals import REFUSED
from privyseal.events.shapes import SHAPES, events_of
from privyseal.events.shapes.model import Event, Place

AT = datetime(2026, 4, 6, 6, 0, 53, 999999, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-west-1"
ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/95d1b7f1-5e04-4c70-9a95-73764d4d0fc5"
CA = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/11223344-1234-1122-2233-112233445566"
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:user/admin", ACCOUNT, "request-1")
CERTIFICATE: dict[str, object] = {
    "type": "PRIVATE",
    "domain": "www.example.com",
    "first_san": "www.example.com",
    "names": 2,
    "key_pair_origin": "AWS_MANAGED",
    "created_at": "2025-04-06T06:00:53.123456+00:00",
    "in_use": False,
    "exported": True,
    "authority": CA,
    "renewal_status_reason": None,
    "validity_days": 395,
    "not_before": "2026-04-06T05:00:53+00:00",
    "not_after": "2027-05-05T23:59:59+00:00",
    "days_to_expiry": 395,
}
# "Renewing certificates in a private PKI" of the AWS Certificate Manager user guide, with an ARN put in.
PATTERN = """{ "source":[ "aws.health" ], "detail-type":[ "AWS Health Event" ],
    "detail":{ "service":[ "ACM" ], "eventTypeCategory":[ "scheduledChange" ],
    "eventTypeCode":[ "AWS_ACM_RENEWAL_STATE_CHANGE" ] },
    "resources":[ "arn:aws:acm:region:account:certificate/certificate_ID" ] }"""


def told(name: str, resource: str = ARN, **detail: Any) -> list[Event]:
    happened = json.loads(json.dumps({**entry(name, CALLER, resource), "detail": detail}))
    return list(events_of(happened, Place("w", 7, 0, AT), REGION))


def acm(name: str, **detail: Any) -> list[dict[str, Any]]:
    certificate = {**CERTIFICATE, **detail.pop("certificate", {})}
    return [dict(event.body) for event in told(name, certificate=certificate, **detail)]


BASIC = {
    "CommonName": "www.example.com",
    "FirstSubjectAlternativeName": "www.example.com",
    "ValidityInDays": 395,
    "CertificateKeyPairOrigin": "AWS_MANAGED",
}
PRIVATE = {"CertificateType": "PRIVATE", **BASIC}
USED = {"InUse": False, "Exported": True}
EXPIRES = {"CertificateExpirationDate": "2027-05-05T23:59:59Z"}
CREATED = {"CertificateCreatedDate": "2025-04-06T06:00:53Z", **EXPIRES}

# Action, its detail → detail-type and detail, as the user guide shows them.
EVENTS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "acm:IssueManagedCertificate",
        {"action": "ISSUANCE", "result": "success"},
        "ACM Certificate Available",
        {"Action": "ISSUANCE", **PRIVATE, **CREATED, "DaysToExpiry": 395, **USED},
    ),
    (
        "acm:ImportCertificate",
        {"action": "REIMPORT", "certificate": {"type": "IMPORTED", "key_pair_origin": "CUSTOMER_PROVIDED"}},
        "ACM Certificate Available",
        {
            "Action": "REIMPORT",
            **PRIVATE,
            "CertificateType": "IMPORTED",
            "CertificateKeyPairOrigin": "CUSTOMER_PROVIDED",
            **CREATED,
            "DaysToExpiry": 395,
            **USED,
        },
    ),
    (
        "acm:ApproachingExpiration",
        {"certificate": {"days_to_expiry": 31}},
        "ACM Certificate Approaching Expiration",
        {"DaysToExpiry": 31, **BASIC},
    ),
    ("acm:ExpireCertificate", {}, "ACM Certificate Expired", {**PRIVATE, **CREATED, **USED}),
    (
        "acm:RenewalActionRequired",
        {"certificate": {"days_to_expiry": 30, "renewal_status_reason": "PCA_ACCESS_DENIED"}},
        "ACM Certificate Renewal Action Required",
        {**PRIVATE, "RenewalStatusReason": "PCA_ACCESS_DENIED", "DaysToExpiry": 30, **EXPIRES, **USED},
    ),
    (
        "acm:RevokeCertificate",
        {"reason": "KEY_COMPROMISE"},
        "ACM Certificate Revoked",
        {**PRIVATE, **EXPIRES, "Exportable": True},
    ),
]


@pytest.mark.parametrize(("action", "detail", "kind", "expected"), EVENTS, ids=[row[0] for row in EVENTS])
def test_events_of_a_certificate_have_the_documented_shape(
    action: str, detail: dict[str, Any], kind: str, expected: dict[str, Any]
) -> None:
    (made,) = acm(action, **detail)
    assert made.pop("id")
    assert made == {
        "version": "0",
        "detail-type": kind,
        "source": "aws.acm",
        "account": ACCOUNT,
        "time": "2026-04-06T06:00:53Z",
        "region": REGION,
        "resources": [ARN],
        "detail": expected,
    }
    assert list(made["detail"]) == list(expected)


@pytest.mark.parametrize("action", ["acm:ExpireCertificate", "acm:RenewalActionRequired"])
def test_of_an_import_there_is_no_event_of_its_end(action: str) -> None:
    assert acm(action, certificate={"type": "IMPORTED"}) == []


def test_an_issuance_that_has_failed_makes_nothing_available() -> None:
    failed = acm("acm:IssueManagedCertificate", result="failure", reason="PCA_INVALID_STATE")
    assert failed == []


def test_a_certificate_that_never_was_has_what_is_known_of_it() -> None:
    """Nothing of one that was not issued is invented."""
    certificate = {name: value for name, value in CERTIFICATE.items() if "not_" not in name}
    (made,) = told("acm:RevokeCertificate", certificate=certificate)
    assert "CertificateExpirationDate" not in made.body["detail"]


def test_a_renewal_is_a_health_event_and_makes_the_certificate_available() -> None:
    health, available = acm("acm:RenewManagedCertificate", action="RENEWAL", result="success")
    assert available["detail-type"] == "ACM Certificate Available"
    assert available["detail"]["Action"] == "RENEWAL"
    assert (health["source"], health["detail-type"]) == ("aws.health", "AWS Health Event")
    assert health["resources"] == [ARN]
    assert health["id"] != available["id"]
    detail = health["detail"]
    assert detail["service"] == "ACM"
    assert detail["eventTypeCode"] == "AWS_ACM_RENEWAL_STATE_CHANGE"
    assert detail["eventTypeCategory"] == "scheduledChange"
    assert detail["startTime"] == "Mon, 6 Apr 2026 06:00:53 GMT"
    assert [each["entityValue"] for each in detail["affectedEntities"]] == [ARN]
    (description,) = detail["eventDescription"]
    assert description["language"] == "en_US"
    text = description["latestDescription"]
    assert "completed the renewal" in text
    assert "the primary domain www.example.com and a total of 2 domains" in text
    assert ARN in text
    assert "May 05, 2027 at 23:59:59 UTC" in text


def test_a_renewal_that_has_failed_says_so_and_why() -> None:
    (health,) = acm(
        "acm:RenewManagedCertificate", action="RENEWAL", result="failure", reason="PCA_ACCESS_DENIED"
    )
    text = health["detail"]["eventDescription"][0]["latestDescription"]
    assert "completed the renewal" not in text
    assert "PCA_ACCESS_DENIED" in text
    assert health["detail"]["eventTypeCode"] == "AWS_ACM_RENEWAL_STATE_CHANGE"


@pytest.mark.parametrize("result", ["success", "failure"])
def test_the_pattern_of_the_user_guide_matches_every_attempt_at_a_renewal_and_nothing_else(
    result: str,
) -> None:
    pattern = compile_pattern(PATTERN.replace("arn:aws:acm:region:account:certificate/certificate_ID", ARN))
    made = acm("acm:RenewManagedCertificate", action="RENEWAL", result=result, reason="OTHER")
    assert [pattern.matches(each) for each in made] == [True, False][: len(made)]
    assert not compile_pattern(PATTERN).matches(made[0])  # of another certificate
    assert not any(pattern.matches(each) for row in EVENTS for each in acm(row[0], **row[1]))


def test_an_authority_that_comes_to_its_end_is_told() -> None:
    detail = {"days_to_expiry": 30, "not_after": "2027-05-05T23:59:59Z", "subject": "Root"}
    (near,) = told("privyseal:AuthorityApproachingExpiration", CA, **detail)
    (over,) = told("privyseal:ExpireAuthority", CA, **{**detail, "days_to_expiry": 0})
    assert near.body["source"] == over.body["source"] == "privyseal"
    assert near.body["detail-type"] == "Certificate Authority Approaching Expiration"
    assert over.body["detail-type"] == "Certificate Authority Expired"
    assert near.body["resources"] == [CA]
    expected = {"DaysToExpiry": 30, "ExpirationDate": "2027-05-05T23:59:59Z", "Subject": "Root"}
    assert near.body["detail"] == expected


def test_each_device_of_one_change_has_its_event() -> None:
    made = told("privyseal:SuspendDevices", "devices", before={"d1": "active", "d2": "registered"})
    assert [event.subject for event in made] == ["device/d1", "device/d2"]
    assert len({event.body["id"] for event in made}) == 2
    assert made[0].body["detail"] == {"Device": "d1", "Change": "SUSPENDED", "PreviousState": "active"}
    (provisioned,) = told("privyseal:ProvisionDevice", "device/d1", certificate_arn=f"{CA}/certificate/00")
    assert provisioned.body["resources"] == ["device/d1", f"{CA}/certificate/00"]
    assert provisioned.body["region"] == REGION


@pytest.mark.parametrize("action", SHAPES)
def test_of_a_refused_call_nothing_is_told(action: str) -> None:
    assert told(action, "", result=REFUSED, error="access-denied") == []
