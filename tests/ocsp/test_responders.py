"""The responder of an authority: how it comes, what it may, how it is renewed, by one of many processes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from privyseal.ca.revocation.ocsp_model import LIFE, OcspResponder
from privyseal.names import AuthorityArn
from privyseal.x509.keys import key_bits
from privyseal.x509.ocsp_request import SHA1, hashed
from tests.ca.world import CALLER, World
from tests.ocsp import judges
from tests.ocsp.asking import (
    OCSP_OFF,
    OCSP_ON,
    ask,
    ask_all,
    certificate_of,
    enable,
    keep_up,
    request,
    revoke,
    status,
    store_answers,
)
from tests.x509.judges import pkilint_findings


def responder(world: World, arn: str) -> OcspResponder:
    key = SHA1, hashed(key_bits(world.row(arn).public_key))[SHA1]
    (row,) = world.store.view(lambda tx: world.rows.ocsp_responders.by_issuers(tx, [key]))
    return row


def signer(world: World, arn: str) -> x509.Certificate:
    (found,) = ask(world, arn, 4711).certificates
    return found


def test_a_responder_may_sign_ocsp_answers_and_nothing_else(world: World) -> None:
    """Issued and recorded like any certificate, of the authority's own kind of key, for a week."""
    arn = world.root()
    enable(world, arn)
    found, issuer = signer(world, arn), certificate_of(world, arn)
    found.verify_directly_issued_by(issuer)
    values = {each.oid: each.value for each in found.extensions}
    assert list(values[ExtensionOID.EXTENDED_KEY_USAGE]) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert values[ExtensionOID.BASIC_CONSTRAINTS] == x509.BasicConstraints(ca=False, path_length=None)
    assert values[ExtensionOID.OCSP_NO_CHECK] == x509.OCSPNoCheck()
    assert ExtensionOID.AUTHORITY_INFORMATION_ACCESS not in values
    assert ExtensionOID.CRL_DISTRIBUTION_POINTS not in values
    assert found.not_valid_after_utc == world.clock.now().replace(microsecond=0) + LIFE
    assert found.subject.rdns[: len(issuer.subject.rdns)] == issuer.subject.rdns
    assert found.public_key() != issuer.public_key()
    assert not pkilint_findings(found.public_bytes(Encoding.DER))
    page, _ = world.ca.reader.page(CALLER, arn, None, 100)
    assert found.serial_number in [each.serial for each in page]


def test_it_is_renewed_at_half_of_its_life_with_another_key(world: World) -> None:
    arn = world.root()
    enable(world, arn)
    first = signer(world, arn)
    world.clock.advance(LIFE / 2 - timedelta(minutes=1))
    keep_up(world)
    assert signer(world, arn) == first
    world.clock.advance(timedelta(minutes=2))
    keep_up(world)
    second = signer(world, arn)
    assert second.public_key() != first.public_key()
    assert second.not_valid_after_utc > first.not_valid_after_utc
    assert responder(world, arn).due_at == second.not_valid_after_utc - LIFE / 2


def test_a_year_passes_without_a_gap(world: World) -> None:
    """Looked after once a day, there is always one that is valid."""
    arn = world.root()
    enable(world, arn)
    serial = world.issue(arn, validity=("DAYS", 400)).arn.serial
    for _ in range(365):
        world.clock.advance(timedelta(days=1))
        keep_up(world)
        found = ask(world, arn, serial)
        assert found.next_update_utc
        assert found.certificates[0].not_valid_after_utc >= found.next_update_utc


def test_of_many_processes_one_renews(processes: list[World]) -> None:
    here, _ = processes
    arn = here.root()
    here.ca.authorities.update(CALLER, arn, None, OCSP_ON)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(keep_up, processes))
    assert len([each for world in processes for each in world.keys.made if each.startswith("ocsp-")]) == 1
    assert status(here, arn, 1) == "UNKNOWN"


def test_who_dies_in_between_leaves_it_to_the_next(world: World) -> None:
    """What was claimed and never finished is taken up when the lease is over."""
    arn = world.root()
    world.ca.authorities.update(CALLER, arn, None, OCSP_ON)
    commits = ["claim", "issue", "replace"]

    def before_commit() -> None:
        world.store.before_commit = before_commit
        if commits.pop(0) == "replace":
            world.store.commits_to_lose = 1
            world.store.before_commit = lambda: None

    world.store.before_commit = before_commit
    keep_up(world)
    assert not commits
    keep_up(world)
    assert status(world, arn, 1) == "TRY_LATER"
    world.clock.advance(timedelta(minutes=2))
    keep_up(world)
    assert status(world, arn, 1) == "UNKNOWN"


def test_an_issue_that_fails_is_tried_again(processes: list[World]) -> None:
    """The authority's key cannot be had for a while, in a process that has not opened it."""
    here, there = processes
    arn = here.root()
    here.ca.authorities.update(CALLER, arn, None, OCSP_ON)
    there.keys.lost.add(AuthorityArn.parse(arn).id)
    keep_up(there)
    there.keys.lost.clear()
    keep_up(there)
    assert status(there, arn, 1) == "TRY_LATER"  # its lease is not over
    there.clock.advance(timedelta(minutes=2))
    keep_up(there)
    assert status(there, arn, 1) == "UNKNOWN"


