from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.frontends.http import App
from privyseal.frontends.provisioning import CsrHeaderFrontend, ProvisioningFrontend
from privyseal.meter import SilentMeter
from tests.devices.deployment import Deployment, deployment
from tests.frontends.live import serving

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
        provision = ProvisioningFrontend(enrolment, product.pool)
        csr_header = CsrHeaderFrontend(enrolment, enrolment, product.pool)
        with serving(App([*provision.routes(), *csr_header.routes()], SilentMeter())) as url:
            yield Service(product, url)
