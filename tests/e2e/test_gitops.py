"""Certificates by pull request with the real service: 500 entries, `kill -9` in the middle, and boto3."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privyseal.client import PrivySealClient
from tests.e2e import boto
from tests.serverless.pulling import entry, folder
from tests.serverless.world import csr
from tests.service import Service, patience

ENTRIES = 500
SECONDS = 120
_KEY = ec.generate_private_key(ec.SECP256R1())


class Checkout:
    """A folder with certs/dev, as the service and `privyseal gitops plan` read it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.csrs = root / "certs" / "dev" / "csrs"
        self.csrs.mkdir(parents=True)

    def write(self, names: list[str], **lists: Any) -> None:
        entries, csrs = folder(*names)
        for name, content in csrs.items():
            (self.csrs / name).write_bytes(content)
        self.lists(tls=entries, **lists)

    def lists(self, **lists: Any) -> None:
        for name, entries in lists.items():
            file = self.csrs.parent / f"{name.replace('_', '-')}.json"
            file.write_text(json.dumps(entries))


@pytest.fixture(name="checkout")
def checkout_fixture(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "repository")


@pytest.fixture(name="start")
def start_fixture(tmp_path: Path, checkout: Checkout) -> Iterator[Callable[[], Service]]:
    """Starts the service, as often as it is called, on the same data."""
    config = tmp_path / "privyseal.toml"
    config.write_text(f'[serverless.gitops]\nsource = "directory"\ndirectory = "{checkout.root}"\n')
    started: list[Service] = []

    def start() -> Service:
        service = Service(tmp_path / "data", "--config", str(config)).start()
        started.append(service)
        return service

    yield start
    for service in started:
        service.kill()


def finished(client: PrivySealClient, run_id: str) -> dict[str, Any]:
    until = time.monotonic() + patience(SECONDS)
    while (run := client.rest("GET", f"/gitops/runs/{run_id}"))["state"] in {"QUEUED", "RUNNING"}:
        assert time.monotonic() < until, run
        time.sleep(0.1)
    return run


