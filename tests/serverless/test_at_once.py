"""Many requests at once, in many processes, and the end of all of them in the middle of it."""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench import processes
from tests.serverless.calls import TLS, certificates_of, event
from tests.service import Service

AT_ONCE = 64


@pytest.fixture(name="pair")
def pair_fixture(tmp_path: Path) -> Iterator[Service]:
    """A service of two processes."""
    running = Service(tmp_path / "data", "--workers", "2").start()
    yield running
    running.kill()


class Caller:
    """boto3 with retries off; it may be used by many threads."""

    def __init__(self, service: Service) -> None:
        found = service.environment
        self.client = boto3.client(
            "lambda",
            endpoint_url=found.url,
            region_name=found.region,
            aws_access_key_id=found.access_key_id,
            aws_secret_access_key=found.secret_access_key,
            config=Config(retries={"max_attempts": 0}, max_pool_connections=AT_ONCE, read_timeout=300),
        )

    def __call__(self, asked: dict[str, Any]) -> str:
        """issued, refused, or the name of the error."""
        try:
            answer = self.client.invoke(FunctionName=TLS, Payload=json.dumps(asked))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "issued" if "CertificateInfo" in json.loads(answer["Payload"].read()) else "refused"


def test_of_many_requests_for_one_key_at_once_one_gets_its_certificate(pair: Service) -> None:
    """In whichever process they come; the others are refused, or asked to wait until it is known."""
    call = Caller(pair)
    for number in range(4):
        asked = event(f"{number}.example.com")
        started = threading.Barrier(8, timeout=60)

        def ask(_: int, asked: dict[str, Any] = asked, started: threading.Barrier = started) -> str:
            started.wait()
            return call(asked)

        with ThreadPoolExecutor(8) as threads:
            answers = Counter(threads.map(ask, range(8)))
        assert answers["issued"] == 1
        assert set(answers) <= {"issued", "refused", "TooManyRequestsException"}
        assert certificates_of(pair, f"{number}.example.com") == 1
    call.client.close()


def test_sixty_four_at_once_are_all_served(pair: Service) -> None:
    call = Caller(pair)
    asked = [event(f"{number}.example.com") for number in range(2 * AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = Counter(threads.map(call, asked))
    call.client.close()
    assert answers == {"issued": len(asked)}


def test_kill_9_leaves_no_certificate_without_its_row(pair: Service) -> None:
    """All processes die in the middle of requests; what was acknowledged is there with both of its rows."""
    call, acknowledged = Caller(pair), threading.Semaphore(0)
    assert pair.process
    pids = processes.tree(pair.process.pid)
    asked = [event(f"{number}.example.com") for number in range(120)]
    told: list[str] = []

    def ask(each: dict[str, Any]) -> None:
        try:
            if call(each) == "issued":
                told.append(each["common_name"])
                acknowledged.release()
        except BotoCoreError:
            pass  # the service is gone

    with ThreadPoolExecutor(16) as threads:
        running = [threads.submit(ask, each) for each in asked]
        for _ in range(20):
            assert acknowledged.acquire(timeout=60)
        processes.kill(pids)
        for one in running:
            one.result()
    call.client.close()
    pair.kill()
    assert len(told) < len(asked)
    pair.start()
    for name in told:
        assert certificates_of(pair, name) == 1
    assert orphans(pair) == (0, 0)
    again = Caller(pair)
    unheard = [each for each in asked if each["common_name"] not in told]
    answers = Counter(again(each) for each in unheard)
    again.client.close()
    assert set(answers) <= {"issued", "refused", "TooManyRequestsException"}
    for each in asked:
        assert certificates_of(pair, each["common_name"]) <= 1


def orphans(service: Service) -> tuple[int, int]:
    """Certificates of the contract without a row of it, and the other way round."""
    path = f"file:{service.data_dir / 'privyseal.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as database:
        key = "s.authority_id = c.authority_id AND s.serial = c.serial"
        lone = database.execute(
            "SELECT COUNT(*) FROM certificate c WHERE c.template = 'Serverless/V1'"
            f" AND NOT EXISTS (SELECT 1 FROM serverless_certificate s WHERE {key})"
        ).fetchone()[0]
        rows = database.execute(
            "SELECT COUNT(*) FROM serverless_certificate s"
            f" WHERE NOT EXISTS (SELECT 1 FROM certificate c WHERE {key})"
        ).fetchone()[0]
    return lone, rows
