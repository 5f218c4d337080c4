"""A real Mosquitto lets in exactly the devices that it should, and cuts nobody who is connected."""

import dataclasses
from contextlib import ExitStack

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privyseal.agent.mqtt import Connection, RefusedError
from tests.mqtt.conftest import Deployment
from tests.mqtt.pki import Authority, Device, key_bytes, pem


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def hears_itself(connection: Connection, topic: str, text: bytes = b"hello") -> bool:
    connection.subscribe(topic)
    connection.publish(topic, text)
    return connection.receive(0.5) == (topic, text)


def refused(deployment: Deployment, device: Device) -> bool:
    """By the agent, and by nothing but TLS and the bytes of a CONNECT."""
    kept = deployment.stored(device)
    root = deployment.folder / "root.pem"
    try:
        with deployment.connection(device):
            by_agent = False
    except RefusedError:
        by_agent = True
    assert deployment.broker.answers(kept.certificate, kept.key, root) != by_agent
    return by_agent


def test_a_device_connects_with_the_certificate_that_was_registered(deployment: Deployment) -> None:
    """At once, the first time: nothing is left to be done after `register`."""
    device = deployment.device("sensor-1")
    assert deployment.registrar.register(device.registration) == ""
    with deployment.connection(device) as connection:
        assert hears_itself(connection, "devices/sensor-1/state")


@pytest.mark.parametrize("device_id", ["sensor 1", "sensör-1", "%u", "user sensor-1", "a$b", "1.2:3_4"])
def test_whatever_a_device_is_called_it_has_its_own_topics_alone(
    deployment: Deployment, device_id: str
) -> None:
    device, other = deployment.device(device_id), deployment.device("sensor-1")
    with deployment.connection(device) as connection, deployment.connection(other) as second:
        assert hears_itself(connection, f"devices/{device_id}/state")
        second.subscribe("devices/sensor-1/state")
        second.subscribe("#")
        assert not hears_itself(connection, "devices/sensor-1/state")
        assert not hears_itself(connection, "devices/other/state")
        connection.publish(f"devices/{device_id}/state", b"not for others")
        assert second.receive(0.3) is None


def test_an_unknown_device_is_refused(deployment: Deployment) -> None:
    """Its certificate is from somewhere else, under the very name of one that is let in."""
    deployment.registrar.register(deployment.device("sensor-1").registration)
    assert refused(deployment, deployment.device("sensor-1", Authority("Issuing", Authority("Root"))))


def test_a_device_with_another_key_is_refused(deployment: Deployment) -> None:
    """It has copied a certificate that is let in, and put its own key into it."""
    device = deployment.device("sensor-1")
    deployment.registrar.register(device.registration)
    kept, root = deployment.stored(device), deployment.folder / "root.pem"
    root.write_bytes(pem(deployment.root.certificate))
    assert deployment.broker.answers(kept.certificate, kept.key, root)
    thief = ec.generate_private_key(ec.SECP256R1())
    forged = device.certificate.public_bytes(Encoding.DER).replace(point(device.key), point(thief))
    kept.certificate.write_bytes(pem(x509.load_der_x509_certificate(forged), *deployment.issuing.chain))
    kept.key.write_bytes(key_bytes(thief))
    assert not deployment.broker.answers(kept.certificate, kept.key, root)


def test_a_revoked_device_is_refused_and_a_good_one_notices_nothing(deployment: Deployment) -> None:
    """The same TCP connection, messages before, meanwhile and after; a new device is let in as well."""
    good, bad = deployment.device("good"), deployment.device("bad")
    with deployment.connection(good) as connection:
        port = connection.local_port
        assert hears_itself(connection, "devices/good/a")
        with deployment.connection(bad) as leaving:
            assert hears_itself(leaving, "devices/bad/a")
        for number in range(5):
            deployment.issuing.revoked |= {number + 1}
            if number == 2:
                deployment.issuing.revoked.add(bad.certificate.serial_number)
            deployment.publish()
            deployment.refresh()
            connection.publish("devices/good/a", str(number).encode())
            assert connection.receive() == ("devices/good/a", str(number).encode())
            assert refused(deployment, bad) == (number >= 2)
        assert (connection.is_open, connection.local_port) == (True, port)
        assert deployment.broker.reloads() == 5
        assert not refused(deployment, deployment.device("new"))


def test_a_hold_that_is_released_lets_the_device_in_again(deployment: Deployment) -> None:
    device = deployment.device("sensor-1")
    for held in (True, False, True, False):
        deployment.issuing.revoked = {device.certificate.serial_number} if held else set()
        deployment.publish()
        deployment.refresh()
        assert refused(deployment, device) == held


