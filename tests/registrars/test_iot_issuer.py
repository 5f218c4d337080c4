"""Enrolment where AWS IoT Core issues too, as for POST /proto: the calls, and a failure at each one."""

import pytest

from privyseal.devices.issuing_once import IssuingOnce
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.issuers.aws_iot import AwsIotIssuer
from privyseal.stores.repositories.intents import SqlIntents
from tests.devices.deployment import Deployment, deployment
from tests.devices.requests import csr
from tests.registrars.between import Between
from tests.registrars.fleet import KEY, POLICY, REGIONS, check_finished, check_none, enrol, registrars
from tests.registrars.registry import Registry

HOME = REGIONS[:1]
CALLS = (
    "CreateCertificateFromCsr",
    "DescribeThing",
    "CreateThing",
    "AttachThingPrincipal",
    "GetPolicy",
    "CreatePolicy",
    "AttachPolicy",
    "DescribeCertificate",
    "UpdateCertificate",
    "DescribeCertificate",
    "DescribeEndpoint",
)


class Process:
    """A new one each time: nothing is remembered but the database."""

    def __init__(self, product: Deployment, aws: Between, regions: tuple[str, ...] = HOME) -> None:
        once = IssuingOnce(product.store, SqlIntents())
        issuer = AwsIotIssuer(once, region=HOME[0], endpoint_url=aws.url)
        self.enrolment = product.enrolment(issuer, registrars(aws.url, regions))


def test_the_calls_of_the_reference_system_and_the_activation_last(aws: Between, registry: Registry) -> None:
    with deployment() as product:
        product.register("sensor", KEY.public_key())
        issued = enrol(Process(product, aws).enrolment, csr(KEY, "sensor"))
        check_finished(product, registry, issued, HOME)
    assert tuple(call.operation for call in aws.calls) == CALLS
    assert {call.region for call in aws.calls} == set(HOME)
    told = {call.operation: call.params for call in aws.calls}
    assert told["CreateCertificateFromCsr"]["setAsActive"] == "false"
    assert told["AttachThingPrincipal"] == {"thingName": "sensor", "principal": issued.arn}
    assert told["AttachPolicy"] == {"policyName": POLICY, "target": issued.arn}
    assert told["UpdateCertificate"] == {"certificateId": issued.arn[-64:], "newStatus": "ACTIVE"}


@pytest.mark.parametrize("how", ["refuse", "cut"])
@pytest.mark.parametrize("number", range(len(CALLS)), ids=lambda n: f"{n}-{CALLS[n]}")
def test_a_failure_at_each_call_leaves_none_and_the_retry_makes_no_second_certificate(
    aws: Between, registry: Registry, number: int, how: str
) -> None:
    """A cut connection: the call has arrived. botocore asks again where that is harmless."""
    with deployment() as product:
        product.register("sensor", KEY.public_key())
        request = csr(KEY, "sensor")
        aws.fail_at(number, how)
        process = Process(product, aws)
        if how == "refuse" or CALLS[number] == "CreateCertificateFromCsr":
            with pytest.raises(PrivySealError) as caught:
                enrol(process.enrolment, request)
            assert caught.value.code is ErrorCode.UNAVAILABLE
            check_none(product)
        issued = enrol(Process(product, aws).enrolment, request)
        check_finished(product, registry, issued, HOME)
        assert enrol(Process(product, aws).enrolment, request) == issued


def test_what_aws_has_issued_is_not_registered_in_another_region(aws: Between) -> None:
    with deployment() as product:
        product.register("sensor", KEY.public_key())
        with pytest.raises(PrivySealError) as caught:
            enrol(Process(product, aws, REGIONS).enrolment, csr(KEY, "sensor"))
        assert caught.value.code is ErrorCode.UNAVAILABLE
        check_none(product)
    assert {call.region for call in aws.calls} == set(HOME)
