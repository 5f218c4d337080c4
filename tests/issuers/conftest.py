"""Each row of the table of issuers, ready to issue from an authority of the product."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.caller import Caller
from privyseal.clock import SystemClock
from privyseal.devices.issuing_once import IssuingOnce
from privyseal.devices.ports import Issuer
from privyseal.devices.terms import Terms
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.http import App, Authenticator
from privyseal.issuers import ISSUERS
from privyseal.issuers.aws_iot import AwsIotIssuer
from privyseal.issuers.aws_pca import AwsPcaIssuer
from privyseal.issuers.local import LocalIssuer
from privyseal.meter import SilentMeter
from privyseal.stores.repositories.intents import SqlIntents
from tests.devices.deployment import ACCOUNT, ADMIN, REGION, START, Deployment, deployment
from tests.frontends.live import serving
from tests.registrars.moto import aws_fixture, empty_moto_fixture, moto_url_fixture, registry_fixture

__all__ = ["aws_fixture", "empty_moto_fixture", "moto_url_fixture", "registry_fixture"]

KEY = AccessKey(ADMIN.access_key_id, "the-secret-of-admin", ACCOUNT, ADMIN.arn, admin=True)
DEVICE = Caller("device:sensor", ACCOUNT, "request-of-a-device")

Make = Callable[[Terms], Issuer]


@dataclass(frozen=True)
class Bench:
    """`make` gives an issuer for any terms; `authority` is the ARN of one that can issue."""

    product: Deployment
    make: Make
    authority: str


@pytest.fixture(autouse=True, name="aws_environment")
def aws_environment_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials of the product's administrator, where every AWS tool looks for them."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def product() -> Iterator[Deployment]:
    with deployment(at=START) as made:
        yield made


@pytest.fixture(scope="module")
def url(product: Deployment) -> Iterator[str]:
    """The product's AWS front-end. Signatures are checked by the real clock, as boto3 makes them by it."""
    keys = KeyRing({KEY.id: KEY}.get, SystemClock())
    authenticator = Authenticator(keys, product.pool, REGION)
    aws = AwsFrontend([product.acm_pca], authenticator, SystemClock(), REGION)
    with serving(App(aws.routes(), SilentMeter())) as address:
        yield address


# Issuers that have an authority of ours or of AWS Private CA behind them, and terms to issue under.
AUTHORITIES = frozenset(ISSUERS) - {"aws-iot"}


@pytest.fixture(params=sorted(ISSUERS))
def issuer(request: pytest.FixtureRequest, product: Deployment) -> Callable[[], Issuer]:
    """Each row of the table; each call gives what another process would have."""
    if request.param == "aws-iot":
        aws = request.getfixturevalue("aws")
        return lambda: iot_issuer(product, aws.url)
    terms = Terms(request.getfixturevalue("authority"))
    if request.param == "aws-pca":
        url = request.getfixturevalue("url")
        return lambda: AwsPcaIssuer(terms, clock=product.clock, endpoint_url=url)
    return lambda: product.issuer(terms.authority_arn)


def iot_issuer(product: Deployment, url: str) -> AwsIotIssuer:
    once = IssuingOnce(product.store, SqlIntents())
    return AwsIotIssuer(once, region=REGION, endpoint_url=url)


@pytest.fixture(params=sorted(AUTHORITIES))
def bench(request: pytest.FixtureRequest, product: Deployment) -> Bench:
    makers: dict[str, Make] = {
        "local": lambda terms: LocalIssuer(
            lambda: terms,
            describe=product.authorities.authorities.describe,
            issue=product.authorities.issue_now,
            clock=product.clock,
        ),
        "aws-pca": lambda terms: AwsPcaIssuer(
            terms, clock=product.clock, endpoint_url=request.getfixturevalue("url")
        ),
    }
    return Bench(product, makers[request.param], request.getfixturevalue("authority"))


@pytest.fixture(scope="module")
def authority(product: Deployment) -> str:
    return product.hierarchy()
