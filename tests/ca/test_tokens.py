"""Idempotency tokens: five minutes, one certificate, whoever asks in whichever process."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from privyseal.ca.requests import Issued
from privyseal.errors import ErrorCode, PrivySealError
from tests.ca.world import CALLER, TEMPLATE, Refused, World, csr, issue_request
from tests.stores import journals

OTHER: Mapping[str, Mapping[str, Any]] = {
    "csr": {"asked": csr("other")},
    "signing algorithm": {"signing_algorithm": "SHA384WITHECDSA"},
    "validity": {"validity": ("DAYS", 31)},
    "kind of validity": {"validity": ("MONTHS", 30)},
    "start": {"not_before": ("ABSOLUTE", 1_700_000_000)},
    "template": {"template_arn": f"{TEMPLATE}EndEntityServerAuthCertificate/V1"},
}


@pytest.mark.parametrize(("seconds", "same"), [(0, True), (299, True), (300, False), (301, False)])
def test_a_token_counts_for_five_minutes(world: World, seconds: int, same: bool) -> None:
    arn = world.root()
    first = world.issue(arn, token="t")
    before = world.stored(arn)
    world.clock.advance(timedelta(seconds=seconds))
    second = world.issue(arn, token="t")
    assert (second.arn == first.arn, second.der == first.der, second.replayed) == (same, same, same)
    assert world.stored(arn) == before + (0 if same else 1)
    assert world.issue(arn, token="t").arn == second.arn  # whose five minutes count from now on


def test_five_minutes_count_from_the_first_answer_and_not_from_the_last(world: World) -> None:
    arn = world.root()
    first = world.issue(arn, token="t")
    for _ in range(2):
        world.clock.advance(timedelta(seconds=149))
        assert world.issue(arn, token="t").arn == first.arn
    world.clock.advance(timedelta(seconds=149))
    assert world.issue(arn, token="t").arn != first.arn


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER.keys())
def test_a_token_with_other_parameters_is_refused(
    world: World, refused: Refused, changes: Mapping[str, Any]
) -> None:
    arn = world.root()
    first = world.issue(arn, token="t")
    before = world.stored(arn)
    refused(ErrorCode.INVALID_ARGUMENT, lambda: world.issue(arn, token="t", **changes))
    assert world.stored(arn) == before
    assert world.issue(arn, token="t").arn == first.arn
    world.clock.advance(timedelta(seconds=300))
    assert world.issue(arn, token="t", **changes).arn != first.arn


def test_a_token_belongs_to_its_authority(world: World) -> None:
    arns = [world.root(), world.root()]
    answers = world.answers(*(issue_request(arns[n % 2], token="t") for n in range(4)))
    assert len({each.arn for each in answers if isinstance(each, Issued)}) == 2


def test_twins_in_a_batch_share_one_certificate(world: World) -> None:
    arn = world.root()
    before = world.stored(arn)
    answers = world.answers(*(issue_request(arn, token="t") for _ in range(64)))
    assert len({each.arn for each in answers if isinstance(each, Issued)}) == 1
    assert len(answers) == 64
    assert world.stored(arn) == before + 1


def test_of_one_token_with_many_parameters_the_first_wins_and_all_others_hear_why(world: World) -> None:
    """As many different requests as a batch can hold: each has its answer, none is told to come again."""
    arn = world.root()
    before = world.stored(arn)
    requests = [issue_request(arn, token="t", validity=("DAYS", 1 + n)) for n in range(256)]
    assert world.codes(*requests) == [None] + [ErrorCode.INVALID_ARGUMENT] * 255
    assert world.stored(arn) == before + 1


def test_a_token_whose_first_request_was_bad_serves_the_next(world: World) -> None:
    """Six bad ones, all different, before the one that can be answered."""
    arn = world.root()
    bad = [issue_request(arn, b"bad %d" % n, token="t") for n in range(6)]
    good = issue_request(arn, token="t")
    malformed = ErrorCode.MALFORMED_CSR
    assert world.codes(*bad, good, good) == [malformed] * 6 + [None, None]


def test_twins_of_a_bad_request_share_its_error(world: World) -> None:
    arn = world.root()
    bad = issue_request(arn, b"bad", token="t")
    assert world.codes(bad, bad, bad) == [ErrorCode.MALFORMED_CSR] * 3


def test_a_token_survives_a_lost_commit(world: World, refused: Refused) -> None:
    arn = world.root()
    before = world.stored(arn)
    world.store.commits_to_lose = 1
    refused(ErrorCode.UNAVAILABLE, lambda: world.issue(arn, token="t"))
    first = world.issue(arn, token="t")
    assert not first.replayed
    assert world.issue(arn, token="t").arn == first.arn
    assert world.stored(arn) == before + 1


def test_a_retry_is_answered_although_the_authority_was_switched_off_since(world: World) -> None:
    arn = world.root()
    first = world.issue(arn, token="t")
    world.ca.authorities.update(CALLER, arn, "DISABLED", None)
    assert world.issue(arn, token="t").arn == first.arn


def test_a_retry_is_nothing_new_to_record_or_to_sign(world: World) -> None:
    arn = world.root()
    world.issue(arn, token="t")
    before = journals.entries(world.store)
    signed: list[None] = []
    world.keys.when_signing = lambda: signed.append(None)
    world.issue(arn, token="t")
    assert journals.entries(world.store) == before
    assert signed == []


def test_sixty_four_calls_in_two_processes_make_one_certificate(
    processes: Callable[[int], list[World]],
) -> None:
    worlds = processes(2)
    arn = worlds[0].root()
    before = worlds[0].stored(arn)
    together = threading.Barrier(64, timeout=60)

    def call(n: int) -> Issued:
        request = issue_request(arn, token="t")
        together.wait()
        return worlds[n % 2].ca.issue_now(request)

    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(call, range(64)))
    assert len({each.arn for each in answers}) == 1
    assert len({each.der for each in answers}) == 1
    assert worlds[1].stored(arn) == before + 1
    assert len([e for e in journals.entries(worlds[0].store) if e["resource"] == str(answers[0].arn)]) == 1


def test_who_loses_the_race_for_a_token_answers_with_the_winner(
    processes: Callable[[int], list[World]],
) -> None:
    """The other process commits between our snapshot and our commit; our neighbours are not disturbed."""
    ours, theirs = processes(2)
    arn = ours.root()
    before = ours.stored(arn)
    won: list[Issued] = []
    ours.store.before_commit = lambda: won.append(theirs.issue(arn, token="t"))
    lost, neighbour = ours.answers(issue_request(arn, token="t"), issue_request(arn, token="u"))
    assert isinstance(lost, Issued)
    assert isinstance(neighbour, Issued)
    assert (lost.arn, lost.der, lost.replayed) == (won[0].arn, won[0].der, True)
    assert not neighbour.replayed
    assert ours.stored(arn) == before + 2


def test_who_loses_the_race_with_other_parameters_is_refused(
    processes: Callable[[int], list[World]],
) -> None:
    ours, theirs = processes(2)
    arn = ours.root()

    def win() -> None:
        theirs.issue(arn, csr("other"), token="t")

    ours.store.before_commit = win
    assert ours.codes(issue_request(arn, token="t"), issue_request(arn)) == [ErrorCode.INVALID_ARGUMENT, None]


def test_who_loses_the_race_for_an_expired_token_answers_with_the_winner(
    processes: Callable[[int], list[World]],
) -> None:
    ours, theirs = processes(2)
    arn = ours.root()
    old = ours.issue(arn, token="t")
    ours.clock.advance(timedelta(seconds=301))
    won: list[Issued] = []
    ours.store.before_commit = lambda: won.append(theirs.issue(arn, token="t"))
    answer = ours.issue(arn, token="t")
    assert answer.arn == won[0].arn
    assert answer.arn != old.arn


def test_an_expired_token_is_free_although_its_holder_was_revoked_meanwhile(world: World) -> None:
    arn = world.root()
    old = world.issue(arn, token="t")
    world.clock.advance(timedelta(seconds=301))
    serial = f"{old.arn.serial:x}"
    world.store.before_commit = lambda: world.ca.revocation.revoke(CALLER, arn, serial, "SUPERSEDED")
    assert world.issue(arn, token="t").arn != old.arn


def test_many_tokens_race_in_two_processes_and_each_has_one_certificate(
    processes: Callable[[int], list[World]],
) -> None:
    worlds = processes(2)
    arn = worlds[0].root()
    before = worlds[0].stored(arn)

    def batch(n: int) -> list[str]:
        requests = [issue_request(arn, token=f"t{k}") for k in range(20)]
        answers = worlds[n % 2].answers(*(requests if n % 3 else requests[::-1]))
        assert not [each for each in answers if isinstance(each, PrivySealError)]
        arns = [str(each.arn) for each in answers if isinstance(each, Issued)]
        return arns if n % 3 else arns[::-1]

    with ThreadPoolExecutor(8) as threads:
        assert len({tuple(arns) for arns in threads.map(batch, range(8))}) == 1
    assert worlds[0].stored(arn) == before + 20
