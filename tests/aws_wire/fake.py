"""A deployment whose services are fakes: each operation of acm-pca answers what the test told it to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.config
import botocore.session
from msgspec import Struct

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.clock import Clock, SystemClock
from privyseal.frontends.aws import shapes_acm_pca, sts
from privyseal.frontends.aws.front import AwsFrontend
from privyseal.frontends.aws.model import Call, Operation, Service
from privyseal.frontends.http import App, Authenticator, Pool, Request, Response
from tests.frontends.live import serving

REGION = "us-east-1"
ACCOUNT = "111122223333"
ADMIN = AccessKey(
    "AKIAADMIN00000000000", "the-secret-of-admin", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/admin", admin=True
)
GUEST = AccessKey(
    "AKIAGUEST00000000000", "the-secret-of-guest", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/guest"
)
RETIRED = AccessKey(
    "AKIARETIRED000000000", "the-secret-of-retired", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/old", active=False
)
KEYS = {key.id: key for key in (ADMIN, GUEST, RETIRED)}

CA_ARN = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/11111111-2222-3333-4444-555555555555"


class CountingMeter:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, dict[str, str]]] = []

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        self.counted += [(name, labels)] * amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        assert seconds >= 0, (name, labels)

    def answered(self, frontend: str, operation: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0, operation
        labels = {"frontend": frontend, "operation": operation, "outcome": outcome}
        self.counted.append(("http_requests", labels))


class Recorded(AwsFrontend):
    """The front-end itself, which also remembers the requests that it got."""

    requests: list[Request]

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return await super().handle(request)


@dataclass
class Deployment:
    """`answers` maps an operation to what it answers, or to a function of its request."""

    url: str
    answers: dict[str, Any]
    calls: list[tuple[Call, Struct]]
    requests: list[Request]
    meter: CountingMeter
    clients: dict[Any, Any] = field(default_factory=dict)

    def client(self, service: str, key: AccessKey = ADMIN, *, cbor: bool = False, **options: Any) -> Any:
        """A boto3 client that knows nothing but this endpoint and a key. Made once: that takes a while."""
        kind = (service, key.id, cbor, *sorted(options.items()))
        if kind not in self.clients:
            self.clients[kind] = self._make(service, key, cbor=cbor, **options)
        return self.clients[kind]

    def _make(self, service: str, key: AccessKey, *, cbor: bool, **options: Any) -> Any:
        session = botocore.session.Session()
        session.set_config_variable("ca_bundle", None)
        if cbor:
            prefer_cbor(session, service)
        return boto3.session.Session(botocore_session=session).client(
            service,
            region_name=options.pop("region", REGION),
            endpoint_url=self.url,
            aws_access_key_id=key.id,
            aws_secret_access_key=options.pop("secret", key.secret),
            aws_session_token=options.pop("token", None),
            config=botocore.config.Config(retries={"total_max_attempts": 1}, **options),
        )


def prefer_cbor(session: botocore.session.Session, service: str) -> None:
    """Botocore picks the first of its own priorities that a model lists, and CBOR is not high among
    them; a model that lists nothing else leaves no choice.
    """
    loader = session.get_component("data_loader")
    original = loader.load_service_model

    def load(name: str, kind: str, api_version: str | None = None) -> Any:
        model = original(name, kind, api_version=api_version)
        if name == service and kind == "service-2":
            return {**model, "metadata": {**model["metadata"], "protocols": ["smithy-rpc-v2-cbor"]}}
        return model

    loader.load_service_model = load


def _acm_pca(answers: dict[str, Any], calls: list[tuple[Call, Struct]]) -> Service:
    def handler(name: str) -> Callable[[Call, Any], Any]:
        async def handle(call: Call, request: Struct) -> Any:
            calls.append((call, request))
            has_output = shapes_acm_pca.OPERATIONS[name].response is not None
            answer = answers.get(name, {} if has_output else None)
            return answer(request) if callable(answer) else answer

        return handle

    operations = {
        name: Operation(name, shape.request, handler(name))
        for name, shape in shapes_acm_pca.OPERATIONS.items()
        if name != "CreatePermission"  # one that the model has and this deployment does not serve
    }
    return Service("acm-pca", "acm-pca", "ACMPrivateCA", operations)


@contextmanager
def deployment(clock: Clock | None = None) -> Iterator[Deployment]:
    answers: dict[str, Any] = {}
    calls: list[tuple[Call, Struct]] = []
    clock = clock or SystemClock()
    meter = CountingMeter()
    pool = Pool(2, 100)
    authenticator = Authenticator(KeyRing(KEYS.get, clock), pool, REGION)
    frontend = Recorded([_acm_pca(answers, calls), sts.service()], authenticator, clock, REGION)
    frontend.requests = []
    app = App(frontend.routes(), meter, otherwise=frontend)
    with serving(app) as url:
        made = Deployment(url, answers, calls, frontend.requests, meter)
        try:
            yield made
        finally:
            for client in made.clients.values():
                client.close()
            pool.close()