def certificates(service: Service) -> list[tuple[str, str]]:
    """(common name, serial) of everything that the function has issued, from the database."""
    with closing(sqlite3.connect(f"file:{service.data_dir}/privyseal.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT common_name, serial FROM serverless_certificate").fetchall()


def test_500_entries_apply_in_one_run_that_is_killed_in_the_middle(
    start: Callable[[], Service], checkout: Checkout
) -> None:
    """The same end as without the kill: a certificate for each entry, and nothing left to do."""
    names = [f"host{index}.example.com" for index in range(ENTRIES)]
    checkout.write(names)
    service = start()
    client = service.environment.client()
    assert client.rest("POST", "/gitops/plans", {})["counts"]["issue"] == ENTRIES
    run = client.rest("POST", "/gitops/runs", {})
    until = time.monotonic() + patience(SECONDS)
    while len(certificates(service)) < ENTRIES // 4:
        assert time.monotonic() < until
        time.sleep(0.05)
    service.kill()
    before = certificates(service)
    assert ENTRIES // 4 <= len(before) < ENTRIES

    service = start()
    client = service.environment.client()
    run = finished(client, run["id"])
    assert run["state"] == "SUCCEEDED"
    assert run["planned"] == run["done"]
    assert run["done"]["issue"] == ENTRIES
    after = certificates(service)
    assert sorted(name for name, _ in after) == sorted(names)
    assert set(before) <= set(after)
    steps = client.pages(f"/gitops/runs/{run['id']}/steps", "steps")
    assert sorted((each["common_name"], int(each["serial_number"])) for each in steps) == sorted(
        (name, int(serial, 16)) for name, serial in after
    )

    again = finished(client, client.rest("POST", "/gitops/runs", {})["id"])
    assert again["done"]["leave"] == ENTRIES
    assert certificates(service) == after
    assert service.stop() == 0


def test_the_commands_say_what_they_do(
    start: Callable[[], Service], checkout: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    """Plan before the merge, apply after it, watch: their exit codes are for pipelines."""
    checkout.write(["a.example.com", "b.example.com"])
    service = start()

    def run(*words: str) -> tuple[int, str, str]:
        from privyseal.cli import main  # noqa: PLC0415 - in this process: its exit codes are what counts

        code = main.run([*words, "--data-dir", str(service.data_dir)])
        done = capfd.readouterr()
        return code, done.out, done.err

    code, out, _ = run("gitops", "plan", "--directory", str(checkout.root))
    assert code == 4
    assert "2 issue" in out
    code, out, err = run("gitops", "apply")
    assert code == 0
    assert "2 of 2 entries, 100 %" in err
    assert "2 issue" in out
    assert run("gitops", "plan")[0] == 0
    assert run("gitops", "watch", "--once") == (0, "", "")

    (serial,) = (serial for name, serial in certificates(service) if name == "a.example.com")
    known = {"common_name": "a.example.com", "serial_number": str(int(serial, 16))}
    checkout.lists(tls=[entry("b.example.com", lifetime=0), {}], revoked=[known])
    code, out, _ = run("gitops", "plan", "--directory", str(checkout.root), "--output", "json")
    planned = json.loads(out)
    assert code == 3
    assert planned["counts"] == {"issue": 0, "renew": 0, "revoke": 1, "leave": 1, "skip": 0, "refuse": 1}
    code, out, _ = run("gitops", "watch", "--once")
    assert code == 3
    assert "tls.json:2" in out
    code, out, _ = run("gitops", "status", "--output", "json")
    shown = json.loads(out)
    assert [each["outcome"] for each in shown["steps"]] == [each["action"] for each in planned["steps"]]
    assert run("gitops", "list")[1].count("SUCCEEDED") == 2
    code, _, err = run("gitops", "plan", "--directory", str(checkout.root), "--env", "prd")
    assert code == 1
    assert "--env names one below certs/" in err
    assert service.stop() == 0


def test_a_script_starts_the_state_machine(start: Callable[[], Service], checkout: Checkout) -> None:
    """As serverless-ca's start_ca_step_function.py does it: unchanged boto3, found by a part of the name."""
    checkout.write(["a.example.com"])
    service = start()
    with boto.client(service, "stepfunctions") as states:
        (arn,) = (
            each["stateMachineArn"]
            for each in states.list_state_machines()["stateMachines"]
            if "serverless-ca-dev" in each["name"]
        )
        started = states.start_execution(stateMachineArn=arn, name="nightly-1")
        execution = started["executionArn"]
        until = time.monotonic() + patience(SECONDS)
        while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < until
            time.sleep(0.1)
        assert found["status"] == "SUCCEEDED"
        assert json.loads(found["output"])["done"]["issue"] == 1
        assert found["stopDate"] >= found["startDate"] == started["startDate"]
        errors = states.exceptions
        with pytest.raises(errors.ExecutionAlreadyExists):
            states.start_execution(stateMachineArn=arn, name="nightly-1")
        with pytest.raises(errors.StateMachineDoesNotExist):
            states.start_execution(stateMachineArn=f"{arn}-other")
        with pytest.raises(errors.ExecutionDoesNotExist):
            states.describe_execution(executionArn=f"{execution}-other")
        with pytest.raises(errors.InvalidName):
            states.start_execution(stateMachineArn=arn, name="a b")
        with pytest.raises(errors.InvalidExecutionInput):
            states.start_execution(stateMachineArn=arn, input="{")
        with pytest.raises(errors.InvalidArn):
            states.describe_execution(executionArn="x")
    assert service.stop() == 0


def test_without_a_source_a_checkout_can_be_planned_and_no_run_made(service: Service) -> None:
    """The shared service has no section [serverless.gitops]."""
    client = service.environment.client()
    text = csr("plan.example.com", key=_KEY).decode()
    files = {"tls.json": json.dumps([entry("plan.example.com", "p.csr")]), "csrs/p.csr": text}
    assert client.rest("POST", "/gitops/plans", {"files": files})["counts"]["issue"] == 1
    run = finished(client, client.rest("POST", "/gitops/runs", {})["id"])
    assert run["state"] == "FAILED"
    assert "serverless.gitops.source" in run["problem"]
