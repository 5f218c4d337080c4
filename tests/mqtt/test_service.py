"""The whole way, with the real service, a real broker and the product's own device: from the list of the
factory to messages, and out again by revoking.
"""

from collections.abc import Iterator

import pytest

from privyseal.agent.mqtt import Connection
from tests.mqtt.factory import Factory, factory_in, until


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    with factory_in(tmp_path_factory.mktemp("factory")) as made:
        yield made


def test_a_device_enrols_connects_and_rotates_in_one_go(factory: Factory) -> None:
    """By the command. Each certificate works the first time it is used, and they are two."""
    summary = factory.simulate("sensor-1", "--register", "--broker", factory.address, "--rotate")
    assert summary["failures"] == []
    assert {name: step["done"] for name, step in summary["steps"].items()} == {
        "enrolled": 1,
        "connected": 1,
        "rotated": 1,
        "connected again": 1,
    }


def test_what_a_device_has_is_kept_and_not_asked_for_again(factory: Factory) -> None:
    factory.simulate("sensor-2", "--register")
    serial = factory.kept("sensor-2").serial
    factory.simulate("sensor-2", "--broker", factory.address)
    assert factory.kept("sensor-2").serial == serial
    factory.simulate("sensor-2", "--rotate")
    assert factory.kept("sensor-2").serial != serial


def test_the_certificate_before_works_for_a_grace_period_and_is_then_refused(factory: Factory) -> None:
    """The new one works all the time."""
    factory.simulate("sensor-5", "--register")
    kept, before = factory.kept("sensor-5"), factory.folder / "before.pem"
    before.write_bytes(kept.certificate.read_bytes())
    factory.simulate("sensor-5", "--rotate")
    assert factory.broker.answers(before, kept.key, kept.root, "localhost")
    until(lambda: not factory.broker.answers(before, kept.key, kept.root, "localhost"), 100)
    assert factory.is_let_in("sensor-5")


def test_an_unknown_device_and_one_with_another_key_get_nothing(factory: Factory) -> None:
    """And so they have nothing to connect with."""
    summary = factory.simulate("nobody", "--broker", factory.address)
    assert summary["failures"][0]["reason"].startswith("not-found")
    factory.simulate("sensor-3", "--register")
    factory.kept("sensor-3").path.rename(factory.folder / "elsewhere")
    summary = factory.simulate("sensor-3", "--broker", factory.address)
    assert summary["failures"][0]["reason"].startswith("access-denied")
    assert not factory.kept("nobody").has_certificate
    assert not factory.kept("sensor-3").has_certificate


def test_a_suspended_device_is_silent_and_then_refused_until_it_is_resumed(factory: Factory) -> None:
    """It gets no new certificate either; its certificate is on hold, and released with it."""
    factory.simulate("sensor-4", "--register")
    with factory.connection("sensor-4") as connection:
        factory.rest("/devices/suspend", device_ids=["sensor-4"])
        topic = "devices/sensor-4/echo"
        connection.subscribe(topic)
        until(lambda: not _hears(connection, topic))
        assert connection.is_open
    assert factory.simulate("sensor-4", "--rotate")["failures"][0]["reason"].startswith("access-denied")
    until(lambda: not factory.is_let_in("sensor-4"))
    factory.rest("/devices/resume", device_ids=["sensor-4"])
    until(lambda: factory.is_let_in("sensor-4"))
    with factory.connection("sensor-4") as connection:
        connection.subscribe(topic)
        until(lambda: _hears(connection, topic))


def _hears(connection: Connection, topic: str) -> bool:
    connection.publish(topic, b"?")
    return connection.receive(0.3) is not None


def test_a_revoked_device_is_refused_and_a_good_one_stays_connected(factory: Factory) -> None:
    """Within a minute of the revocation; the good one on the same TCP connection, message after message."""
    for device_id in ("good", "bad"):
        assert factory.simulate(device_id, "--register", "--broker", factory.address)["failures"] == []
    with factory.connection("good") as connection:
        port, heard = connection.local_port, 0
        connection.subscribe("devices/good/echo")
        factory.rest("/revocations", revocations=[{"device_id": "bad", "reason": "KEY_COMPROMISE"}])

        def refused() -> bool:
            nonlocal heard
            connection.publish("devices/good/echo", str(heard).encode())
            assert connection.receive() == ("devices/good/echo", str(heard).encode())
            heard += 1
            return not factory.is_let_in("bad")

        until(refused)
        assert heard > 1
        assert (connection.is_open, connection.local_port) == (True, port)
    assert factory.is_let_in("good")


def test_a_device_on_a_poor_network_needs_to_be_told_nothing_but_where_the_service_is(
    factory: Factory,
) -> None:
    """It fetches its certificate by a link, and connects where the answer says."""
    summary = factory.simulate("sensor-far", "--register", "--connect", "--respond-async")
    assert summary["failures"] == []
    assert summary["steps"]["connected"]["done"] == 1
    assert factory.kept("sensor-far").endpoint.read_text() == factory.address