def test_only_the_crls_that_are_in_the_file_count(deployment: Deployment) -> None:
    """None is remembered: an older one replaces a newer one, and an issuer whose CRL is gone is refused."""
    device, other = deployment.device("sensor-1"), Authority("Issuing 2", deployment.root)
    second = deployment.device("sensor-2", other)
    deployment.issuers.append(other)
    deployment.publish()
    older = deployment.crls
    deployment.issuing.revoked.add(device.certificate.serial_number)
    for crls, let_in in ((older, (True, True)), (None, (False, True)), (older, (True, True))):
        deployment.publish()
        deployment.crls = crls or deployment.crls
        deployment.refresh()
        assert (not refused(deployment, device), not refused(deployment, second)) == let_in
    deployment.crls = older[:1]
    deployment.refresh()
    assert (refused(deployment, device), refused(deployment, second)) == (False, True)


def test_a_barred_device_falls_silent_at_once_and_others_do_not(deployment: Deployment) -> None:
    """Suspending does not wait for the next connection. When it is over, the same connection speaks again."""
    with ExitStack() as stack:
        names = ("one two", "good")
        ones = {name: stack.enter_context(deployment.connection(deployment.device(name))) for name in names}
        ports = {name: one.local_port for name, one in ones.items()}
        deployment.barred = ["one two", "plus+"]
        deployment.refresh()
        assert not hears_itself(ones["one two"], "devices/one two/a")
        assert hears_itself(ones["good"], "devices/good/a")
        deployment.barred = []
        deployment.refresh()
        assert hears_itself(ones["one two"], "devices/one two/a")
        assert {name: one.local_port for name, one in ones.items()} == ports


def test_the_rotated_certificate_counts_and_the_withdrawn_one_does_not(deployment: Deployment) -> None:
    """Same device, same key: by serial number, not by name."""
    device = deployment.device("sensor-1")
    old = dataclasses.replace(device.registration)
    before = deployment.stored(device).certificate.read_bytes()
    withdrawn = device.certificate.serial_number
    device.renew()
    deployment.registrar.register(device.registration)
    assert not refused(deployment, device)
    deployment.issuing.revoked.add(withdrawn)
    deployment.publish()
    reloads = deployment.broker.reloads()
    deployment.registrar.withdraw(old)
    deployment.broker.wait_for_reload(reloads)
    assert not refused(deployment, device)
    kept = deployment.stored(device)
    kept.certificate.write_bytes(before)
    assert not deployment.broker.answers(kept.certificate, kept.key, deployment.folder / "root.pem")


def test_a_new_issuing_authority_is_let_in_without_a_restart(deployment: Deployment) -> None:
    """Its CRL is what makes it count: until then it is refused, and so is its device's registration."""
    successor = Authority("Issuing 2", deployment.root)
    good, device = deployment.device("good"), deployment.device("sensor-1", successor)
    with deployment.connection(good) as connection:
        port = connection.local_port
        assert refused(deployment, device)
        with pytest.raises(Exception, match="no CRL"):
            deployment.registrar.register(device.registration)
        deployment.issuers.append(successor)
        deployment.publish()
        reloads = deployment.broker.reloads()
        deployment.registrar.register(device.registration)
        deployment.broker.wait_for_reload(reloads)
        assert not refused(deployment, device)
        assert hears_itself(connection, "devices/good/a")
        assert connection.local_port == port


def test_a_new_root_is_let_in_without_a_restart(deployment: Deployment) -> None:
    """And one that is taken out is let in no more: the broker reads `ca.pem` again as well."""
    second = Authority("Root 2")
    issuing = Authority("Issuing 2", second)
    device = deployment.device("sensor-1", issuing)
    deployment.issuers.append(issuing)
    deployment.publish()
    deployment.refresh()
    assert refused(deployment, device)
    deployment.roots.append(second)
    deployment.refresh()
    assert not refused(deployment, device)
    deployment.roots.remove(second)
    deployment.refresh()
    assert refused(deployment, device)


def test_a_broker_that_starts_later_has_everything(deployment: Deployment) -> None:
    """It reads the files when it starts; meanwhile devices that it can serve are registered all the same."""
    device, revoked = deployment.device("sensor-1"), deployment.device("sensor-2")
    deployment.registrar.register(device.registration)
    deployment.broker.stop()
    deployment.registrar.register(revoked.registration)
    deployment.issuing.revoked.add(revoked.certificate.serial_number)
    deployment.publish()
    deployment.registrar.refresh()
    deployment.broker.start()
    assert not refused(deployment, device)
    assert refused(deployment, revoked)


def test_damaged_crls_never_reach_the_broker_half_written(deployment: Deployment) -> None:
    """Every state of the file that a reader can meet is a whole one, also in the middle of 30 changes."""
    device = deployment.device("sensor-1")
    for serial in range(1, 30):
        deployment.issuing.revoked.add(serial)
        deployment.publish()
        deployment.registrar.refresh()
        content = (deployment.files / "crl.pem").read_bytes()
        assert content.startswith(f"CRLs Issuing-{deployment.issuing.crls}\n".encode())
        assert content.endswith(b"-----END X509 CRL-----\n")
    assert not refused(deployment, device)
    assert sorted(path.name for path in deployment.files.iterdir()) == [".lock", "acl", "ca.pem", "crl.pem"]
