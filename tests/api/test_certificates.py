"""Certificates of the API, through the client library."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client import ApiError
from privyseal.devices.ports import IssuedDeviceCertificate
from tests.api.conftest import STRANGER_KEY, Service
from tests.devices.deployment import OPERATOR, START
from tests.devices.requests import csr

KEY = ec.generate_private_key(ec.SECP256R1())


def issued(service: Service, authority: str, count: int) -> list[IssuedDeviceCertificate]:
    """That many certificates, a second apart."""
    issuer, found = service.product.issuer(authority), []
    for n in range(count):
        service.product.clock.advance(timedelta(seconds=1))
        found.append(issuer.issue(csr(KEY, f"sensor-{n}"), token=f"token-{n}", caller=OPERATOR))
    return found


def refused(service: Service, **query: str) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        service.client().rest("GET", "/certificates", query=query)
    return caught.value.status, caught.value.code


def test_a_certificate_is_listed_with_what_is_in_it(service: Service) -> None:
    authority = service.product.hierarchy()
    (one,) = issued(service, authority, 1)
    certificate = x509.load_pem_x509_certificate(one.certificate.encode())
    page = service.client().rest("GET", "/certificates", query={"authority": authority})
    assert page == {
        "certificates": [
            {
                "arn": one.arn,
                "authority_arn": authority,
                "serial": f"{certificate.serial_number:032x}",
                "subject": "CN=sensor-0",
                "template": "EndEntityCertificate/V1",
                "not_before": rfc3339(certificate.not_valid_before_utc),
                "not_after": rfc3339(certificate.not_valid_after_utc),
                "issued_at": rfc3339(START + timedelta(seconds=1)),
                "revoked_at": None,
                "revocation_reason": None,
                "invalidity_date": None,
            }
        ],
        "next": None,
    }


def rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_revoked_certificate_says_since_when(service: Service) -> None:
    authority = service.product.hierarchy()
    issued(service, authority, 1)
    (entry,) = service.client().pages("/certificates", "certificates", {"authority": authority})
    service.product.clock.advance(timedelta(seconds=1))
    service.product.authorities.revocation.revoke(OPERATOR, authority, entry["serial"], "KEY_COMPROMISE")
    (entry,) = service.client().pages("/certificates", "certificates", {"authority": authority})
    assert entry["revoked_at"] == rfc3339(START + timedelta(seconds=2))
    assert entry["revocation_reason"] == "KEY_COMPROMISE"


def test_pages_follow_each_other_to_the_end(service: Service) -> None:
    authority = service.product.hierarchy()
    arns = [each.arn for each in issued(service, authority, 5)]
    client, seen = service.client(), []
    query = {"authority": authority, "limit": "2"}
    while True:
        page = client.rest("GET", "/certificates", query=query)
        seen.append([each["arn"] for each in page["certificates"]])
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == [arns[:2], arns[2:4], arns[4:]]


def test_the_authority_must_be_named(service: Service) -> None:
    assert refused(service) == (400, "validation")
    assert refused(service, authority="x") == (400, "invalid-arn")


def test_another_accounts_authority_is_not_found(service: Service) -> None:
    authority = service.product.hierarchy()
    with pytest.raises(ApiError) as caught:
        service.client(STRANGER_KEY).rest("GET", "/certificates", query={"authority": authority})
    assert caught.value.status == 404
