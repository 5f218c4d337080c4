"""A device rotates with its certificate: what it must be, and what becomes of key and certificate."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from privyseal.devices import limits
from privyseal.devices.enrolment import DeniedError
from privyseal.devices.rotation import Rotation, RotationTerms
from privyseal.devices.states import Event
from privyseal.devices.vending import Enrolled, Vending
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.issuers.local import LocalWitness
from privyseal.names import CertificateArn, format_serial
from privyseal.stores.repositories.ca import REPOSITORIES
from privyseal.x509.pem import to_pem
from tests.ca.world import issue_request
from tests.devices.deployment import ACCOUNT, OPERATOR, key_der
from tests.devices.requests import csr
from tests.devices.rotations import KEYS, Process

TICK = timedelta(seconds=1)
NEW_KEY = ec.generate_private_key(ec.SECP384R1())
OLDER_KEY = ec.generate_private_key(ec.SECP256R1())


class World:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.product = process.product

    def rotation(self, *, new_keys: bool = False) -> Rotation:
        product = self.product
        registrations = product.registrations(self.process.registrars)
        vending = Vending(
            product.store, product.devices, product.identities, self.process.issuer, registrations
        )
        return Rotation(
            product.store,
            product.devices,
            product.identities,
            vending,
            LocalWitness(REPOSITORIES.certificates),
            terms=RotationTerms(ACCOUNT, new_keys=new_keys),
        )

    def rotate(
        self, with_certificate: Enrolled, name: str = "one", key: ec.EllipticCurvePrivateKey | None = None
    ) -> Enrolled:
        asked = csr(key or KEYS["one"], name)
        return self.rotation(new_keys=key is NEW_KEY).rotate(_der(with_certificate), asked, request_id="r")

    def public_key(self) -> bytes:
        found = self.product.store.view(lambda tx: self.product.devices.find(tx, ACCOUNT, "one"))
        assert found is not None
        return found.public_key


def _der(enrolled: Enrolled) -> bytes:
    return x509.load_pem_x509_certificate(enrolled.certificate.encode()).public_bytes(Encoding.DER)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    process = Process(tmp_path / "rotation.db")
    process.register()
    yield World(process)
    process.product.close()


def denied(world: World, *arguments: object) -> None:
    with pytest.raises(DeniedError) as refusal:
        world.rotate(*arguments)  # type: ignore[arg-type]
    assert refusal.value.device_id == "one"


def test_the_newest_certificate_gets_the_next_one(world: World) -> None:
    first = world.process.enrol("one")
    second = world.rotate(first)
    assert second.arn != first.arn
    assert (
        x509.load_pem_x509_certificate(second.certificate.encode()).public_key() == KEYS["one"].public_key()
    )
    assert world.rotate(second).arn not in {first.arn, second.arn}


def test_the_one_before_does_until_its_grace_period_is_over(world: World) -> None:
    """Even though nobody has come to retire it yet."""
    first = world.process.enrol("one")
    world.rotate(first)
    world.product.clock.advance(limits.GRACE - TICK)
    second = world.rotate(first)
    world.product.clock.advance(TICK)
    denied(world, first)
    assert world.rotate(second)


def test_an_expired_one_does_not_though_its_connection_stands(world: World) -> None:
    first = world.process.enrol("one")
    world.product.clock.advance(timedelta(days=365))
    assert world.rotate(first)
    world.product.clock.advance(TICK)
    denied(world, first)


def test_a_revoked_one_and_one_on_hold_do_not(world: World) -> None:
    first = world.process.enrol("one")
    holding, store = world.product.authorities.holding, world.product.store
    store.transact(lambda tx: holding.hold(tx, OPERATOR, [first.arn]))
    denied(world, first)
    store.transact(lambda tx: holding.release(tx, OPERATOR, [first.arn]))
    second = world.rotate(first)
    named = CertificateArn.parse(second.arn)
    world.product.authorities.revocation.revoke(
        OPERATOR, str(named.authority), format_serial(named.serial), "KEY_COMPROMISE"
    )
    denied(world, second)


@pytest.mark.parametrize("event", [Event.SUSPENDED, Event.RETIRED])
def test_a_device_that_may_not_enrol_may_not_rotate(world: World, event: Event) -> None:
    first = world.process.enrol("one")
    world.product.lifecycle.change(OPERATOR, event, ["one"])
    denied(world, first)


def test_a_certificate_that_no_device_has_had_does_not(world: World) -> None:
    """From the very authority, in the very name: issued by somebody who may issue, not to the device."""
    world.process.enrol("one")
    other = world.process.issuing()
    asked = csr(KEYS["one"], "one")
    issued = world.product.authorities.issue_now(
        issue_request(other, asked, caller=OPERATOR, template_arn=None)
    )
    with pytest.raises(DeniedError):
        world.rotation().rotate(issued.der, asked, request_id="r")


def test_the_certificate_of_one_device_gets_nothing_for_another(world: World) -> None:
    first = world.process.enrol("one")
    denied(world, first, "two")
    denied(world, first, "two", KEYS["two"])


def test_another_key_is_refused_unless_devices_may_bring_one(world: World) -> None:
    first = world.process.enrol("one")
    denied(world, first, "one", KEYS["two"])
    second = world.rotate(first, "one", NEW_KEY)
    assert world.public_key() == key_der(NEW_KEY.public_key())
    actions = [each["action"] for each in world.product.journal()]
    assert actions.count("privyseal:RekeyDevice") == 1
    assert world.rotate(second, "one", NEW_KEY).arn != second.arn
    with pytest.raises(PrivySealError, match="not the one that the device is registered with"):
        world.process.enrolment.enrol(csr(KEYS["one"], "one"), "one", request_id="r")
    assert world.process.enrolment.enrol(csr(NEW_KEY, "one"), "one", request_id="r")


def test_a_new_key_counts_only_when_its_certificate_does(world: World) -> None:
    """A registrar that fails leaves the device with the key and the certificate that it had."""
    first = world.process.enrol("one")
    world.process.registrars["there"].fail = ErrorCode.UNAVAILABLE
    with pytest.raises(PrivySealError):
        world.rotate(first, "one", NEW_KEY)
    assert world.public_key() == key_der(KEYS["one"].public_key())
    world.process.registrars["there"].fail = None
    assert world.rotate(first)


def test_an_older_rotation_that_ends_later_does_not_take_the_newer_key_away(world: World) -> None:
    first, older = world.process.enrol("one"), csr(OLDER_KEY, "one")
    world.process.registrars["there"].fail = ErrorCode.UNAVAILABLE
    with pytest.raises(PrivySealError):
        world.rotation(new_keys=True).rotate(_der(first), older, request_id="r")
    world.process.registrars["there"].fail = None
    world.process.advance(1)
    world.rotate(first, "one", NEW_KEY)
    assert world.rotation(new_keys=True).rotate(_der(first), older, request_id="r")
    assert world.public_key() == key_der(NEW_KEY.public_key())


def test_of_two_new_keys_at_once_the_one_that_counts_first_stays(world: World) -> None:
    first, there = world.process.enrol("one"), world.process.registrars["there"]

    def overtake() -> None:
        there.when_asked = lambda: None
        world.rotate(first, "one", NEW_KEY)

    there.when_asked = overtake
    with pytest.raises(DeniedError, match="another key meanwhile"):
        world.rotation(new_keys=True).rotate(_der(first), csr(OLDER_KEY, "one"), request_id="r")
    assert world.public_key() == key_der(NEW_KEY.public_key())


def test_a_broken_proof_of_possession_is_refused_first(world: World) -> None:
    first = world.process.enrol("one")
    der = bytearray(x509.load_pem_x509_csr(csr(KEYS["one"], "one")).public_bytes(Encoding.DER))
    der[-1] ^= 1
    broken = to_pem(bytes(der), "CERTIFICATE REQUEST").encode()
    with pytest.raises(PrivySealError) as refusal:
        world.rotation().rotate(_der(first), broken, request_id="r")
    assert refusal.value.code is ErrorCode.MALFORMED_CSR
