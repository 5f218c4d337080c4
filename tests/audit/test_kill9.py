"""`kill -9` of every process while checkpoints are made all the time: what is left always verifies."""

import json
import random
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from bench import processes
from privyseal.client import ApiError, UnreachableError, generate_csr
from privyseal.client.connection import Environment
from tests.service import COMMAND, Service, clean_environment

ROUNDS = 4
CHECKPOINTS = 5  # new ones in a round before its kill is due
ROUND_SECONDS = 60


class Load(threading.Thread):
    """Issues, and is refused, until nobody answers."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(daemon=True)
        self._environment = environment
        self.acknowledged: list[str] = []
        self.refused = 0

    def run(self) -> None:
        client = self._environment.client()
        authority = str(self._environment.issuing_ca_arn)
        csr = generate_csr("a.internal", ["a.internal"])[0].encode()
        asked = {
            "CertificateAuthorityArn": authority,
            "Csr": csr,
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Validity": {"Type": "DAYS", "Value": 30},
        }
        try:
            while True:
                answer = client.call("IssueCertificate", asked)
                self.acknowledged.append(answer["CertificateArn"])
                try:
                    client.call("DeleteCertificateAuthority", {"CertificateAuthorityArn": authority + "x"})
                except ApiError:
                    self.refused += 1
        except UnreachableError:
            return


def verified(data: Path) -> dict[str, Any]:
    command = [*COMMAND, "audit", "verify", "--data-dir", str(data), "--output", "json"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, report["findings"]) == (0, []), done.stdout
    return report


def test_what_a_kill_leaves_always_verifies(tmp_path: Path) -> None:
    """And every certificate and every refusal that was answered is in it."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "privyseal.toml").write_text("[audit]\ninterval-seconds = 0.1\n")
    service = Service(data, "--workers", "2").start()
    acknowledged: set[str] = set()
    refused = made = 0
    try:
        for _ in range(ROUNDS):
            load = [Load(service.environment) for _ in range(4)]
            for each in load:
                each.start()
            wait_for(data, made + CHECKPOINTS)
            time.sleep(chance.random() * 0.1)
            assert service.process
            pids = processes.tree(service.process.pid)
            processes.kill(pids)
            service.kill()
            for each in load:
                each.join(30)
                acknowledged |= set(each.acknowledged)
                refused += each.refused
            made = verified(data)["checkpoints"]
            service = Service(data, "--workers", "2").start()
        assert service.stop() == 0
    finally:
        service.kill()
    report = verified(data)
    told = entries(data)
    issued = {
        e["resource"] for e in told if e["action"] == "acm-pca:IssueCertificate" and "sha256" in e["detail"]
    }
    assert acknowledged <= issued
    assert sum(each["detail"].get("result") == "refused" for each in told) >= refused
    assert report["checkpoints"] >= ROUNDS * CHECKPOINTS
    assert (report["tail_records"], report["records"]) == (0, len(told))
    assert len(acknowledged) > ROUNDS * 10
    assert refused > ROUNDS * 10


def wait_for(data: Path, checkpoints: int) -> None:
    until = time.monotonic() + ROUND_SECONDS
    exported = data / "audit" / "checkpoints.jsonl"
    while not exported.exists() or len(exported.read_text().splitlines()) < checkpoints:
        assert time.monotonic() < until, "no checkpoints are made"
        time.sleep(0.02)


def entries(data: Path) -> list[dict[str, Any]]:
    command = [*COMMAND, "audit", "export", "--data-dir", str(data)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
