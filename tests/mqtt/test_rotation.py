"""Rotation with the real service and a real broker: of a device's certificate over mutual TLS, and of the
authority that issues for devices.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from privyseal.agent.device import Broker as Address
from privyseal.agent.device import Device
from privyseal.agent.mqtt import RefusedError
from privyseal.agent.provisioning import Provisioning
from privyseal.client.errors import ClientError
from privyseal.client.transport import Transport
from tests.e2e import openssl
from tests.e2e.shell import run
from tests.mqtt.factory import Factory, factory_in, until
from tests.programs import program
from tests.service import COMMAND, Service


@pytest.fixture
def factory(tmp_path: Path) -> Iterator[Factory]:
    with factory_in(tmp_path, "--device-port", "0") as made:
        yield made


def device_url(service: Service) -> str:
    """As the service's start prints it."""
    (line,) = [line for line in service.log.read_text().splitlines() if line.strip().startswith("Devices ")]
    return line.split()[1]


def rotated(factory: Factory, device_id: str, file: str = "rotated") -> Path:
    """By curl with the device's certificate and a CSR of openssl's; the file of the new certificate."""
    kept = factory.kept(device_id)
    csr = openssl.new_csr(factory.folder / f"{file}.csr", kept.key, f"/CN={device_id}")
    said = run(
        program("curl"),
        *("--silent", "--show-error", "--fail", "--cacert", str(factory.service.environment.ca_bundle)),
        *("--cert", kept.certificate, "--key", kept.key, "--data-binary", f"@{csr}"),
        device_url(factory.service),
    )
    answer = json.loads(said)
    assert answer["endpoint"] == factory.address
    path = factory.folder / f"{file}.pem"
    path.write_text(f"{answer['certificate']}\n{answer['certificate_chain']}\n")
    return path


def serial(path: Path) -> str:
    return f"{x509.load_pem_x509_certificate(path.read_bytes()).serial_number:032x}"


def test_a_device_rotates_over_mutual_tls_and_its_old_certificate_ends_after_the_grace_period(
    factory: Factory,
) -> None:
    """The broker lets the new one in at once and the old one until its grace period is over; CRLs have it."""
    factory.simulate("sensor-1", "--register")
    kept = factory.kept("sensor-1")
    new = rotated(factory, "sensor-1")

    def answers(certificate: Path) -> bool:
        return factory.broker.answers(certificate, kept.key, kept.root, "localhost")

    assert answers(new)
    assert answers(kept.certificate)
    until(lambda: not answers(kept.certificate), 100)
    assert answers(new)
    crls = (factory.folder / "files" / "crl.pem").read_text()
    listed = run(program("openssl"), "crl", "-noout", "-text", given=crls[crls.index("-----BEGIN") :])
    assert serial(kept.certificate).lstrip("0").upper() in listed
    assert serial(new).lstrip("0").upper() not in listed


def device(factory: Factory, device_id: str) -> Device:
    return Device(factory.kept(device_id), Provisioning(Transport(factory.service.url), patience=60))


def rotations(factory: Factory, *words: str, until_state: str) -> dict[str, Any]:
    """`privyseal device rotate-ca …`, and its rotation in that state."""
    told = [*COMMAND, "device", "rotate-ca", *words, "--data-dir", str(factory.service.data_dir)]
    found: dict[str, Any] = json.loads(run(*told, "--output", "json"))
    client = factory.service.environment.client()

    def reached() -> bool:
        found.update(client.rest("GET", f"/ca-rotations/{found['id']}"))
        return bool(found["state"] == until_state)

    until(reached)
    return found


def test_a_device_comes_back_by_itself_after_its_authority_was_replaced(factory: Factory) -> None:
    """One that rotates in time notices nothing; one that slept is refused by the broker, and comes back with
    one call. The service is killed in between.
    """
    for name in ("early", "asleep"):
        factory.simulate(name, "--register", "--broker", factory.address)
    before = {name: factory.kept(name).serial for name in ("early", "asleep")}
    root = factory.kept("early").root.read_bytes()

    paused = rotations(factory, "start", until_state="PAUSED")
    assert [step["step"] for step in paused["steps"]] == ["create", "certify", "register", "switch"]
    assert (paused["devices_over"], paused["devices_waiting"]) == (0, 2)
    assert factory.is_let_in("early")
    assert factory.is_let_in("asleep")  # the old authority's certificates still work

    device(factory, "early").rotate()
    new = x509.load_pem_x509_certificate(factory.kept("early").certificate.read_bytes())
    assert new.issuer.rfc4514_string() == "CN=Privy Seal Issuing CA G2"
    assert factory.is_let_in("early")
    seen = factory.service.environment.client().rest("GET", f"/ca-rotations/{paused['id']}")
    assert (seen["devices_over"], seen["devices_waiting"]) == (1, 1)

    with factory.connection("early") as connection:
        port = connection.local_port
        connection.subscribe("devices/early/echo")
        done = rotations(factory, "resume", until_state="COMPLETED")
        until(lambda: not factory.is_let_in("asleep"))
        connection.publish("devices/early/echo", b"still here")
        assert connection.receive() == ("devices/early/echo", b"still here")
        assert (connection.is_open, connection.local_port) == (True, port)
    assert [step["step"] for step in done["steps"]][4:] == ["revoke", "cascade", "withdraw"]

    with pytest.raises(RefusedError):
        device(factory, "asleep").say_hello(Address("localhost", factory.broker.port))
    summary = factory.simulate(
        "asleep", "--come-back", "--broker", factory.address
    )  # the command, with what is in its folder
    assert summary["failures"] == []
    assert factory.kept("asleep").serial != before["asleep"]
    assert factory.is_let_in("asleep")
    assert factory.kept("asleep").root.read_bytes() == root
    openssl.verify(
        factory.kept("asleep").certificate, factory.kept("asleep").root, factory.kept("asleep").certificate
    )


def test_a_broker_that_is_away_makes_nobody_ask_for_a_certificate(factory: Factory) -> None:
    factory.simulate("sensor-1", "--register")
    kept = factory.kept("sensor-1")
    before = kept.serial
    factory.broker.stop()
    with pytest.raises(ClientError):
        device(factory, "sensor-1").come_back(Address("localhost", factory.broker.port))
    assert kept.serial == before
