"""Revoking by the API, through the client library."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client import ApiError
from privyseal.devices.ports import IssuedDeviceCertificate
from tests.api.conftest import STRANGER_KEY, Service
from tests.devices.deployment import OPERATOR, key_der
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())
DIGEST = hashlib.sha256(key_der(KEY.public_key())).hexdigest()


def issued(service: Service, count: int = 1) -> list[IssuedDeviceCertificate]:
    issuer = service.product.issuer(service.product.hierarchy())
    return [issuer.issue(csr(KEY, "sensor"), token=f"token-{n}", caller=OPERATOR) for n in range(count)]


def revoke(service: Service, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return service.client().rest("POST", "/revocations", {"revocations": list(rows), **more})


def codes(reply: dict[str, Any]) -> dict[int, str]:
    return {each["index"]: each["code"] for each in reply["errors"]}


def refused(service: Service, path: str, body: dict[str, Any], **client: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        service.client(**client).rest("POST", path, body)
    return caught.value.status, caught.value.code


def test_a_certificate_is_revoked_and_says_how_it_stands(service: Service) -> None:
    (one,) = issued(service)
    row = {"certificate_arn": one.arn, "reason": "KEY_COMPROMISE", "invalidity_date": "2026-11-01T00:00:00Z"}
    certificate = x509.load_pem_x509_certificate(one.certificate.encode())
    assert revoke(service, row) == {
        "dry_run": False,
        "changed": 1,
        "results": [
            {
                "index": 0,
                "certificates": [
                    {
                        "arn": one.arn,
                        "serial": f"{certificate.serial_number:032x}",
                        "subject": "CN=sensor",
                        "changed": True,
                        "revoked_at": "2026-11-21T12:00:30Z",
                        "revocation_reason": "KEY_COMPROMISE",
                        "invalidity_date": "2026-11-01T00:00:00Z",
                    }
                ],
            }
        ],
        "errors": [],
    }


def test_a_device_means_all_certificates_with_its_key(service: Service) -> None:
    """Also those that it got by another way than enrolment."""
    found = issued(service, 3)
    service.product.register("sensor", KEY.public_key())
    reply = revoke(service, {"device_id": "sensor"}, {"device_id": "nobody"})
    assert {each["arn"] for each in reply["results"][0]["certificates"]} == {each.arn for each in found}
    assert (reply["changed"], codes(reply)) == (3, {1: "not-found"})


def test_a_public_key_is_named_by_its_digest_in_either_case(service: Service) -> None:
    found = issued(service, 2)
    reply = revoke(service, {"public_key_sha256": DIGEST.upper()}, dry_run=True)
    assert (reply["dry_run"], reply["changed"]) == (True, 2)
    reply = revoke(service, {"public_key_sha256": DIGEST})
    assert {each["arn"] for each in reply["results"][0]["certificates"]} == {each.arn for each in found}


def test_every_row_has_its_answer_or_its_error(service: Service) -> None:
    one, two = issued(service, 2)
    reply = revoke(
        service,
        {"certificate_arn": one.arn, "device_id": "sensor"},
        {},
        {"certificate_arn": one.arn},
        {"certificate_arn": one.arn},
        {"certificate_arn": two.arn, "reason": "BOREDOM"},
        {"certificate_arn": two.arn},
    )
    assert codes(reply) == {0: "validation", 1: "validation", 3: "already-done", 4: "validation"}
    assert [each["index"] for each in reply["results"]] == [2, 5]
    assert reply["changed"] == 2


def test_a_hold_is_released(service: Service) -> None:
    (one,) = issued(service)
    revoke(service, {"certificate_arn": one.arn, "reason": "CERTIFICATE_HOLD"})
    body = {"releases": [{"certificate_arn": one.arn}]}
    reply = service.client().rest("POST", "/releases", body)
    (certificate,) = reply["results"][0]["certificates"]
    assert (certificate["changed"], certificate["revoked_at"]) == (True, None)
    assert codes(service.client().rest("POST", "/releases", body)) == {0: "invalid-state"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"revocations": []},
        {"revocations": [{"certificate_arn": 1}]},
        {"revocations": [{"public_key_sha256": "00"}]},
        {"revocations": [{"public_key_sha256": "z" * 64}]},
        {"revocations": [{"certificate_arn": "x", "invalidity_date": "yesterday"}]},
        {"revocations": [{"certificate_arn": "x", "invalidity_date": "2026-11-01T00:00:00"}]},
        {"revocations": [{"certificate_arn": "x", "unknown": 1}]},
        {"revocations": [{"certificate_arn": "x"}] * 1001},
        {"revocations": [{"certificate_arn": "x"}], "dry_run": "yes"},
    ],
)
def test_what_is_no_order_is_refused_whole(service: Service, body: dict[str, Any]) -> None:
    assert refused(service, "/revocations", body) == (400, "validation")


def test_another_account_finds_nothing(service: Service) -> None:
    (one,) = issued(service)
    service.product.register("sensor", KEY.public_key())
    rows = [{"certificate_arn": one.arn}, {"public_key_sha256": DIGEST}, {"device_id": "sensor"}]
    reply = service.client(STRANGER_KEY).rest("POST", "/revocations", {"revocations": rows})
    assert codes(reply) == {0: "not-found", 1: "not-found", 2: "not-found"}
    assert reply["changed"] == 0


def test_an_invalidity_date_is_not_in_the_future(service: Service) -> None:
    (one,) = issued(service)
    tomorrow = (service.product.clock.now() + timedelta(days=1)).isoformat()
    assert codes(revoke(service, {"certificate_arn": one.arn, "invalidity_date": tomorrow})) == {
        0: "validation"
    }
