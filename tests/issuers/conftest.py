"""Each row of the table of issuers, ready to issue from an authority of the product."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.caller import Caller
from privyseal.clock import SystemClock
from privyseal.devices.ports import Issuer
from privyseal.devices.terms import Terms
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.http import App, Authenticator
from privyseal.issuers import ISSUERS
from privyseal.issuers.aws_pca import AwsPcaIssuer
from privyseal.issuers.local import LocalIssuer
from privyseal.meter import SilentMeter
from tests.devices.deployment import ACCOUNT, ADMIN, REGION, START, Deployment, deployment
from tests.frontends.live import serving

KEY = AccessKey(ADMIN.access_key_id, "the-secret-of-admin", ACCOUNT, ADMIN.arn, admin=True)
DEVICE = Caller("device:sensor", ACCOUNT, "request-of-a-device")

Make = Callable[[Terms], Issuer]


@dataclass(frozen=True)
class Bench:
    """`make` gives an issuer for any terms; `authority` is the ARN of one that can issue."""

    product: Deployment
    make: Make
    authority: str


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.fixture(params=sorted(ISSUERS))
def bench(request: pytest.FixtureRequest, product: Deployment) -> Bench:
    makers: dict[str, Make] = {
        "local": lambda terms: LocalIssuer(
            terms,
            describe=product.authorities.authorities.describe,
            issue=product.authorities.issue_now,
            get=product.authorities.get_now,
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
