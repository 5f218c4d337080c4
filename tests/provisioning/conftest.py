from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.frontends.http import App
from privyseal.meter import SilentMeter
from tests.devices.deployment import Deployment, deployment
from tests.frontends.live import serving
from tests.provisioning.desk import Desk
from tests.registrars.moto import aws_environment_fixture, empty_moto_fixture, moto_url_fixture

__all__ = ["aws_environment_fixture", "empty_moto_fixture", "moto_url_fixture"]

KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Service:
    """A running provisioning service; the device `sensor` is registered with `KEY`."""

    product: Deployment
    url: str


@pytest.fixture(scope="module", name="service")
def service_fixture() -> Iterator[Service]:
    with deployment() as product:
        product.register("sensor", KEY.public_key())
        enrolment = product.enrolment(product.issuer(product.hierarchy()))
        with serving(App(Desk(product, enrolment).routes(), SilentMeter())) as url:
            yield Service(product, url)
