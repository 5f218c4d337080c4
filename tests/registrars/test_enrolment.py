"""Enrolment with AWS IoT Core in two regions: the calls, and a failure at each one of them."""

from collections.abc import Callable

import pytest

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.vending import Enrolled
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import Deployment, deployment
from tests.devices.requests import csr
from tests.registrars.between import Between, Call
from tests.registrars.fleet import (
    KEY,
    POLICY,
    REGIONS,
    certificates,
    check_finished,
    check_none,
    enrol,
    identities,
    registrars,
)
from tests.registrars.registry import Registry, der


def started(product: Deployment, aws: Between) -> Callable[[], Enrolment]:
    """A new process each time: nothing is remembered but the database."""
    product.register("sensor", KEY.public_key())
    issuer = product.issuer(product.hierarchy())
    return lambda: product.enrolment(issuer, registrars(aws.url))


def test_the_calls_of_the_reference_system_in_its_order_in_each_region(
    aws: Between, registry: Registry
) -> None:
    with deployment() as product:
        issued = enrol(started(product, aws)(), csr(KEY, "sensor"))
    expected = []
    for region in REGIONS:
        (arn,) = registry.of(region).things["sensor"]
        expected += [
            (region, "RegisterCertificate"),
            (region, "DescribeThing"),
            (region, "CreateThing"),
            (region, "AttachThingPrincipal"),
            (region, "GetPolicy"),
            (region, "CreatePolicy"),
            (region, "AttachPolicy"),
            (region, "DescribeCertificate"),
        ]
    expected.append((REGIONS[0], "DescribeEndpoint"))
    assert [(call.region, call.operation) for call in aws.calls] == expected
    for region in REGIONS:
        (arn,) = registry.of(region).things["sensor"]
        check_arguments([call for call in aws.calls if call.region == region], arn, issued)
    described = registry.client(REGIONS[0]).describe_endpoint(endpointType="iot:Data-ATS")
    assert issued.endpoint == described["endpointAddress"]


def check_arguments(calls: list[Call], arn: str, issued: Enrolled) -> None:
    issuing = issued.chain[: issued.chain.index("-----END CERTIFICATE-----") + 25]
    told = {call.operation: call.params for call in calls}
    assert told["RegisterCertificate"] == {
        "certificatePem": issued.certificate,
        "caCertificatePem": issuing,
        "status": "ACTIVE",
    }
    assert told["DescribeThing"] == told["CreateThing"] == {"thingName": "sensor"}
    assert told["AttachThingPrincipal"] == {"thingName": "sensor", "principal": arn}
    assert told["GetPolicy"] == {"policyName": POLICY}
    assert told["CreatePolicy"].keys() == {"policyName", "policyDocument"}
    assert told["AttachPolicy"] == {"policyName": POLICY, "target": arn}
    assert told["DescribeCertificate"] == {"certificateId": arn.rpartition("/")[2]}


CALLS = 8 * len(REGIONS) + 1


@pytest.mark.parametrize("how", ["refuse", "lose"])
@pytest.mark.parametrize("number", range(CALLS))
def test_a_failure_at_each_call_leaves_none_and_the_retry_finishes_with_the_same_certificate(
    aws: Between, registry: Registry, number: int, how: str
) -> None:
    with deployment() as product:
        process = started(product, aws)
        request = csr(KEY, "sensor")
        aws.fail_at(number, how)
        with pytest.raises(PrivySealError) as caught:
            enrol(process(), request)
        assert caught.value.code is ErrorCode.UNAVAILABLE
        assert "as the test wants it" not in caught.value.message
        assert len(aws.calls) == number + 1, "nothing is asked after a failure"
        check_none(product)
        (unfinished,) = identities(product)
        issued = enrol(process(), request)
        assert der(issued.certificate) == unfinished.certificate
        check_finished(product, registry, issued)
        assert certificates(product) == 1
        assert enrol(process(), request) == issued


@pytest.mark.parametrize("number", range(CALLS))
def test_a_connection_that_ends_once_at_any_call_is_made_good_at_once(
    aws: Between, registry: Registry, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """After the call took effect: botocore asks again, and finds what is there."""
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's back-off
    with deployment() as product:
        process = started(product, aws)
        request = csr(KEY, "sensor")
        aws.fail_at(number, "cut")
        issued = enrol(process(), request)
        assert len(aws.calls) > CALLS
        check_finished(product, registry, issued)
        assert certificates(product) == 1


@pytest.mark.parametrize("number", range(CALLS))
def test_connections_that_end_at_any_call_and_from_then_on_leave_none_and_the_retry_finishes(
    aws: Between, registry: Registry, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Every repetition takes effect too, where the answers are what is lost."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with deployment() as product:
        process = started(product, aws)
        request = csr(KEY, "sensor")
        aws.verdict = lambda at, _call: "cut" if at >= number else "pass"
        with pytest.raises(PrivySealError) as caught:
            enrol(process(), request)
        assert caught.value.code is ErrorCode.UNAVAILABLE
        repeated = {call.operation for call in aws.calls[number:]}
        assert len(repeated) == 1, "nothing else is asked after a failure"
        check_none(product)
        aws.verdict = lambda _at, _call: "pass"
        issued = enrol(process(), request)
        check_finished(product, registry, issued)
        assert certificates(product) == 1


def test_there_are_as_many_calls_as_fail_in_turn(aws: Between) -> None:
    with deployment() as product:
        enrol(started(product, aws)(), csr(KEY, "sensor"))
    assert len(aws.calls) == CALLS
