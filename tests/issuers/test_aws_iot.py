"""The issuer on AWS IoT Core: what it asks for, and that no moment makes it issue twice."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.devices.issuing_once import LEASE, IssuingOnce
from privyseal.devices.ports import IssuedDeviceCertificate
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.issuers.aws_iot import AwsIotIssuer
from privyseal.names import new_id
from privyseal.store import Tx
from privyseal.stores.repositories.intents import SqlIntents
from tests.ca.fakes import Interrupted
from tests.devices.deployment import REGION, Deployment, key_der
from tests.devices.requests import csr
from tests.issuers.conftest import DEVICE, iot_issuer
from tests.registrars.between import Between, Call
from tests.registrars.registry import Registry, der

KEY = ec.generate_private_key(ec.SECP256R1())
T = TypeVar("T")

CREATE = "CreateCertificateFromCsr"


class Asking:
    """One request, whose process is another one each time."""

    def __init__(self, product: Deployment, aws: Between) -> None:
        self.product = product
        self.aws = aws
        self.request, self.token = csr(KEY, "sensor"), new_id()

    def issue(self) -> IssuedDeviceCertificate:
        issuer = iot_issuer(self.product, self.aws.url)
        return issuer.issue(self.request, token=self.token, caller=DEVICE)

    def refused(self) -> ErrorCode:
        with pytest.raises(PrivySealError) as caught:
            self.issue()
        return caught.value.code

    def operations(self) -> list[str]:
        return [call.operation for call in self.aws.take()]


class Dying(Interrupted):
    """A process that ends before its second commit begins."""

    def transact(self, write: Callable[[Tx], T]) -> T:
        if self.commits:
            raise SystemExit
        return super().transact(write)


@pytest.fixture(name="asking")
def asking_fixture(product: Deployment, aws: Between) -> Asking:
    return Asking(product, aws)


def test_it_asks_for_an_inactive_certificate_from_the_csr(asking: Asking, registry: Registry) -> None:
    issued = asking.issue()
    assert asking.aws.calls == [
        Call(REGION, CREATE, {"certificateSigningRequest": asking.request.decode(), "setAsActive": "false"})
    ]
    assert registry.of(REGION).certificates == (("INACTIVE", der(issued.certificate)),)
    assert issued.arn.startswith(f"arn:aws:iot:{REGION}:")
    assert issued.chain == ""
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    assert key_der(certificate.public_key()) == key_der(KEY.public_key())


def test_what_is_recorded_is_not_asked_again(asking: Asking) -> None:
    issued = asking.issue()
    asking.aws.take()
    assert asking.issue() == issued
    assert asking.operations() == []


def test_a_lost_answer_is_found_again(asking: Asking, registry: Registry) -> None:
    other = Asking(asking.product, asking.aws)
    other.request = csr(ec.generate_private_key(ec.SECP256R1()), "other")
    other.issue()
    asking.aws.take()
    asking.aws.fail_at(0, "cut")
    asking.refused()
    assert asking.operations() == [CREATE], "asked once, however it ended"
    issued = asking.issue()
    assert asking.operations()[0] == "ListCertificates"
    assert len(registry.of(REGION).certificates) == 2
    assert asking.issue() == issued


def test_a_process_that_died_is_waited_for_and_then_its_certificate_is_found(
    asking: Asking, registry: Registry
) -> None:
    dying = Dying(asking.product.store)
    issuer = AwsIotIssuer(IssuingOnce(dying, SqlIntents()), region=REGION, endpoint_url=asking.aws.url)
    with pytest.raises(SystemExit):
        issuer.issue(asking.request, token=asking.token, caller=DEVICE)
    assert asking.refused() is ErrorCode.UNAVAILABLE
    asking.product.clock.advance(LEASE)
    issued = asking.issue()
    assert registry.of(REGION).certificates == (("INACTIVE", der(issued.certificate)),)


def test_a_refusal_is_forgotten(asking: Asking, registry: Registry) -> None:
    asking.aws.fail_at(0, "refuse")
    assert asking.refused() is ErrorCode.FAILED
    asking.aws.take()
    asking.issue()
    assert asking.operations() == [CREATE], "there is nothing to look for"


def test_a_certificate_that_is_in_use_is_not_taken_for_a_lost_one(asking: Asking, registry: Registry) -> None:
    """The same key, and its certificate is ACTIVE: that was released to somebody."""
    earlier = Asking(asking.product, asking.aws)
    in_use = earlier.issue()
    registry.client(REGION).update_certificate(certificateId=in_use.arn[-64:], newStatus="ACTIVE")
    asking.aws.fail_at(0, "cut")
    asking.refused()
    assert asking.issue().arn != in_use.arn
    assert len(registry.of(REGION).certificates) == 2
