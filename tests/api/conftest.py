from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.client import PrivySealClient
from privyseal.clock import SystemClock
from privyseal.frontends.api import ApiFrontend
from privyseal.frontends.http import App, Authenticator
from privyseal.meter import SilentMeter
from tests.devices.deployment import ACCOUNT, ADMIN, REGION, Deployment, deployment
from tests.frontends.live import serving

ADMIN_KEY = AccessKey(ADMIN.access_key_id, "the-secret-of-admin", ACCOUNT, ADMIN.arn, admin=True)
GUEST_KEY = AccessKey(
    "AKIAGUEST00000000000", "the-secret-of-guest", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/guest"
)
ABROAD = "444455556666"
STRANGER_KEY = AccessKey(
    "AKIASTRANGER00000000",
    "the-secret-of-stranger",
    ABROAD,
    f"arn:aws:iam::{ABROAD}:user/admin",
    admin=True,
)
KEYS = {key.id: key for key in (ADMIN_KEY, GUEST_KEY, STRANGER_KEY)}


@dataclass(frozen=True)
class Service:
    product: Deployment
    url: str

    def client(
        self, key: AccessKey = ADMIN_KEY, *, secret: str = "", region: str = REGION
    ) -> PrivySealClient:
        return PrivySealClient(self.url, key.id, secret or key.secret, region=region)


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as made:
        yield made


@contextmanager
def running() -> Iterator[Service]:
    with deployment() as product:
        authenticator = Authenticator(KeyRing(KEYS.get, SystemClock()), product.pool, REGION)
        api = ApiFrontend(
            authenticator,
            SystemClock(),
            product.pool,
            certificates=product.authorities.reader,
            devices=product.registry,
            lifecycle=product.lifecycle,
            revoking=product.authorities.named_revoking,
            mass_revoking=product.authorities.mass_revoking,
            crl_restarting=product.authorities.crl_restarting,
        )
        with serving(App(api.routes(), SilentMeter())) as url:
            yield Service(product, url)
