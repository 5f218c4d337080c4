"""Python handlers: a context as Lambda's, limits that hold, and a log without secrets."""

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from privyseal import log
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.targets.python_handler import PROGRAM, PythonHandlerTarget, ServiceAccess
from tests.targets.samples import ARN, attempt, event

SECRET = "the-secret-access-key-of-an-administrator"
ACCESS = ServiceAccess("http://127.0.0.1:1", "eu-west-1", "111122223333", "", "AKIATEST", SECRET)


@pytest.fixture(name="logged")
def logged_fixture() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    log.configure("warning")


def handler(folder: Path, code: str, **more: Any) -> PythonHandlerTarget:
    file = folder / "function.py"
    file.write_text(code)
    return PythonHandlerTarget("on-renewal", file=str(file), access=lambda: ACCESS, **more)


def refusal(target: PythonHandlerTarget) -> PrivySealError:
    with pytest.raises(PrivySealError) as refused:
        target.send(event(), attempt())
    return refused.value


def lines(logged: io.StringIO) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in logged.getvalue().splitlines()]
    return [each for each in found if each["event"] == "handler_output"]


def test_it_gets_event_and_context_as_in_lambda(tmp_path: Path, logged: io.StringIO) -> None:
    """Every member that AWS documents for Python, and the environment variables."""
    code = """
import json, os, sys
import neighbour

def lambda_handler(event, context):
    left = context.get_remaining_time_in_millis()
    assert isinstance(left, int) and 0 < left <= 7000, left
    assert context.client_context is None and context.identity is None
    context.log("logged: " + event["resources"][0] + "\\n")
    context.log({"any": "object"})
    print()
    print(json.dumps({name: getattr(context, name) for name in (
        "aws_request_id", "function_name", "function_version", "invoked_function_arn",
        "memory_limit_in_mb", "log_group_name", "log_stream_name")}))
    print(json.dumps({name: os.environ.get(name) for name in (
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER",
        "AWS_ACCESS_KEY_ID", "MODE", "LAMBDA_TASK_ROOT")}))
    assert sys.stdin.read() == "" and neighbour.HERE
    return {"statusCode": 200}
"""
    (tmp_path / "neighbour.py").write_text("HERE = True")
    sent = attempt()
    handler(tmp_path, code, timeout_seconds=7.0, environment={"MODE": "test"}).send(event(), sent)
    found = lines(logged)
    assert {each["request_id"] for each in found} == {sent.delivery}
    assert {each["target"] for each in found} == {"on-renewal"}
    told = [each["line"] for each in found]
    assert told[:2] == [f"logged: {ARN}", "{'any': 'object'}"]
    assert json.loads(told[2]) == {
        "aws_request_id": sent.delivery,
        "function_name": "on-renewal",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:111122223333:function:on-renewal",
        "memory_limit_in_mb": "256",
        "log_group_name": "/aws/lambda/on-renewal",
        "log_stream_name": sent.delivery,
    }
    assert json.loads(told[3]) == {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_LAMBDA_FUNCTION_NAME": "on-renewal",
        "_HANDLER": "function.lambda_handler",
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "MODE": "test",
        "LAMBDA_TASK_ROOT": str(tmp_path),
    }


def test_secrets_do_not_get_into_the_log(tmp_path: Path, logged: io.StringIO) -> None:
    code = """
import os
KEY = "-----BEGIN {0}PRIVATE KEY-----\\nMIIE\\n-----END {0}PRIVATE KEY-----"
def lambda_handler(event, context):
    for kind in ("", "RSA ", "ENCRYPTED "):
        print("before", KEY.format(kind), "after")
    print(dict(os.environ))
    raise RuntimeError("-----BEGIN EC PRIVATE KEY-----\\nMIIE" + os.environ["AWS_SECRET_ACCESS_KEY"])
"""
    refused = refusal(handler(tmp_path, code))
    everything = logged.getvalue() + refused.message
    assert "MIIE" not in everything
    assert SECRET not in everything
    assert "ENCRYPTED PRIVATE KEY left out" in everything
    assert "after" in everything