def test_a_new_certificate_of_the_authority_brings_a_new_responder(world: World) -> None:
    arn = world.root()
    enable(world, arn)
    first = signer(world, arn)
    world.clock.advance(timedelta(minutes=1))
    world.ca.certification.install(CALLER, arn, world.self_signed(arn), None)
    keep_up(world)
    assert signer(world, arn) != first


def test_other_changes_leave_it_alone(world: World) -> None:
    """Switched off and on, OCSP off and on: the same responder, if it is still good for long enough."""
    arn = world.root()
    enable(world, arn)
    first = signer(world, arn)
    for state, revocation in (("DISABLED", None), ("ACTIVE", None), (None, OCSP_OFF), (None, OCSP_ON)):
        world.ca.authorities.update(CALLER, arn, state, revocation)
        keep_up(world)
    assert signer(world, arn) == first


def test_where_ocsp_is_off_nothing_is_renewed(world: World) -> None:
    arn = world.root()
    enable(world, arn)
    made = len(world.keys.made)
    world.ca.authorities.update(CALLER, arn, None, OCSP_OFF)
    for _ in range(10):
        world.clock.advance(LIFE)
        keep_up(world)
    assert len(world.keys.made) == made
    enable(world, arn)
    assert len(world.keys.made) == made + 1
    assert status(world, arn, 1) == "UNKNOWN"


def test_it_never_outlives_its_authority(world: World) -> None:
    """The last one ends with it, and is not replaced again and again."""
    root = world.root()
    arn = world.subordinate(root)  # three years
    enable(world, arn)
    end = certificate_of(world, arn).not_valid_after_utc
    world.clock.advance(end - world.clock.now() - timedelta(days=2))
    keep_up(world)
    made = len(world.keys.made)
    assert signer(world, arn).not_valid_after_utc == end
    for _ in range(3):
        world.clock.advance(timedelta(hours=12))
        keep_up(world)
    assert len(world.keys.made) == made
    assert status(world, arn, 1) == "UNKNOWN"


def test_one_that_was_made_by_a_clock_that_was_ahead_is_replaced(world: World) -> None:
    """Not only at the far date that it was put off to."""
    arn = world.root()
    enable(world, arn)
    for ahead in (timedelta(days=30), timedelta(days=365)):
        world.clock.advance(ahead)
        keep_up(world)
        world.clock.advance(-ahead)
        assert status(world, arn, 1) == "TRY_LATER"
        keep_up(world)
        found = signer(world, arn)
        now = world.clock.now()
        assert found.not_valid_before_utc <= now
        assert found.not_valid_after_utc <= now + LIFE
        due_at = responder(world, arn).due_at
        assert due_at
        assert due_at <= now + LIFE / 2


def test_an_answer_of_the_future_is_not_given_again(world: World) -> None:
    """The clock is set back by so little that the responder is still good."""
    arn = world.root()
    enable(world, arn)
    asked = request(certificate_of(world, arn), world.issue(arn).arn.serial)
    world.clock.advance(timedelta(minutes=20))
    (kept,) = ask_all(world, [asked])
    assert world.ca.ocsp.is_right(kept, world.clock.now())
    world.clock.advance(-timedelta(minutes=20))
    assert not world.ca.ocsp.is_right(kept, world.clock.now())


def test_one_that_is_revoked_signs_no_more_and_is_replaced(processes: list[World]) -> None:
    """In every process at once, and what it signed before is not given again, stored or not."""
    here, there = processes
    arn = here.root()
    enable(here, arn)
    first, serial = signer(here, arn), here.issue(arn).arn.serial
    asked = request(certificate_of(here, arn), serial)
    answer = asyncio.run(here.ca.ocsp.answer(asked))
    store_answers(here)
    waiting = asyncio.run(here.ca.ocsp.answer(request(certificate_of(here, arn), first.serial_number)))
    assert waiting.stored
    revoke(here, arn, first.serial_number)
    assert not here.ca.ocsp.is_right(answer, here.clock.now())
    for world in processes:
        assert status(world, arn, serial) == "TRY_LATER"
    keep_up(there)
    store_answers(here)
    for world in processes:
        (found,) = ask_all(world, [asked])
        second = judges.judged(found.response, certificate_of(world, arn)).certificates[0]
        assert second.public_key() != first.public_key()
        assert status(world, arn, first.serial_number) == "REVOKED"
    made = len(there.keys.made)
    keep_up(there)
    assert len(there.keys.made) == made


def test_to_revoke_an_earlier_one_leaves_the_present_one(world: World) -> None:
    arn = world.root()
    enable(world, arn)
    first = signer(world, arn)
    world.clock.advance(LIFE / 2 + timedelta(minutes=1))
    keep_up(world)
    second = signer(world, arn)
    assert second != first
    revoke(world, arn, first.serial_number)
    keep_up(world)
    assert signer(world, arn) == second
