"""A whole fleet enrols at once, and the service is killed in the middle of it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench import processes
from privyseal.agent.device import Device
from privyseal.agent.fleet import Progress, run
from tests.durability import evidence
from tests.mqtt.broker import free_port
from tests.service import Service, patience
from tests.simulation import fleet

DEVICES = 2000
AT_ONCE = 64
KILLED_AFTER = 700  # devices have their certificates
WAITS_SECONDS = 60


class Killing(threading.Thread):
    """Kill -9 of every process of the service once so many devices are enrolled, and a new start."""

    def __init__(self, service: Service, progress: Progress, restart: Callable[[], Service]) -> None:
        super().__init__(name="killing", daemon=True)
        self.enrolled = self.in_flight = -1
        self.service = service
        self._progress = progress
        self._restart = restart

    def run(self) -> None:
        step = self._progress.step("enrolled")
        until = time.monotonic() + patience(WAITS_SECONDS)
        while step.done < KILLED_AFTER and time.monotonic() < until:
            time.sleep(0.002)
        assert self.service.process
        pids = processes.tree(self.service.process.pid)
        self.enrolled, self.in_flight = step.done, self._progress.in_flight("enrolled")
        processes.kill(pids)
        until = time.monotonic() + WAITS_SECONDS
        while processes.alive(pids):
            assert time.monotonic() < until
            time.sleep(0.01)
        self.service.kill()
        self.service = self._restart()


def test_2000_devices_enrol_at_once_and_a_kill_9_loses_and_doubles_none(tmp_path: Path) -> None:
    """Every device has exactly one certificate, and the service knows of exactly these."""
    port = str(free_port())

    def start() -> Service:
        return Service(tmp_path / "data", "--port", port).start()

    service = start()
    database = service.data_dir / "privyseal.db"
    progress = Progress(DEVICES, ["enrolled"])
    killing = Killing(service, progress, start)
    try:
        folders = fleet.folders(tmp_path / "devices", DEVICES)
        fleet.register(service.environment, folders)
        before = evidence.certificate_count(database)
        devices = fleet.devices(service.url, folders, progress)
        killing.start()
        run(devices, lambda each: each.id, {"enrolled": Device.enrol}, progress, AT_ONCE)
        killing.join()
        assert killing.service.stop() == 0
    finally:
        killing.service.kill()
    assert KILLED_AFTER <= killing.enrolled < DEVICES - AT_ONCE
    assert killing.in_flight >= AT_ONCE // 2
    assert progress.retries >= killing.in_flight // 2
    assert not progress.failures, progress.failures[:3]
    assert progress.step("enrolled").done == DEVICES
    assert evidence.check_database(database) == before + DEVICES
    known = fleet.serials_by_name(database)
    for folder in folders:
        assert known[folder.device_id] == [fleet.certificate(folder).serial_number]
