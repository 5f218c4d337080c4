"""`privyseal jobs`."""

import json
from typing import Any

from tests.cli.conftest import Shell
from tests.client.far_side import Answer, FarSide


def job(name: str, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "condition": "IDLE",
        "shared": False,
        "next_at": "2026-03-01T12:01:00Z",
        "started_at": "2026-03-01T12:00:00Z",
        "ended_at": "2026-03-01T12:00:01.5Z",
        "seconds": 1.5,
        "succeeded_at": "2026-03-01T12:00:01.5Z",
        "runs": 7,
        "failures": 2,
        "failures_in_a_row": 0,
        "last_error": None,
        "holder": "node/7/0b8e5d6c",
    }
    return made | changes


NEW = job(
    "ca.sign",
    condition="NEW",
    next_at=None,
    started_at=None,
    ended_at=None,
    seconds=None,
    succeeded_at=None,
    runs=0,
    failures=0,
    holder=None,
)
FAILING = job(
    "audit.export", condition="FAILING", failures_in_a_row=2, last_error="The bucket\x1b[2J is away."
)


def test_a_table_for_people(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"jobs": [job("ca.expiry"), NEW]}))
    outcome = shell("jobs")
    assert (outcome.code, outcome.err) == (0, "")
    head, expiry, new = (line.split() for line in outcome.out.splitlines())
    assert head[0] == "JOB"
    assert " ".join(expiry) == (
        "ca.expiry IDLE 2026-03-01T12:01:00Z 2026-03-01T12:00:01Z 1.500 7 0 of 2 node/7"
    )
    assert " ".join(new) == "ca.sign NEW when needed - - 0 0 of 0 -"
    assert far.received[0].target == "/api/v1/jobs"


def test_what_fails_is_told_and_makes_the_exit_status(shell: Shell, far: FarSide) -> None:
    """So that a script notices; and what a job says cannot play with the terminal."""
    far.say(Answer({"jobs": [FAILING]}))
    outcome = shell("jobs")
    assert outcome.code == 1
    assert outcome.err == "audit.export: The bucket\\u{1b}[2J is away.\n"


def test_all_of_it_for_programs(shell: Shell, far: FarSide) -> None:
    answer = {"jobs": [job("ca.expiry"), FAILING]}
    far.say(Answer(answer))
    outcome = shell("jobs", "--output", "json")
    assert (outcome.code, outcome.err) == (1, "")
    assert json.loads(outcome.out) == answer
