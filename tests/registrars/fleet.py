"""One device, `sensor`, and AWS IoT Core in two regions: how it enrols, and what is there afterwards."""

from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices.enrolment import Enrolment
from privyseal.devices.identities import Identity, IdentityState
from privyseal.devices.vending import Enrolled
from privyseal.registrars.aws_iot import AwsIotRegistrar
from tests.devices.deployment import ACCOUNT, OPERATOR, Deployment
from tests.registrars.registry import Registry, der

KEY = ec.generate_private_key(ec.SECP256R1())
REGIONS = ("eu-central-1", "us-east-1")
POLICY = "fleet"


def registrars(url: str, regions: tuple[str, ...] = REGIONS) -> dict[str, AwsIotRegistrar]:
    return {
        f"iot/{region}": AwsIotRegistrar(region, policy=POLICY, endpoint_url=url, sleep=lambda _: None)
        for region in regions
    }


def enrol(enrolment: Enrolment, request: bytes) -> Enrolled:
    return enrolment.enrol(request, "sensor", request_id="r")


def check_finished(
    product: Deployment, registry: Registry, issued: Enrolled, regions: tuple[str, ...] = REGIONS
) -> None:
    """One certificate, everywhere the same, and everything attached to it."""
    for region in regions:
        found = registry.of(region)
        assert found.certificates == (("ACTIVE", der(issued.certificate)),)
        (arn,) = found.things["sensor"]
        assert found.things == {"sensor": [arn]}
        assert found.policies == {POLICY: [arn]}
    (identity,) = identities(product)
    assert (identity.state, identity.arn) == (IdentityState.ACTIVE, issued.arn)
    assert product.registry.show(OPERATOR, "sensor").certificate_arn == issued.arn


def check_none(product: Deployment) -> None:
    """Nothing counts as the device's certificate."""
    assert product.registry.show(OPERATOR, "sensor").certificate_arn is None
    assert {each.state for each in identities(product)} <= {IdentityState.ISSUED}


def identities(product: Deployment) -> list[Identity]:
    return list(product.store.view(lambda tx: product.identities.of_device(tx, ACCOUNT, "sensor")))


def certificates(product: Deployment) -> int:
    """How many our own authority has issued for the device."""
    issued = [each for each in product.journal() if each["action"] == "acm-pca:IssueCertificate"]
    return len([each for each in issued if each["principal"] == "device:sensor"])
