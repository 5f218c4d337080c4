"""What is answered in which state of things, and that no answer outlives what it says."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from privyseal.ca.revocation.answers import UNKNOWN_VALID, VALID
from privyseal.ca.states import Status
from privyseal.x509 import der
from privyseal.x509.ocsp_request import SHA256
from tests.ca.world import CALLER, NOW, World, pem
from tests.ocsp import judges, wire
from tests.ocsp.asking import (
    OCSP_OFF,
    ask,
    ask_all,
    certificate_of,
    enable,
    keep_up,
    names,
    read,
    request,
    revoke,
    status,
)

SECOND = NOW.replace(microsecond=0)


@pytest.fixture(name="arn")
def arn_fixture(world: World) -> str:
    """A root with OCSP."""
    arn = world.root()
    enable(world, arn)
    return arn


def test_a_certificate_is_good_until_it_is_revoked(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    issuer = certificate_of(world, arn)
    (answer,) = ask_all(world, [request(issuer, serial)])
    found = judges.judged(answer.response, issuer)
    assert found.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert (found.produced_at_utc, found.this_update_utc) == (SECOND, SECOND)
    assert found.next_update_utc == SECOND + VALID
    world.clock.advance(timedelta(minutes=1))
    revoke(world, arn, serial)
    found = ask(world, arn, serial)
    assert found.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert found.revocation_reason is x509.ReasonFlags.key_compromise
    assert found.revocation_time_utc == SECOND + timedelta(minutes=1)


def test_what_was_issued_before_ocsp_was_enabled_is_answered_too(world: World) -> None:
    arn = world.root()
    serial = world.issue(arn).arn.serial
    assert status(world, arn, serial) == "UNAUTHORIZED"
    enable(world, arn)
    assert status(world, arn, serial) == "GOOD"


def test_what_was_never_issued_is_unknown_for_a_short_time(world: World, arn: str) -> None:
    """Serial numbers of other authorities, of nobody, and of a size that nobody issues."""
    other = world.root(subject={"CommonName": "Other"})
    for serial in (world.issue(other).arn.serial, 4711, 0, 2**128, 2**900):
        found = ask(world, arn, serial)
        assert found.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
        assert found.next_update_utc == SECOND + UNKNOWN_VALID
    (answer,) = ask_all(world, [request(certificate_of(world, arn), 4711)])
    assert answer.until is None
    assert answer.stored is None


def test_unknown_becomes_good_as_soon_as_it_is_issued(world: World, arn: str) -> None:
    """To issue changes no generation: so `unknown` is never kept."""
    before = world.store.generation()
    asked = request(certificate_of(world, arn), 4711, 4712)
    assert [each.certificate_status.name for each in read(ask_all(world, [asked])[0]).responses] == 2 * [
        "UNKNOWN"
    ]
    world.issue(arn, serial=4711)
    assert world.store.generation() == before
    assert names(ask_all(world, [asked])[0]) == ["GOOD", "UNKNOWN"]


def test_only_the_authority_itself_speaks_for_its_certificates(world: World, arn: str) -> None:
    """Another key, another name, or two authorities in one request: unauthorized."""
    serial = world.issue(arn).arn.serial
    own, other_arn = certificate_of(world, arn), world.root(subject={"CommonName": "Other"})
    enable(world, other_arn)
    other = certificate_of(world, other_arn)
    raw = wire.cert_id(serial, own)
    of_other_name = raw.replace(wire.cert_id(serial, own)[13:37], wire.cert_id(serial, other)[13:37])
    assert of_other_name != raw
    foreign = ec.generate_private_key(ec.SECP256R1())
    unknown_key = raw.replace(raw[37:57], foreign.public_key().public_numbers().x.to_bytes(32)[:20])
    unknown_hash = raw.replace(der.oid("1.3.14.3.2.26"), der.oid("1.3.14.3.2.27"))
    for cert_ids in (
        [of_other_name],
        [unknown_key],
        [unknown_hash],
        [raw, wire.cert_id(serial, other)],
        [raw, of_other_name],
    ):
        (answer,) = ask_all(world, [wire.as_request(cert_ids)])
        assert read(answer).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_one_request_may_use_both_hashes(world: World, arn: str) -> None:
    serial, own = world.issue(arn).arn.serial, certificate_of(world, arn)
    both = wire.as_request([wire.cert_id(serial, own), wire.cert_id(serial, own, SHA256)])
    assert names(ask_all(world, [both])[0]) == ["GOOD", "GOOD"]


def test_a_batch_is_answered_by_position(world: World, arn: str) -> None:
    """Good, revoked, unknown, foreign and with a nonce, each once in one snapshot."""
    good, revoked = (world.issue(arn).arn.serial for _ in range(2))
    revoke(world, arn, revoked)
    issuer, stranger = certificate_of(world, arn), certificate_of(world, world.root())
    asked = [
        request(issuer, good),
        request(issuer, revoked, nonce=b"n" * 16),
        request(issuer, 7),
        request(stranger, good),
        request(issuer, revoked, good),
    ]
    views = world.store.views
    answers = [read(each) for each in ask_all(world, asked)]
    assert world.store.views == views + 1
    assert [each.response_status.name for each in answers] == [
        *3 * ["SUCCESSFUL"],
        "UNAUTHORIZED",
        "SUCCESSFUL",
    ]
    assert [each.certificate_status.name for each in answers[:3]] == ["GOOD", "REVOKED", "UNKNOWN"]
    assert [each.serial_number for each in answers[:3]] == [good, revoked, 7]
    assert [each.certificate_status.name for each in answers[4].responses] == ["REVOKED", "GOOD"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Status.DISABLED, "GOOD"),
        (Status.DELETED, "UNAUTHORIZED"),
        (Status.PENDING_CERTIFICATE, "UNAUTHORIZED"),
        (Status.FAILED, "UNAUTHORIZED"),
    ],
)
def test_only_active_and_disabled_authorities_answer(
    world: World, arn: str, state: Status, expected: str
) -> None:
    serial = world.issue(arn).arn.serial
    world.set_status(arn, state)
    assert status(world, arn, serial) == expected


def test_an_authority_that_is_switched_off_renews_its_responder(world: World) -> None:
    """OCSP enabled while it is DISABLED, and still answering weeks later."""
    arn = world.root()
    serial = world.issue(arn).arn.serial
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    enable(world, arn)
    for _ in range(5):
        assert status(world, arn, serial) == "GOOD"
        world.clock.advance(timedelta(days=4))
        keep_up(world)
    revoke(world, arn, serial)
    assert status(world, arn, serial) == "REVOKED"


def test_an_expired_authority_does_not_answer(world: World) -> None:
    """Not from what is kept or stored either: nothing is kept beyond its end."""
    arn = world.create()
    made = world.issue(
        arn,
        world.csr_of(arn),
        template_arn="arn:aws:acm-pca:::template/RootCACertificate/V1",
        validity=("DAYS", 2),
    )
    world.ca.certification.install(CALLER, arn, pem(made.der), None)
    enable(world, arn)
    serial = world.issue(arn, validity=("DAYS", 1)).arn.serial
    world.clock.advance(timedelta(days=2) - timedelta(minutes=10))
    keep_up(world)
    (answer,) = ask_all(world, [request(certificate_of(world, arn), serial)])
    end = certificate_of(world, arn).not_valid_after_utc
    assert read(answer).next_update_utc == answer.until == end
    assert world.ca.ocsp.is_right(answer, end - timedelta(seconds=1))
    assert not world.ca.ocsp.is_right(answer, end)
    world.clock.advance(timedelta(minutes=11))
    assert world.status(arn) is Status.EXPIRED
    keep_up(world)
    assert status(world, arn, serial) == "UNAUTHORIZED"


def test_ocsp_that_is_switched_off_is_off_at_once(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    (kept,) = ask_all(world, [request(certificate_of(world, arn), serial)])
    assert world.ca.ocsp.is_right(kept, NOW)
    world.ca.authorities.update(CALLER, arn, None, OCSP_OFF)
    assert not world.ca.ocsp.is_right(kept, NOW)
    assert status(world, arn, serial) == "UNAUTHORIZED"


def test_without_a_responder_one_is_told_to_come_again(world: World) -> None:
    """The request has its responder made, but behind: it makes no key itself."""
    arn = world.root()
    serial = world.issue(arn).arn.serial
    world.ca.authorities.update(CALLER, arn, None, {"OcspConfiguration": {"Enabled": True}})
    made = len(world.keys.made)
    assert status(world, arn, serial) == "TRY_LATER"
    assert len(world.keys.made) == made
    keep_up(world)
    assert status(world, arn, serial) == "GOOD"


def test_a_key_that_cannot_be_had_or_has_a_defect_fails_no_neighbour(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    other = world.root(subject={"CommonName": "Other"})
    enable(world, other)
    other_serial = world.issue(other).arn.serial
    (key_id,) = [each for each in world.keys.made if each.startswith("ocsp-")][:1]
    asked = [request(certificate_of(world, arn), serial), request(certificate_of(world, other), other_serial)]
    for trouble, expected in ((world.keys.lost, "TRY_LATER"), (world.keys.spoiled, "INTERNAL_ERROR")):
        trouble.add(key_id)
        answers = [read(each) for each in ask_all(world, asked)]
        assert [each.response_status.name for each in answers] == [expected, "SUCCESSFUL"]
        trouble.clear()


def test_the_responders_key_is_opened_once(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    for _ in range(5):
        assert status(world, arn, serial, nonce=b"1") == "GOOD"
        revoke(world, arn, world.issue(arn).arn.serial)  # changes the generation
    assert len([each for each in world.keys.opened if each.startswith("ocsp-")]) == 1
