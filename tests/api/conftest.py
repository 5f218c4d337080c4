from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.client import PrivySealClient
from privyseal.clock import SystemClock
from privyseal.devices.catching_up import CatchingUp, Fit, Rows
from privyseal.devices.registered import RegistrationReader
from privyseal.frontends.api import ApiFrontend, registrations
from privyseal.frontends.api.jobs import endpoints as job_endpoints
from privyseal.frontends.api.model import Endpoint
from privyseal.frontends.http import App, Authenticator
from privyseal.jobs.overview import Overview
from privyseal.jobs.table import JOBS
from privyseal.meter import SilentMeter
from privyseal.registrars.device_ids import DEVICE_IDS
from privyseal.store import Tx
from privyseal.stores.repositories.jobs import SqlJobs
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
# Every job of the product; those that rest a while run without anything waiting.
JOBS_HERE = [(job, not job.every) for job in JOBS]
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


def registered(product: Deployment) -> RegistrationReader:
    return RegistrationReader(product.store, product.devices, product.identities, product.steps)


def catching_up(product: Deployment) -> CatchingUp:
    """With two registrars: AWS IoT Core in one region, and a broker, which cannot have every certificate."""
    rows = Rows(product.devices, product.identities, product.steps)
    names = {"iot/there": DEVICE_IDS["aws-iot"], "broker": DEVICE_IDS["mosquitto"]}

    def fit(_: Tx) -> Fit:
        return lambda arn: names if ":acm-pca:" in arn else ["iot/there"]

    return CatchingUp(product.store, rows, product.witness, names, fit=fit, wake=lambda: None)


@contextmanager
def running() -> Iterator[Service]:
    with deployment() as product:
        more = [
            *job_endpoints(Overview(product.store, SqlJobs(), lambda: JOBS_HERE), product.pool),
            *registrations.endpoints(registered(product), catching_up(product), product.pool),
        ]
        with serving_api(product, more) as url:
            yield Service(product, url)


@contextmanager
def serving_api(product: Deployment, more: Iterable[Endpoint]) -> Iterator[str]:
    """The API of a deployment and these endpoints besides, for everybody in KEYS; its URL."""
    api = ApiFrontend(
        Authenticator(KeyRing(KEYS.get, SystemClock()), product.pool, REGION),
        SystemClock(),
        product.pool,
        certificates=product.authorities.reader,
        devices=product.registry,
        lifecycle=product.lifecycle,
        revoking=product.authorities.named_revoking,
        mass_revoking=product.authorities.mass_revoking,
        crl_restarting=product.authorities.crl_restarting,
        more=more,
    )
    with serving(App(api.routes(), SilentMeter())) as url:
        yield url