FAILING = {
    "it raises": "def lambda_handler(event, context): raise ValueError('no room')",
    "it exits": "import os, sys\ndef lambda_handler(event, context): sys.exit(0)",
    "it ends its process": "import os\ndef lambda_handler(event, context): os._exit(3)",
    "it is no Python": "def lambda_handler(",
    "it needs what is not there": "import no_such_module",
    "there is no such function": "handler = None",
    "what it returns is not JSON": "def lambda_handler(event, context): return {1, 2}",
    "it takes one argument": "def lambda_handler(event): pass",
    "it wants too much memory": "def lambda_handler(event, context): return len(bytearray(600_000_000))",
}


@pytest.mark.parametrize("code", FAILING.values(), ids=FAILING.keys())
def test_a_handler_that_fails_is_called_again(tmp_path: Path, code: str) -> None:
    assert refusal(handler(tmp_path, code)).code is ErrorCode.UNAVAILABLE


def test_why_it_failed_is_told_in_one_line(tmp_path: Path) -> None:
    message = refusal(handler(tmp_path, FAILING["it raises"])).message
    assert message == "lambda_handler of function.py ended with status 1: ValueError: no room"
    memory = refusal(handler(tmp_path, FAILING["it wants too much memory"])).message
    assert memory.endswith("MemoryError: it needs more than 256 MB")


ENDLESS = {
    "it waits": "import time\ndef lambda_handler(event, context): time.sleep(60)",
    "it computes": "def lambda_handler(event, context):\n    while True: pass",
    "it will not hear": "import signal, time\ndef lambda_handler(event, context):\n"
    "    for each in range(1, 30):\n        if each not in (9, 19): signal.signal(each, signal.SIG_IGN)\n"
    "    time.sleep(60)",
    "its children go on": "import subprocess\ndef lambda_handler(event, context):\n"
    "    subprocess.run(['sleep', '60'])",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_handler_that_does_not_end_is_killed(tmp_path: Path, code: str) -> None:
    began = time.monotonic()
    refused = refusal(handler(tmp_path, code, timeout_seconds=1.0))
    assert time.monotonic() - began < 5
    assert (refused.code, "did not end in 1 seconds" in refused.message) == (ErrorCode.UNAVAILABLE, True)


def test_threads_fit_into_its_memory(tmp_path: Path) -> None:
    """boto3 copies files with ten."""
    code = """
import threading

import boto3

boto3.client("s3")

def lambda_handler(event, context):
    all_there = threading.Barrier(31)
    for _ in range(30):
        threading.Thread(target=all_there.wait).start()
    all_there.wait()
"""
    handler(tmp_path, code).send(event(), attempt())


def test_it_cannot_lift_its_limits(tmp_path: Path) -> None:
    code = """
import resource
def lambda_handler(event, context):
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
        soft, hard = resource.getrlimit(limit)
        assert soft == hard != resource.RLIM_INFINITY
"""
    handler(tmp_path, code).send(event(), attempt())


def test_credentials_of_its_own_replace_the_administrators(tmp_path: Path) -> None:
    code = """
import boto3, os
def lambda_handler(event, context):
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
    assert boto3.client("acm").meta.endpoint_url == "http://127.0.0.1:1"
    assert boto3.Session().get_credentials().access_key == "AKIAOWN"
"""
    credentials = tmp_path / "credentials"
    credentials.write_text("[renewals]\naws_access_key_id = AKIAOWN\naws_secret_access_key = x\n")
    handler(tmp_path, code, credentials_file=str(credentials), profile="renewals").send(event(), attempt())


def test_a_handler_whose_service_was_killed_ends_by_itself(tmp_path: Path) -> None:
    """Nobody is there any more to keep its time."""
    file = tmp_path / "function.py"
    file.write_text(ENDLESS["it waits"])
    members = ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb")
    names = (*members, "aws_request_id", "log_group_name", "log_stream_name")
    limits = {"seconds": 0.5, "memory_mb": 256}
    given = json.dumps({"event": {}, "context": dict.fromkeys(names, "x"), "limits": limits})
    words = [sys.executable, "-I", str(PROGRAM), str(file), "lambda_handler"]
    ended = subprocess.run(words, input=given, text=True, check=False, timeout=20)
    assert ended.returncode == -signal.SIGALRM
