"""Who may call Lambda's API here: administrators, with a signature for the service that they call."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from privyseal.access.keyring import KeyRing
from privyseal.access.model import AccessKey
from privyseal.clock import SystemClock
from privyseal.frontends.aws.lambda_invoke import LambdaFrontend
from privyseal.frontends.http import App, Authenticator, Pool
from privyseal.serverless.functions import Functions
from privyseal.serverless.names import TLS, Names
from privyseal.serverless.tls_certificate import Call
from tests.aws_wire.fake import ADMIN, GUEST, KEYS, REGION, RETIRED, CountingMeter
from tests.frontends.live import serving

NAME = Names().function(TLS)


@pytest.fixture(name="calls")
def calls_fixture() -> list[Call]:
    return []


@pytest.fixture(name="url")
def url_fixture(calls: list[Call]) -> Iterator[str]:
    def work(call: Call, _: Any) -> None:
        calls.append(call)

    clock, pool = SystemClock(), Pool(2, 100)
    authenticator = Authenticator(KeyRing(KEYS.get, clock), pool, REGION)
    front = LambdaFrontend(Functions(Names(), {TLS: work}), authenticator, pool, clock, REGION)
    with serving(App(front.routes(), CountingMeter())) as url:
        yield url
    pool.close()


def client(url: str, key: AccessKey, secret: str = "") -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key.id,
        aws_secret_access_key=secret or key.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("key", "secret", "error"),
    [
        (GUEST, "", "AccessDeniedException"),
        (RETIRED, "", "UnrecognizedClientException"),
        (ADMIN, "wrong", "InvalidSignatureException"),
    ],
    ids=["no administrator", "a key that is switched off", "a wrong secret"],
)
def test_nobody_else_may_call_anything(
    url: str, calls: list[Call], key: AccessKey, secret: str, error: str
) -> None:
    found = client(url, key, secret)
    for call, asked in (
        (found.list_functions, {}),
        (found.get_function_configuration, {"FunctionName": NAME}),
        (found.invoke, {"FunctionName": NAME}),
    ):
        with pytest.raises(ClientError) as raised:
            call(**asked)
        assert raised.value.response["Error"]["Code"] == error
    found.close()
    assert calls == []


def test_an_administrator_may_force_and_a_call_has_the_id_of_its_sdk(url: str, calls: list[Call]) -> None:
    found = client(url, ADMIN)
    for _ in range(2):
        found.invoke(FunctionName=NAME)
    found.close()
    assert [each.forces for each in calls] == [True, True]
    assert [each.caller.principal for each in calls] == [ADMIN.principal_arn] * 2
    assert len({each.id for each in calls} - {""}) == 2
