"""What was acknowledged survives `kill -9` of every process of the service, at any moment."""

import asyncio
import os
import random
import time
from collections import deque
from pathlib import Path

import pytest

from bench import checking, load, processes, requests
from privyseal.client import ApiError
from privyseal.client.api import segment
from tests.durability import evidence
from tests.durability.traffic import Changing, Issuing, Ledger, revocation
from tests.service import Service

ROUNDS = 20
ACKNOWLEDGED = 5000  # certificates in all
IN_FLIGHT = 8  # requests at each kill
CONNECTIONS = 24
CERTIFICATES = (255, 320)  # acknowledged in a round before its kill is due
DELAY = 0.15  # seconds after that, at most
CSRS = 1200  # ready at the start of a round
GONE_SECONDS = 10


class Killing:
    """Kills the service some time after so many certificates have been acknowledged."""

    def __init__(self, service: Service, ledger: Ledger, after: int, delay: float) -> None:
        assert service.process
        self.in_flight = -1
        self._pids = processes.tree(service.process.pid)
        self._ledger = ledger
        self._after = after
        self._delay = delay
        self._due = False

    def during(self, outcome: load.Outcome) -> None:
        if not self._due and len(self._ledger.csrs) >= self._after:
            self._due = True
            asyncio.get_running_loop().call_later(self._delay, self._kill, outcome)

    def _kill(self, outcome: load.Outcome) -> None:
        self.in_flight = outcome.in_flight
        processes.kill(self._pids)

    def wait(self) -> None:
        until = time.monotonic() + GONE_SECONDS
        while left := processes.alive(self._pids):
            assert time.monotonic() < until, f"{left} survived SIGKILL"
            time.sleep(0.01)


def load_until_killed(service: Service, csrs: deque[bytes], seed: int) -> tuple[Ledger, int, int]:
    """What was acknowledged, how many requests were in flight at the kill, how many were never answered."""
    chance = random.Random(seed)
    csrs.extend(requests.csrs(f"device-{seed}", CSRS - len(csrs)))
    environment, ledger = service.environment, Ledger()
    killing = Killing(service, ledger, chance.randint(*CERTIFICATES), chance.uniform(0, DELAY))
    changing = Changing(environment, ledger, seed)
    changing.start()
    host, port = requests.address(environment)
    issuing = Issuing(environment, ledger, csrs)
    outcome = load.run(host, port, issuing.following, CONNECTIONS, killing.during)
    changing.join()
    killing.wait()
    service.kill()
    assert not ledger.refusals, ledger.refusals[:3]
    return ledger, killing.in_flight, len(outcome.cut)


def check_everything_is_there(service: Service, ledger: Ledger) -> dict[str, str]:
    """The certificates as they are now, by ARN."""
    environment = service.environment
    pems = checking.fetch(environment, list(ledger.csrs))
    checking.check(pems, {arn: requests.public_key(csr) for arn, csr in ledger.csrs.items()})
    assert {arn: pems[arn] for arn in ledger.fetched} == ledger.fetched
    client = environment.client()
    for arn in ledger.revoked:
        with pytest.raises(ApiError, match="RequestAlreadyProcessedException"):
            client.call("RevokeCertificate", revocation(environment.issuing_ca_arn, arn))
    for arn in ledger.authorities:
        found = client.call("DescribeCertificateAuthority", {"CertificateAuthorityArn": arn})
        assert found["CertificateAuthority"]["Status"] == "PENDING_CERTIFICATE"
        assert client.call("GetCertificateAuthorityCsr", {"CertificateAuthorityArn": arn})["Csr"]
    for device_id, key in ledger.devices.items():
        assert client.rest("GET", f"/devices/{segment(device_id)}")["public_key_sha256"] == key
    return pems


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """20 rounds, one and two workers in turn: certificates, revocations, authorities and devices are
    there after each restart and identical, and the journal tells of exactly the certificates there are.
    """
    first = int(os.environ.get("KILL9_SEED") or random.randrange(10**6))
    print(f"KILL9_SEED={first}")
    data, csrs, seen = tmp_path / "data", deque[bytes](), dict[str, str]()
    devices = revoked = authorities = never_answered = 0
    service = Service(data, "--workers", "1").start()
    try:
        for number in range(ROUNDS):
            ledger, in_flight, cut = load_until_killed(service, csrs, first + number)
            assert in_flight >= IN_FLIGHT, f"round {number}: {in_flight} in flight"
            service = Service(data, "--workers", str(1 + (number + 1) % 2)).start()
            seen |= check_everything_is_there(service, ledger)
            assert evidence.check_database(data / "privyseal.db") >= len(seen)
            devices += len(ledger.devices)
            revoked += len(ledger.revoked)
            authorities += len(ledger.authorities)
            never_answered += cut
        assert checking.fetch(service.environment, list(seen)) == seen
        assert service.stop() == 0
    finally:
        service.kill()
    print(
        f"{len(seen)} certificates, {revoked} revocations, {devices} devices, {authorities} authorities "
        f"acknowledged; {never_answered} requests never answered"
    )
    assert len(seen) >= ACKNOWLEDGED
    assert min(revoked, devices, authorities) >= ROUNDS // 2
