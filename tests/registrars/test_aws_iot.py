"""The registrar on AWS IoT Core: what is there already, what it makes, and how it takes it back."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.devices.identities import Registration
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.registrars.aws_iot import AwsIotRegistrar
from tests.mqtt.pki import Authority, pem
from tests.registrars.between import Between
from tests.registrars.registry import Registry, der

REGION = "eu-central-1"
AUTHORITY = Authority("Issuing", Authority("Root"))


def registration(device_id: str = "sensor", arn: str = "arn:aws:acm-pca:x") -> Registration:
    leaf = AUTHORITY.sign("sensor", ec.generate_private_key(ec.SECP256R1()))
    certificate = leaf.public_bytes(Encoding.PEM).decode()
    return Registration("111122223333", device_id, certificate, pem(*AUTHORITY.chain).decode(), arn)


def registrar(aws: Between, **more: Any) -> AwsIotRegistrar:
    settings: dict[str, Any] = {"policy": "fleet", "endpoint_url": aws.url, "sleep": lambda _: None}
    return AwsIotRegistrar(REGION, **settings | more)


def policy(registry: Registry) -> Any:
    return json.loads(registry.client(REGION).get_policy(policyName="fleet")["policyDocument"])


def test_the_policy_that_it_makes_lets_a_device_be_itself_alone(aws: Between, registry: Registry) -> None:
    arn = registrar(aws).register(registration())
    owner = arn.rpartition(":")[0]
    thing = "${iot:Connection.Thing.ThingName}"
    allowed = policy(registry)["Statement"]
    assert {each["Effect"] for each in allowed} == {"Allow"}
    named = [
        resource
        for each in allowed
        for resource in ([each["Resource"]] if isinstance(each["Resource"], str) else each["Resource"])
    ]
    assert len(named) == 5
    for resource in named:
        assert resource.startswith(f"{owner}:")
        assert thing in resource, "nothing that is not the device's own"
    connect = next(each for each in allowed if each["Action"] == "iot:Connect")
    assert connect["Condition"] == {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    assert not [each for each in allowed if "*" in str(each["Action"])]


def test_a_policy_of_the_settings_is_made_as_it_stands(aws: Between, registry: Registry) -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    registrar(aws, policy_document=json.dumps(document)).register(registration())
    assert policy(registry) == document


def test_a_thing_and_a_policy_that_are_there_stay_as_they_are(aws: Between, registry: Registry) -> None:
    iot = registry.client(REGION)
    iot.create_thing(thingName="sensor", attributePayload={"attributes": {"line": "7"}})
    document = '{"Version":"2012-10-17","Statement":[]}'
    iot.create_policy(policyName="fleet", policyDocument=document)
    registrar(aws).register(registration())
    assert not [call for call in aws.calls if call.operation.startswith("Create")]
    assert iot.describe_thing(thingName="sensor")["attributes"] == {"line": "7"}
    assert policy(registry) == json.loads(document)


def test_what_is_known_is_not_asked_for_each_device(aws: Between) -> None:
    one = registrar(aws)
    one.register(registration())
    aws.take()
    one.register(registration("meter"))
    assert "GetPolicy" not in {call.operation for call in aws.calls}


def test_a_policy_that_was_deleted_is_made_again(aws: Between, registry: Registry) -> None:
    one = registrar(aws)
    first = one.register(registration())
    iot = registry.client(REGION)
    iot.detach_policy(policyName="fleet", target=first)
    iot.delete_policy(policyName="fleet")
    second = registration()
    with pytest.raises(PrivySealError):
        one.register(second)
    arn = one.register(second)
    assert registry.of(REGION).policies == {"fleet": [arn]}


def test_without_ca_no_ca_is_named(aws: Between) -> None:
    told = registration()
    registrar(aws, without_ca=True).register(told)
    first = aws.calls[0]
    assert first.operation == "RegisterCertificateWithoutCA"
    assert first.params == {"certificatePem": told.certificate, "status": "ACTIVE"}


@pytest.mark.parametrize("name", ["sensor 7", "sensor.7", "K\u00fchlschrank", "x" * 129, ""])
def test_an_id_that_cannot_be_a_thing_is_refused_before_anything_is_made(aws: Between, name: str) -> None:
    with pytest.raises(PrivySealError) as caught:
        registrar(aws).register(registration(name))
    assert caught.value.code is ErrorCode.FAILED
    assert aws.calls == []


# `withdrawal` → what is left of the certificate.
WITHDRAWALS: Mapping[str, tuple[str, ...]] = {
    "revoke": ("REVOKED",),
    "deactivate": ("INACTIVE",),
    "delete": (),
}


@pytest.mark.parametrize("withdrawal", WITHDRAWALS)
@pytest.mark.parametrize("known", [True, False], ids=["by its reference", "by its certificate"])
def test_withdrawing_takes_it_out_of_use(
    aws: Between, registry: Registry, withdrawal: str, known: bool
) -> None:
    told = registration()
    one = registrar(aws, withdrawal=withdrawal)
    arn = one.register(told)
    one.withdraw(Registration(**fields(told) | {"reference": arn if known else ""}))
    found = registry.of(REGION)
    assert tuple(status for status, _ in found.certificates) == WITHDRAWALS[withdrawal]
    assert found.things == {"sensor": []}, "the Thing is the device's, not the certificate's"
    assert found.policies == {"fleet": []}


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("how", ["refuse", "lose"])
def test_a_withdrawal_that_fails_at_any_call_can_be_repeated(
    aws: Between, registry: Registry, number: int, how: str
) -> None:
    told = registration()
    one = registrar(aws, withdrawal="delete")
    told = Registration(**fields(told) | {"reference": one.register(told)})
    aws.take()
    aws.fail_at(number, how)
    with pytest.raises(PrivySealError):
        one.withdraw(told)
    one.withdraw(told)
    assert registry.of(REGION).certificates == ()


def fields(told: Registration) -> dict[str, str]:
    return {name: getattr(told, name) for name in Registration.__slots__}


def test_one_that_somebody_has_deactivated_becomes_active(aws: Between, registry: Registry) -> None:
    told = registration()
    arn = registrar(aws).register(told)
    set_status(registry, arn, "INACTIVE")
    registrar(aws).register(told)
    assert registry.of(REGION).certificates[0][0] == "ACTIVE"


def set_status(registry: Registry, arn: str, status: str) -> None:
    registry.client(REGION).update_certificate(certificateId=arn[-64:], newStatus=status)


@pytest.mark.parametrize(
    ("status", "code", "waited"),
    [("REVOKED", ErrorCode.FAILED, 0), ("PENDING_TRANSFER", ErrorCode.UNAVAILABLE, 10)],
)
def test_one_that_is_not_active_is_waited_for_where_that_may_help(
    aws: Between, registry: Registry, status: str, code: ErrorCode, waited: int
) -> None:
    told = registration()
    set_status(registry, registrar(aws).register(told), status)
    waits: list[float] = []
    with pytest.raises(PrivySealError) as caught:
        registrar(aws, sleep=waits.append).register(told)
    assert caught.value.code is code
    assert sum(waits) == waited


@pytest.mark.parametrize("known", [True, False], ids=["by its reference", "by its certificate"])
def test_suspending_makes_it_inactive_and_leaves_the_rest(
    aws: Between, registry: Registry, known: bool
) -> None:
    told = registration()
    one = registrar(aws)
    arn = one.register(told)
    before = registry.of(REGION)
    aws.take()
    one.suspend(Registration(**fields(told) | {"reference": arn if known else ""}))
    last = aws.calls[-1]
    assert (last.operation, last.params) == (
        "UpdateCertificate",
        {"certificateId": arn[-64:], "newStatus": "INACTIVE"},
    )
    found = registry.of(REGION)
    assert found.certificates == (("INACTIVE", der(told.certificate)),)
    assert (found.things, found.policies) == (before.things, before.policies)


def test_registering_a_suspended_one_makes_it_active_last(aws: Between, registry: Registry) -> None:
    told = registration()
    one = registrar(aws)
    one.suspend(Registration(**fields(told) | {"reference": one.register(told)}))
    aws.take()
    arn = one.register(told)
    changing = [call for call in aws.calls if call.operation.startswith(("Update", "Create"))]
    assert [call.params for call in changing] == [{"certificateId": arn[-64:], "newStatus": "ACTIVE"}]
    assert registry.of(REGION).certificates[0][0] == "ACTIVE"
