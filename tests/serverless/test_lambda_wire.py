"""Lambda's API over the wire, with boto3 and with bare requests."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from privyseal.client.connection import Environment
from tests.e2e.boto import client
from tests.serverless.calls import TLS, certificates_of, event, invoke
from tests.serverless.cutting import cutting
from tests.service import Service


@pytest.fixture(name="functions")
def functions_fixture(service: Service) -> Iterator[Any]:
    with client(service, "lambda") as found:
        yield found


def code(raised: Any) -> str:
    return str(raised.value.response["Error"]["Code"])


def retrying(environment: Environment, url: str) -> Any:
    """boto3 as it comes, with its silent retries."""
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name=environment.region,
        aws_access_key_id=environment.access_key_id,
        aws_secret_access_key=environment.secret_access_key,
        config=Config(retries={"mode": "standard", "max_attempts": 3}),
    )


def test_all_functions_of_serverless_ca_are_listed_under_its_names(functions: Any) -> None:
    found = functions.list_functions()["Functions"]
    assert [each["FunctionName"] for each in found] == [
        "serverless-create-issuing-ca-dev",
        "serverless-create-root-ca-dev",
        "serverless-expiry-dev",
        "serverless-issuing-ca-crl-dev",
        "serverless-notify-dev",
        "serverless-root-ca-crl-dev",
        "serverless-tls-cert-dev",
    ]
    pages = functions.get_paginator("list_functions").paginate().build_full_result()
    assert pages["Functions"] == found


def test_a_function_is_found_by_name_arn_and_alias(functions: Any) -> None:
    found = functions.get_function_configuration(FunctionName=TLS)
    assert (found["FunctionName"], found["State"], found["Version"]) == (TLS, "Active", "$LATEST")
    for name in (found["FunctionArn"], f"{found['FunctionArn']}:{TLS}", f"{TLS}:$LATEST"):
        assert "Base64CaChain" in invoke(functions, {"ca_chain_only": True}, name)
        assert functions.get_function_configuration(FunctionName=name)["FunctionName"] == TLS
    assert "Base64CaChain" in invoke(functions, {"ca_chain_only": True}, Qualifier=TLS)


@pytest.mark.parametrize(
    "waiter",
    ["function_exists", "function_active", "function_active_v2", "function_updated", "function_updated_v2"],
)
def test_whoever_waits_for_a_function_finds_it_ready(functions: Any, waiter: str) -> None:
    """`aws lambda wait`, in all its forms: half of them ask GetFunction."""
    functions.get_waiter(waiter).wait(FunctionName=TLS, WaiterConfig={"MaxAttempts": 1})


def test_a_function_has_a_configuration_and_no_code_to_fetch(functions: Any) -> None:
    found = functions.get_function(FunctionName=TLS)
    known = functions.get_function_configuration(FunctionName=TLS)
    del found["ResponseMetadata"], known["ResponseMetadata"]
    assert found == {"Configuration": known}


@pytest.mark.parametrize(
    "name", ["no-such", "arn:aws:lambda:us-east-1:999999999999:function:serverless-tls-cert-dev"]
)
def test_what_is_no_function_of_ours_is_not_found(functions: Any, name: str) -> None:
    for call in (functions.invoke, functions.get_function, functions.get_function_configuration):
        with pytest.raises(ClientError) as raised:
            call(FunctionName=name)
        assert code(raised) == "ResourceNotFoundException"


def test_a_refusal_is_an_answer_and_no_error_of_the_function(functions: Any) -> None:
    assert invoke(functions, event(lifetime=0)) == {"error": "0 is too short"}


@pytest.mark.parametrize("payload", [[], "text", 5, None])
def test_what_is_no_object_is_a_refusal(functions: Any, payload: Any) -> None:
    assert invoke(functions, payload) == {"error": "The request must be a JSON object"}


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":NaN}'])
def test_what_is_no_json_is_refused_as_lambda_does(functions: Any, body: bytes) -> None:
    with pytest.raises(ClientError) as raised:
        functions.invoke(FunctionName=TLS, Payload=body)
    assert code(raised) == "InvalidRequestContentException"


def test_a_request_that_is_too_large_is_refused_as_lambda_does(functions: Any) -> None:
    with pytest.raises(ClientError) as raised:
        functions.invoke(FunctionName=TLS, Payload=b" " * (256 * 1024 + 1))
    assert code(raised) == "RequestTooLargeException"


def test_an_event_is_done_and_a_dry_run_is_not(functions: Any) -> None:
    asked = json.dumps(event())
    dry = functions.invoke(FunctionName=TLS, Payload=asked, InvocationType="DryRun")
    assert dry["StatusCode"] == 204
    sent = functions.invoke(FunctionName=TLS, Payload=asked, InvocationType="Event")
    assert (sent["StatusCode"], sent["Payload"].read()) == (202, b"")
    again = {"error": "Private key has already been used for a certificate"}
    assert invoke(functions, json.loads(asked)) == again


def test_operations_that_are_not_served_are_unknown_operations(functions: Any) -> None:
    for call, asked in (
        (functions.list_layers, {}),
        (functions.get_policy, {"FunctionName": TLS}),
        (functions.delete_function, {"FunctionName": TLS}),
    ):
        with pytest.raises(ClientError) as raised:
            call(**asked)
        assert code(raised) == "UnknownOperationException"


def test_a_silent_retry_gets_the_certificate_that_its_first_attempt_made(service: Service) -> None:
    """The reply is lost, boto3 asks again by itself: nothing is issued twice, nothing is refused."""
    with cutting(service.url) as proxy:
        functions = retrying(service.environment, proxy.url)
        answer = invoke(functions, event("retried.example.com"))
        functions.close()
    assert [b"attempt=1" in each for each in proxy.requests] == [True, False]
    assert "CertificateInfo" in answer
    with client(service) as pca:
        issued = service.environment.issuing_ca_arn
        found = pca.get_certificate(
            CertificateAuthorityArn=issued,
            CertificateArn=f"{issued}/certificate/{int(answer['CertificateInfo']['SerialNumber']):032x}",
        )
    assert found["Certificate"]
    assert certificates_of(service, "retried.example.com") == 1


def test_a_silent_retry_of_a_forced_request_has_one_certificate_too(service: Service) -> None:
    with cutting(service.url, cuts=2) as proxy:
        functions = retrying(service.environment, proxy.url)
        invoke(functions, event("forced.example.com", force_issue=True))
        functions.close()
    assert len(proxy.requests) == 3
    assert certificates_of(service, "forced.example.com") == 1


def test_the_same_call_made_again_is_another_call(service: Service, functions: Any) -> None:
    asked = event("again.example.com")
    assert "CertificateInfo" in invoke(functions, asked)
    assert invoke(functions, asked) == {"error": "Private key has already been used for a certificate"}
    assert certificates_of(service, "again.example.com") == 1


def test_functions_about_authorities_answer_with_what_is_there(functions: Any) -> None:
    chain = invoke(functions, {"ca_chain_only": True})
    root = invoke(functions, {}, "serverless-create-root-ca-dev")
    issuing = invoke(functions, {}, "serverless-create-issuing-ca-dev")
    assert root["Base64Certificate"] == chain["Base64RootCaCertificate"]
    assert issuing["Base64Certificate"] == chain["Base64IssuingCaCertificate"]
    assert root["CertificateInfo"]["CommonName"] == "serverless-root-ca-dev"
    assert issuing["CertificateInfo"]["CommonName"] == "serverless-issuing-ca-dev"


@pytest.mark.parametrize("what", ["root-ca-crl", "issuing-ca-crl", "expiry", "notify"])
def test_functions_that_are_jobs_here_may_be_called_at_any_time(functions: Any, what: str) -> None:
    for _ in range(2):
        assert invoke(functions, {}, f"serverless-{what}-dev") is None
