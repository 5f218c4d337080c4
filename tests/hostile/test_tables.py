"""Every hostile request is refused by its exception, within a second, and changes nothing."""

import pytest

from tests.hostile import cbor_bodies, csrs, framing, json_bodies, other_services, rest, signatures, values
from tests.hostile.case import Case
from tests.hostile.wire import Reply, World, exchange
from tests.stored import State

CASES: list[Case] = [
    case
    for table in (json_bodies, cbor_bodies, signatures, framing, other_services, csrs, values, rest)
    for case in table.CASES
]
SECONDS = 1.0
TRIES = 3  # a slow machine is slow once, a slow answer each time
# What an answer never has in it.
SECRET_MARKS = (b"Traceback", b'File "', b".py", b"sqlite", b"privyseal.db")


def test_there_are_300_hostile_requests_of_40_kinds() -> None:
    assert len(CASES) >= 300
    assert len({case.kind for case in CASES}) >= 40
    assert len({case.title for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_hostile_request_is_refused_and_changes_nothing(case: Case, world: World, state: State) -> None:
    """By status and exception; nothing is changed meanwhile, and the next good request is answered. At
    most its refusal is on record, once each time it was sent.
    """
    contents, (made, refused) = state.contents(), state.records()
    reply = _fastest(world, case)
    assert (reply.status, reply.code) == (case.refusal.status, case.refusal.code), reply.body[:500]
    assert reply.seconds < SECONDS
    assert not [mark for mark in SECRET_MARKS if mark in reply.body], reply.body
    now_made, now_refused = state.records()
    assert (state.contents(), now_made) == (contents, made)
    assert now_refused - refused <= TRIES
    assert exchange(world.environment.url, world.describe()).status == 200


def _fastest(world: World, case: Case) -> Reply:
    data = case.make(world)
    for _ in range(TRIES):
        reply = exchange(world.environment.url, data)
        if reply.seconds < SECONDS:
            break
    return reply
