"""Answers that are kept in memory or stored for other processes: none outlives what it says."""

import asyncio
from datetime import timedelta
from threading import Event

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from privyseal.ca.revocation.answers import KEPT
from privyseal.ca.revocation.ocsp_model import OcspAnswer
from privyseal.ca.revocation.reasons import HOLD
from privyseal.ca.revocation.revoking import mark_released, mark_revoked
from privyseal.store import Tx
from privyseal.x509.ocsp_request import SHA256
from tests.ca.world import CALLER, NOW, World
from tests.ocsp import wire
from tests.ocsp.asking import ask_all, certificate_of, enable, read, request, revoke, status, store_answers

SECOND = NOW.replace(microsecond=0)


@pytest.fixture(name="arn")
def arn_fixture(world: World) -> str:
    """A root with OCSP."""
    arn = world.root()
    enable(world, arn)
    return arn


def test_a_kept_answer_is_right_until_its_time_or_the_next_revocation(world: World, arn: str) -> None:
    serial, other = (world.issue(arn).arn.serial for _ in range(2))
    asked = request(certificate_of(world, arn), serial)
    (kept,) = ask_all(world, [asked])
    assert kept.until == SECOND + KEPT
    assert world.ca.ocsp.is_right(kept, SECOND + KEPT - timedelta(seconds=1))
    assert not world.ca.ocsp.is_right(kept, SECOND + KEPT)
    revoke(world, arn, other)  # of whichever certificate
    assert not world.ca.ocsp.is_right(kept, NOW)


def test_an_answer_with_a_nonce_is_nobody_elses(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    (answer,) = ask_all(world, [request(certificate_of(world, arn), serial, nonce=b"n" * 16)])
    assert (answer.until, answer.stored) == (None, None)
    assert not world.ca.ocsp.is_right(answer, NOW)


def test_an_answer_that_a_revocation_overtook_is_not_kept(world: World, arn: str) -> None:
    """The revocation commits after the snapshot and before the answer is signed."""
    serial = world.issue(arn).arn.serial
    once = [lambda: revoke(world, arn, serial)]

    def when_signing() -> None:
        if once:
            once.pop()()

    world.keys.when_signing = when_signing
    (answer,) = ask_all(world, [request(certificate_of(world, arn), serial)])
    assert not once
    assert read(answer).certificate_status is ocsp.OCSPCertStatus.GOOD  # asked before it was acknowledged
    assert not world.ca.ocsp.is_right(answer, NOW)
    assert status(world, arn, serial) == "REVOKED"


def give(world: World, asked: bytes) -> ocsp.OCSPResponse:
    """By the way of a front-end, which has it stored."""
    return read(asyncio.run(world.ca.ocsp.answer(asked)))


def stored(world: World, serial: int) -> list[OcspAnswer]:
    return list(world.store.view(lambda tx: world.rows.ocsp_answers.find_many(tx, [serial])).values())


def test_another_process_finds_an_answer_instead_of_signing_it(processes: list[World]) -> None:
    here, there = processes
    arn = here.root()
    enable(here, arn)
    serial = here.issue(arn).arn.serial
    asked = request(certificate_of(here, arn), serial)
    first = give(here, asked)
    store_answers(here)
    there.clock.advance(timedelta(minutes=10))
    opened = list(there.keys.opened)
    (found,) = ask_all(there, [asked])
    assert found.response == first.public_bytes(Encoding.DER)
    assert there.keys.opened == opened
    assert found.until == SECOND + KEPT
    there.clock.advance(timedelta(minutes=20))  # half of its time is over: a new one
    assert read(ask_all(there, [asked])[0]).this_update_utc == SECOND + timedelta(minutes=30)
    assert there.keys.opened != opened


def test_what_is_stored_goes_with_the_revocation(processes: list[World]) -> None:
    """In every process, at once; of the same certificate under whichever CertID."""
    here, there = processes
    arn = here.root()
    enable(here, arn)
    serial, other = (here.issue(arn).arn.serial for _ in range(2))
    issuer = certificate_of(here, arn)
    asked = [
        request(issuer, serial),
        wire.as_request([wire.cert_id(serial, issuer, SHA256)]),
        request(issuer, other),
    ]
    for each in asked:
        give(here, each)
    store_answers(here)
    kept = ask_all(there, asked)
    assert len(stored(there, serial)) == 2
    revoke(here, arn, serial)
    assert stored(there, serial) == []
    assert len(stored(there, other)) == 1
    assert not any(there.ca.ocsp.is_right(each, NOW) for each in kept)
    said = [read(each).certificate_status.name for each in ask_all(there, asked)]
    assert said == ["REVOKED", "REVOKED", "GOOD"]


def test_an_answer_that_a_revocation_overtook_is_not_stored(world: World, arn: str) -> None:
    """Signed before, waiting to be stored when the certificate is revoked; its neighbour is stored."""
    serial, other = (world.issue(arn).arn.serial for _ in range(2))
    issuer = certificate_of(world, arn)
    for each in (serial, other):
        give(world, request(issuer, each))
    revoke(world, arn, serial)
    store_answers(world)
    assert stored(world, serial) == []
    assert len(stored(world, other)) == 1
    give(world, request(issuer, serial))
    store_answers(world)
    assert [read_stored.response for read_stored in stored(world, serial)]
    assert status(world, arn, serial) == "REVOKED"


def test_a_hold_and_its_release_each_change_the_answer(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    asked = request(certificate_of(world, arn), serial)

    def change(hold: bool) -> None:
        def write(tx: Tx) -> None:
            authority = world.row_in(tx, arn)
            rows = list(world.rows.certificates.find_many(tx, [(authority.arn.id, serial)]).values())
            if hold:
                mark_revoked(tx, world.rows, CALLER, authority, rows, reason=HOLD)
            else:
                mark_released(tx, world.rows, CALLER, authority, rows)

        world.store.transact(write)

    for hold, expected in ((None, "GOOD"), (True, "REVOKED"), (False, "GOOD"), (True, "REVOKED")):
        if hold is not None:
            change(hold)
        found = give(world, asked)
        store_answers(world)
        assert found.certificate_status.name == expected
        assert len(stored(world, serial)) == 1
        if hold:
            assert found.revocation_reason is x509.ReasonFlags.certificate_hold


def test_expired_answers_are_swept_away(world: World, arn: str) -> None:
    serial = world.issue(arn).arn.serial
    give(world, request(certificate_of(world, arn), serial))
    store_answers(world)
    assert not world.store.view(world.ca.ocsp.sweeping_waits)
    world.clock.advance(timedelta(minutes=31))
    assert world.store.view(world.ca.ocsp.sweeping_waits)
    world.ca.ocsp.sweep(Event())
    assert not world.store.view(world.ca.ocsp.sweeping_waits)
    assert world.store.transact(lambda tx: world.rows.ocsp_answers.remove_expired(tx, 10)) == 0
