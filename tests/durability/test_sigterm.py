"""SIGTERM under load: what was taken on is answered, what was not is not done, and then it ends."""

import time
from collections import deque
from pathlib import Path

import pytest

from bench import checking, load, processes, requests
from tests.durability import evidence
from tests.durability.traffic import Issuing, Ledger
from tests.service import STOP_SECONDS, Service

CONNECTIONS = 32
CERTIFICATES = 300  # acknowledged before the signal


class Stopping:
    def __init__(self, service: Service, ledger: Ledger) -> None:
        self.at = 0.0
        self.in_flight = 0
        self._service = service
        self._ledger = ledger

    def during(self, outcome: load.Outcome) -> None:
        if not self.at and len(self._ledger.csrs) >= CERTIFICATES:
            self.at = time.monotonic()
            self.in_flight = outcome.in_flight
            assert self._service.process
            self._service.process.terminate()


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_under_load_loses_nothing_and_ends_within_ten_seconds(workers: int, tmp_path: Path) -> None:
    """Every request gets a whole answer or none at all; one without an answer has made no certificate."""
    service = Service(tmp_path / "data", "--workers", str(workers)).start()
    try:
        database = service.data_dir / "privyseal.db"
        before, ledger = evidence.certificate_count(database), Ledger()
        csrs = deque(requests.csrs("device", CERTIFICATES * 4))
        stopping = Stopping(service, ledger)
        host, port = requests.address(service.environment)
        issuing = Issuing(service.environment, ledger, csrs)
        outcome = load.run(host, port, issuing.following, CONNECTIONS, stopping.during)
        assert service.process
        assert service.process.wait(STOP_SECONDS) == 0, service.log.read_text()
        assert time.monotonic() - stopping.at < STOP_SECONDS
    finally:
        service.kill()
    assert stopping.in_flight >= CONNECTIONS // 2
    assert not outcome.torn
    assert not ledger.refusals, ledger.refusals[:3]
    assert evidence.check_database(database) == before + len(ledger.csrs)


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """Nobody is left behind to serve a directory that another service has taken over."""
    service = Service(tmp_path / "data", "--workers", "2").start()
    assert service.process
    workers = processes.tree(service.process.pid)
    try:
        service.kill()
        until = time.monotonic() + STOP_SECONDS
        while left := processes.alive(workers):
            assert time.monotonic() < until, f"{left} still run"
            time.sleep(0.02)
        service.start()
        host, port = requests.address(service.environment)
        call = requests.issue(service.environment, requests.csr("device"))
        outcome = load.run(host, port, load.one_after_another([call]), 1)
        assert checking.fetch(service.environment, [checking.arn_in(outcome.answers[0])])
        assert service.stop() == 0
    finally:
        service.kill()
        processes.kill(workers)
