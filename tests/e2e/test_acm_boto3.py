"""boto3's client of acm: paginators, the waiter, exceptions by name."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acm.pairs import Wanted, make
from tests.e2e.boto import client, only_modelled
from tests.service import Service


@pytest.fixture(name="acm")
def acm_fixture(service: Service) -> Iterator[Any]:
    with client(service, "acm") as made:
        made.meta.events.register("after-call.acm", only_modelled)
        yield made


def _import(acm: Any, number: int, name: str) -> str:
    pair = make(Wanted(datetime.now(UTC), name, (name,), "RSA_2048", number))
    return str(acm.import_certificate(**pair.members)["CertificateArn"])


def test_the_paginators_find_everything(acm: Any) -> None:
    """Two pages at least, and each certificate once."""
    arns = {_import(acm, 0, f"page-{number}.example.com") for number in range(3)}
    pages = list(acm.get_paginator("list_certificates").paginate(PaginationConfig={"PageSize": 2}))
    listed = [each["CertificateArn"] for page in pages for each in page["CertificateSummaryList"]]
    assert len(pages) > 1
    assert len(listed) == len(set(listed))
    assert arns <= set(listed)

    named = {"DnsName": {"Value": "page-", "ComparisonOperator": "CONTAINS"}}
    statement = {"Filter": {"X509AttributeFilter": {"SubjectAlternativeName": named}}}
    found = acm.get_paginator("search_certificates").paginate(
        FilterStatement=statement, PaginationConfig={"PageSize": 1}
    )
    assert {each["CertificateArn"] for page in found for each in page["Results"]} == arns
    one = acm.get_paginator("list_certificate_domain_validations").paginate(CertificateArn=min(arns))
    assert [page["DomainValidationSummaryList"] for page in one] == [[]]


def test_a_search_takes_dates(acm: Any) -> None:
    """As boto3 sends them."""
    arn = _import(acm, 0, "dated.example.com")
    ends = acm.describe_certificate(CertificateArn=arn)["Certificate"]["NotAfter"]
    statement = {
        "And": [
            {"Filter": {"CertificateArn": arn}},
            {"Filter": {"X509AttributeFilter": {"NotAfter": {"Start": ends, "End": ends}}}},
        ]
    }
    [found] = acm.search_certificates(FilterStatement=statement)["Results"]
    assert found["X509Attributes"]["NotAfter"] == ends


def test_the_waiter_ends_when_a_private_certificate_is_issued(acm: Any, service: Service) -> None:
    with client(service) as pca:
        listed = pca.list_certificate_authorities()["CertificateAuthorities"]
    authority = next(each["Arn"] for each in listed if each["Status"] == "ACTIVE")
    asked = {"CertificateAuthorityArn": authority, "KeyAlgorithm": "EC_prime256v1"}
    arn = acm.request_certificate(DomainName="waited.example.com", **asked)["CertificateArn"]
    waiter = acm.get_waiter("certificate_validated")
    waiter.wait(CertificateArn=arn, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_exceptions_have_their_names(acm: Any) -> None:
    nobody = "arn:aws:acm:us-east-1:000000000000:certificate/12345678-1234-1234-1234-123456789012"
    with pytest.raises(acm.exceptions.ResourceNotFoundException):
        acm.describe_certificate(CertificateArn=nobody)
    with pytest.raises(acm.exceptions.InvalidParameterException):
        acm.request_certificate(DomainName="public.example.com")
