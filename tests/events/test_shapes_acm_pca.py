"""Journal entries as the events that AWS Private CA sends."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from privyseal.caller import Caller
from privyseal.events.journal import entry
from privyseal.events.shapes import events_of
from privyseal.events.shapes.acm_pca import DETAIL_TYPES
from privyseal.events.shapes.model import Place
from privyseal.store import Entry

AT = datetime(2019, 11, 4, 19, 57, 46, 999999, tzinfo=UTC)
CA = "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/11223344-1234-1122-2233-112233445566"
CERTIFICATE = f"{CA}/certificate/b845c374b495cb67dac7ac4c81cc4043"
REPORT = "5903194d-0df7-4733-a8a0-cef000000009"
CALLER = Caller("arn:aws:iam::111122223333:user/admin", "111122223333", "request-1")
FAILED = "Failed to write CRL to S3. Check your S3 bucket permissions."


def told(entry: Entry, place: Place) -> list[dict[str, Any]]:
    return [dict(event.body) for event in events_of(entry, place, "eu-west-1")]


def event(action: str, resource: str, **detail: object) -> dict[str, Any]:
    (made,) = told(entry(action, CALLER, resource, **detail), Place("w", 7, 0, AT))
    return made


def documented(detail_type: str, *more: str, **detail: str) -> dict[str, Any]:
    """The example of the user guide, without its id."""
    return {
        "version": "0",
        "detail-type": f"ACM Private CA {detail_type}",
        "source": "aws.acm-pca",
        "account": "111122223333",
        "time": "2019-11-04T19:57:46Z",
        "region": "eu-west-1",
        "resources": [CA, *more],
        "detail": detail,
    }


# What the journal says (action, resource, detail) → the event that the user guide shows.
EVENTS: list[tuple[tuple[str, str, dict[str, object]], dict[str, Any]]] = [
    (
        ("acm-pca:CreateCertificateAuthority", CA, {"type": "ROOT", "key_algorithm": "RSA_2048"}),
        documented("Creation", result="success"),
    ),
    (
        ("acm-pca:IssueCertificate", CERTIFICATE, {"template": "T/V1", "sha256": "00"}),
        documented("Certificate Issuance", CERTIFICATE, result="success"),
    ),
    (
        ("acm-pca:IssueCertificate", CERTIFICATE, {"result": "failure"}),
        documented("Certificate Issuance", CERTIFICATE, result="failure"),
    ),
    (
        ("acm-pca:RevokeCertificate", CERTIFICATE, {"reason": "KEY_COMPROMISE"}),
        documented("Certificate Revocation", CERTIFICATE, result="success"),
    ),
    (("acm-pca:GenerateCrl", CA, {}), documented("CRL Generation", result="success")),
    (
        ("acm-pca:GenerateCrl", CA, {"result": "failure", "reason": FAILED}),
        documented("CRL Generation", result="failure", reason=FAILED),
    ),
    (
        ("acm-pca:GenerateAuditReport", CA, {"report": REPORT, "result": "success"}),
        documented("Audit Report Generation", REPORT, result="success"),
    ),
    (
        ("acm-pca:GenerateAuditReport", CA, {"report": REPORT, "result": "failure"}),
        documented("Audit Report Generation", REPORT, result="failure"),
    ),
]


@pytest.mark.parametrize(
    ("happened", "expected"), EVENTS, ids=[f"{t[0]} {t[2].get('result')}" for t, _ in EVENTS]
)
def test_events_have_the_documented_shape(
    happened: tuple[str, str, dict[str, object]], expected: dict[str, Any]
) -> None:
    action, resource, detail = happened
    made = event(action, resource, **detail)
    assert str(UUID(made.pop("id")))
    assert made == expected
    assert list(made) == list(expected)


def test_every_kind_of_event_is_among_them() -> None:
    assert {happened[0] for happened, _ in EVENTS} == set(DETAIL_TYPES)


@pytest.mark.parametrize(
    "action",
    ["acm-pca:CreateCertificateAuthorityAuditReport", "acm-pca:PutPolicy", "privyseal:ImportDevices", "x"],
)
def test_nothing_else_is_an_event(action: str) -> None:
    assert told(entry(action, CALLER, "device:1"), Place("w", 0, 0, AT)) == []


def test_an_event_has_one_id_however_often_it_is_made() -> None:
    happened = entry("acm-pca:CreateCertificateAuthority", CALLER, CA)
    places = [("w", 7, 0), ("w", 7, 1), ("w", 8, 0), ("v", 7, 0), ("w", 70, 0)]
    ids = [told(happened, Place(*place, AT))[0]["id"] for place in places * 2]
    assert ids[:5] == ids[5:]
    assert len(set(ids)) == 5


def test_times_are_in_utc() -> None:
    at = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    (made,) = told(entry("acm-pca:CreateCertificateAuthority", CALLER, CA), Place("w", 0, 0, at))
    assert made["time"] == "2019-11-04T19:57:46Z"
