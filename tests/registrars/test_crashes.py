"""A process that is killed between any two steps leaves none or a finished device; the retry finishes it."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.devices.deployment import START, deployment
from tests.devices.requests import csr
from tests.registrars.between import Between
from tests.registrars.fleet import KEY, certificates, check_finished, check_none, enrol, registrars
from tests.registrars.processes import NEVER
from tests.registrars.registry import Registry

CALLS = 17
# The claim, the certificate, its note, a step for each region, the activation.
COMMITS = 6
MOMENTS = [("call", number) for number in range(CALLS)] + [("commit", n) for n in range(1, COMMITS + 1)]


@pytest.mark.parametrize(("kind", "number"), MOMENTS, ids=str)
def test_a_retry_after_kill_9_finishes_with_one_certificate(
    aws: Between, registry: Registry, tmp_path: Path, kind: str, number: int
) -> None:
    """Killed when the call has arrived and its answer has not, or right after the commit."""
    path = tmp_path / "privyseal.db"
    request = csr(KEY, "sensor")
    (tmp_path / "request.pem").write_bytes(request)
    with deployment(path) as product:
        product.register("sensor", KEY.public_key())
        authority = product.hierarchy()
    commit = number if kind == "commit" else NEVER
    command = [
        sys.executable,
        "-m",
        "tests.registrars.processes",
        str(tmp_path),
        aws.url,
        authority,
        str(commit),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        if kind == "call":
            aws.verdict = lambda at, _call: kill(process.pid) if at == number else "pass"
        out, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, "it was killed strictly between start and end"
    assert not out, "nothing was released"
    aws.verdict = lambda _at, _call: "pass"
    with deployment(path, START + timedelta(seconds=90)) as product:
        if (kind, number) != ("commit", COMMITS):
            check_none(product)
        issued = enrol(product.enrolment(product.issuer(authority), registrars(aws.url)), request)
        check_finished(product, registry, issued)
        assert certificates(product) == 1


def kill(pid: int) -> str:
    os.kill(pid, signal.SIGKILL)
    return "cut"


def test_there_are_as_many_moments_as_are_tried(aws: Between, tmp_path: Path) -> None:
    """One commit more than there are does not come; the calls are those of the reference system."""
    (tmp_path / "request.pem").write_bytes(csr(KEY, "sensor"))
    with deployment(tmp_path / "privyseal.db") as product:
        product.register("sensor", KEY.public_key())
        authority = product.hierarchy()
    command = [sys.executable, "-m", "tests.registrars.processes", str(tmp_path), aws.url, authority]
    done = subprocess.run([*command, str(COMMITS + 1)], check=True, stdout=subprocess.PIPE, timeout=60)
    assert done.stdout.startswith(b"-----BEGIN CERTIFICATE-----")
    assert len(aws.calls) == CALLS
