"""Changes of one authority at the same moment: each is made or refused for a reason, none conflicts."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.acm_pca_errors.cannot_occur import CANNOT_OCCUR
from tests.acm_pca_errors.wire import Wire
from tests.acm_pca_members.stages import Stage, staged
from tests.aws_calls import Members
from tests.service import Service

AT_ONCE = 8
# Operation → what the later ones of the same requests are answered; "" is a success.
LATER = {
    "DeleteCertificateAuthority": "InvalidStateException",
    "DeletePolicy": "",
    "ImportCertificateAuthorityCertificate": "",
    "PutPolicy": "",
    "RevokeCertificate": "RequestAlreadyProcessedException",
    "UpdateCertificateAuthority": "",
}


@pytest.fixture(name="processes", scope="module")
def processes_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two processes, on one database."""
    service = Service(tmp_path_factory.mktemp("at-once") / "data", "--workers", "2").start()
    yield service
    assert service.stop() == 0, service.log.read_text()


@pytest.fixture(name="wires")
def wires_fixture(processes: Service) -> Iterator[list[Wire]]:
    found = processes.environment
    wires = [
        Wire(found.url, found.access_key_id, found.secret_access_key, found.region) for _ in range(AT_ONCE)
    ]
    yield wires
    for wire in wires:
        wire.close()


def _send_all(wires: list[Wire], operation: str, members: Members) -> Counter[str]:
    """How often each error was answered to the same request from all of them."""
    start = Barrier(len(wires), timeout=60)

    def send(wire: Wire) -> str:
        start.wait()
        return wire.send(operation, members).error

    with ThreadPoolExecutor(len(wires)) as threads:
        return Counter(threads.map(send, wires))


@pytest.mark.parametrize("operation", LATER)
def test_the_same_change_at_the_same_moment_is_made_once_or_again(wires: list[Wire], operation: str) -> None:
    """The first one succeeds, and the later ones are answered by what it has left."""
    members = staged(operation, Stage(wires[0]))
    found = _send_all(wires, operation, members)
    assert found == Counter({"": 1}) + Counter({LATER[operation]: AT_ONCE - 1})


def test_every_operation_that_could_conflict_is_tried() -> None:
    """Those for which the model lists the error that never occurs."""
    [reason] = [each for each in CANNOT_OCCUR if each.error == "ConcurrentModificationException"]
    assert set(LATER) == set(reason.operations)
