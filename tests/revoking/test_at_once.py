"""Many who revoke, hold, release and issue at the same time: as if one had come after the other."""

import itertools
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from privyseal.ca.requests import Issued
from privyseal.ca.revocation.reasons import HOLD
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Entry, Tx
from privyseal.stores.sql import sql
from tests.ca.world import csr, issue_request
from tests.revoking.conftest import Revoking, arn_of

RELEASE, REVOKE = "release", "KEY_COMPROMISE"
NAMES = {
    "privyseal:HoldCertificate": HOLD,
    "privyseal:ReleaseCertificate": RELEASE,
    "acm-pca:RevokeCertificate": REVOKE,
}
ROUNDS = 12
THREADS = 8


@dataclass(frozen=True)
class Deed:
    """What one thread did to the certificate, and whether it was allowed."""

    act: str
    allowed: bool


def do(worker: Revoking, issued: Issued, act: str) -> Deed:
    result = worker.release(arn_of(issued)) if act == RELEASE else worker.named(arn_of(issued), act)
    return Deed(act, not isinstance(result, PrivySealError))


def committed(worker: Revoking) -> list[Entry]:
    """What was done to certificates, in the order of the commits of all processes."""

    def read(tx: Tx) -> list[Entry]:
        rows = sql(tx).rows("SELECT entries FROM journal ORDER BY rowid")
        return [entry for row in rows for entry in json.loads(row["entries"])]

    return [each for each in worker.world.store.view(read) if each["action"] in NAMES]


def explains(told: Sequence[str], deeds: Sequence[Deed]) -> bool:
    """Whether these commits, one after the other, are what was allowed, each one was right when it came,
    and every refused deed has a moment at which it had to be refused.
    """
    if sorted(each.act for each in deeds if each.allowed) != sorted(told):
        return False
    states = [""]
    for act in told:
        if act == RELEASE and states[-1] != HOLD:
            return False
        if act == HOLD and states[-1] != "":
            return False
        if act == REVOKE and states[-1] == REVOKE:
            return False
        states.append("" if act == RELEASE else act)
    refusable = {
        RELEASE: any(state != HOLD for state in states),
        HOLD: any(state != "" for state in states),
        REVOKE: REVOKE in states,
    }
    return all(refusable[each.act] for each in deeds if not each.allowed)


def test_the_journal_explains_every_answer(workers: list[Revoking]) -> None:
    """Two processes, eight threads, one certificate: the rows end as the last entry says."""
    authority = workers[0].world.root()
    acts = [HOLD, RELEASE, REVOKE, HOLD, RELEASE, HOLD, RELEASE, REVOKE]
    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(ROUNDS):
            issued = workers[0].world.issue(authority)
            turn = acts[number % len(acts) :] + acts[: number % len(acts)]
            deeds = list(threads.map(do, itertools.cycle(workers), itertools.repeat(issued, THREADS), turn))
            told = [NAMES[e["action"]] for e in committed(workers[0]) if e["resource"] == str(issued.arn)]
            assert explains(told, deeds), (told, deeds)
            living = issued.arn.serial in workers[0].living(authority)
            assert living == (not told or told[-1] == RELEASE)


def test_a_token_never_brings_back_what_was_revoked(workers: list[Revoking]) -> None:
    """Issuing with one token beside who revokes, holds and releases what the token has got."""
    authority = workers[0].world.root()
    for number in range(ROUNDS):
        token = f"token-{number}"
        request = issue_request(authority, csr(), token=token)
        first = workers[0].world.issue(authority, csr(), token=token)
        acts = [REVOKE] if number % 2 else [HOLD, RELEASE]

        def taken_back(first: Issued = first, acts: list[str] = acts) -> None:
            for act in acts:
                assert do(workers[1], first, act).allowed

        with ThreadPoolExecutor(THREADS) as threads:
            back = threads.submit(taken_back)
            asked = [threads.submit(worker.world.answers, request) for worker in workers * 3]
            answers = [each.result()[0] for each in asked]
            back.result()
        arns = {answer.arn for answer in answers if isinstance(answer, Issued)}
        assert len(arns - {first.arn}) <= 1  # one certificate took its place
        (late,) = workers[0].world.answers(request)
        assert isinstance(late, Issued)
        assert late.arn != first.arn
        assert not any(
            isinstance(answer, PrivySealError) and answer.code is not ErrorCode.THROTTLED
            for answer in answers
        )
