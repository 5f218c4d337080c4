"""A refused call leaves its record before it is answered, whatever else is going on."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.events.refusals import MAX_WAITING, REFUSED, UNRECORDED, Attempt, Refusals
from privyseal.events.shapes import SHAPES, events_of
from privyseal.events.shapes.model import Place
from privyseal.store import Store, Tx
from tests.audit.world import CALLER, START, World
from tests.stores import journals

T = TypeVar("T")

CA = "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/11223344-1234-1122-2233-112233445566"
ATTEMPT = Attempt("acm-pca:RevokeCertificate", CALLER, CA)
DENIED = PrivySealError(ErrorCode.ACCESS_DENIED, "a secret of the caller that is no business of the journal")


class Watched:
    """A store whose commits are counted and can be held up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0
        self.go = threading.Event()
        self.go.set()

    def view(self, read: Callable[[Tx], T]) -> T:
        return self._store.view(read)

    def transact(self, write: Callable[[Tx], T]) -> T:
        assert self.go.wait(10)
        self.commits += 1
        return self._store.transact(write)

    def generation(self) -> int | None:
        return self._store.generation()


class Broken(Watched):
    def transact(self, write: Callable[[Tx], T]) -> T:
        raise PrivySealError(ErrorCode.UNAVAILABLE, "The database cannot answer now.")


def record(store: Store, *errors: PrivySealError) -> list[BaseException | None]:
    """Refuse all of them at once; how each recording ended."""
    refusals = Refusals(store)

    async def all_at_once() -> list[BaseException | None]:
        return await asyncio.gather(*(refusals.record(ATTEMPT, e) for e in errors), return_exceptions=True)

    try:
        return asyncio.run(all_at_once())
    finally:
        refusals.close()


def test_it_says_who_what_when_and_why(world: World) -> None:
    """And not what the message said, which may repeat the request."""
    record(world.process(), DENIED)
    (row,) = journals.rows(world.process())
    assert row.at == START
    assert journals.entries(world.process()) == [
        {
            "action": "acm-pca:RevokeCertificate",
            "principal": CALLER.principal,
            "account": CALLER.account,
            "request_id": CALLER.request_id,
            "resource": CA,
            "detail": {"result": "refused", "error": "access-denied"},
        }
    ]


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_is_recorded_or_has_a_reason_not_to_be(world: World, code: ErrorCode) -> None:
    record(world.process(), PrivySealError(code, "no"))
    told = [each["detail"]["error"] for each in journals.entries(world.process())]
    assert told == ([] if code in UNRECORDED else [code.value])


def test_a_flood_costs_a_commit_for_each_batch(world: World) -> None:
    store = Watched(world.process())
    assert record(store, *[DENIED] * 600) == [None] * 600
    assert len(journals.entries(world.process())) == 600
    assert store.commits <= 600 / 256 + 2


def test_what_does_not_fit_is_told_to_try_again(world: World) -> None:
    """It is bounded, and no refusal is answered as one without its record."""
    store = Watched(world.process())
    store.go.clear()
    threading.Timer(0.5, store.go.set).start()
    ended = record(store, *[DENIED] * (MAX_WAITING + 500))
    refused = [each for each in ended if each is not None]
    assert 0 < len(refused) <= 500
    assert {each.code for each in refused if isinstance(each, PrivySealError)} == {ErrorCode.THROTTLED}
    assert len(journals.entries(world.process())) == len(ended) - len(refused)


def test_without_a_database_the_caller_is_told_to_try_again(world: World) -> None:
    (ended,) = record(Broken(world.process()), DENIED)
    assert isinstance(ended, PrivySealError)
    assert ended.code is ErrorCode.UNAVAILABLE


@pytest.mark.parametrize("action", SHAPES)
def test_a_refused_call_is_no_event(action: str) -> None:
    """AWS tells the caller and nobody else."""
    caller = Caller("arn:aws:iam::111122223333:user/guest", "111122223333", "request-2")
    for resource in (CA, ""):
        refused = entry(action, caller, resource, result=REFUSED, error="access-denied")
        assert list(events_of(refused, Place("w", 0, 0, START), "eu-west-1")) == []
