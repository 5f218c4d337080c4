"""Promised certificates: whatever happens to tokens, clocks and processes, a promise is kept."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from privyseal.ca.certificates import GetRequest
from privyseal.ca.deferred import LEASE, Deferred
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.names import CertificateArn
from tests.ca.world import CALLER, World, csr, issue_request

Refused = Callable[..., str]
PAST_THE_TOKEN = timedelta(minutes=6)


class Promises:
    """Asynchronous issuing over a world, signed when a test says so."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deferred = Deferred(
            world.store,
            world.rows,
            world.ca.issuance,
            issuers=world.ca.issuers,
            scopes=world.ca.scopes,
            delay=timedelta(0),
        )

    def promise(self, arn: str, asked: bytes, **changes: Any) -> CertificateArn:
        return self.deferred.request(issue_request(arn, asked, **changes))

    def sign(self) -> None:
        self.deferred.sign_due(threading.Event())

    def state(self, authority: str, arn: CertificateArn) -> str:
        (answer,) = self.world.ca.reader.get([GetRequest(CALLER, authority, str(arn))])
        return answer.code.value if isinstance(answer, PrivySealError) else "there"


@pytest.fixture
def promises(world: World) -> Promises:
    return Promises(world)


def test_a_promise_is_in_progress_and_then_there(promises: Promises) -> None:
    authority = promises.world.root()
    arn = promises.promise(authority, csr())
    assert promises.state(authority, arn) == "in-progress"
    promises.sign()
    assert promises.state(authority, arn) == "there"


def test_a_token_used_again_after_five_minutes_makes_a_second_promise_and_both_are_kept(
    promises: Promises,
) -> None:
    """Nobody has signed in between: the first promise still waits when the token is used again."""
    authority, asked = promises.world.root(), csr()
    first = promises.promise(authority, asked, token="t")
    promises.world.clock.advance(PAST_THE_TOKEN)
    second = promises.promise(authority, asked, token="t")
    assert first != second
    promises.sign()
    assert [promises.state(authority, arn) for arn in (first, second)] == ["there", "there"]


def test_a_promise_is_kept_though_its_token_has_issued_at_once_meanwhile(promises: Promises) -> None:
    """The mode was switched off by a restart: the same token was then used for immediate issuing."""
    authority, asked = promises.world.root(), csr()
    promised = promises.promise(authority, asked, token="t")
    at_once = promises.world.issue(authority, asked, token="t").arn
    promises.sign()
    assert [promises.state(authority, arn) for arn in (promised, at_once)] == ["there", "there"]


def test_the_same_token_gives_the_same_arn_before_and_after_signing(promises: Promises) -> None:
    authority, asked = promises.world.root(), csr()
    arn = promises.promise(authority, asked, token="t")
    assert promises.promise(authority, asked, token="t") == arn
    promises.sign()
    assert promises.promise(authority, asked, token="t") == arn


def test_what_a_dead_process_has_stored_is_only_taken_off_the_list(promises: Promises) -> None:
    """It signed, committed the certificate, and ended before it said so: nothing is signed again."""
    world = promises.world
    authority = world.root()
    arn = promises.promise(authority, csr())
    claimed = world.store.transact(lambda tx: world.rows.pending_requests.claim(tx, tx.now + LEASE, 10))
    world.issue(authority, claimed[0].request.csr, serial=arn.serial)
    before = world.stored(authority)
    world.clock.advance(LEASE + timedelta(seconds=1))
    promises.sign()
    assert world.stored(authority) == before
    assert promises.state(authority, arn) == "there"
    assert not world.store.transact(
        lambda tx: world.rows.pending_requests.claim(tx, tx.now + LEASE + LEASE, 10)
    )


def test_a_defect_that_one_request_meets_fails_no_other(promises: Promises) -> None:
    authority = promises.world.root()
    bad = issue_request(authority, token="x", validity=("DAYS", None))  # what no front-end lets through
    good = issue_request(authority)
    answers = promises.deferred.request_all([bad, good])
    assert isinstance(answers[0], PrivySealError)
    assert answers[0].code is ErrorCode.INTERNAL
    assert isinstance(answers[1], CertificateArn)
