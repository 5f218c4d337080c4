"""`privyseal ca cascade` and `revocations`, `privyseal cert revoke-matching`."""

import json
from typing import Any

import pytest

from tests.cli.conftest import ISSUING_ARN, ROOT_ARN, Shell
from tests.client.far_side import Answer, FarSide

ID = "00000000-0000-0000-0000-000000000009"


def order(state: str | None = "RUNNING", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": ID,
        "state": state,
        "authority_arn": ISSUING_ARN,
        "scope": "CASCADE",
        "filter": None,
        "reason": "CERTIFICATE_AUTHORITY_COMPROMISE",
        "invalidity_date": None,
        "created_at": "2026-02-01T00:00:00Z",
        "finished_at": None,
        "failure": None,
        "expected": 10,
        "revoked": 4,
        "authorities": [
            {"arn": ISSUING_ARN, "subject": "Issuing", "done": False, "expected": 10, "revoked": 4}
        ],
        "refused": 0,
        "refusals": [],
        "waiting_for": [],
    }
    return made | changes


def test_a_cascade_is_ordered(shell: Shell, far: FarSide) -> None:
    far.say(Answer(order()))
    outcome = shell("ca", "cascade", ISSUING_ARN, "--reason", "certificate-authority-compromise")
    assert (outcome.code, outcome.err) == (0, "")
    assert ID in outcome.out
    assert "4 of 10" in outcome.out
    assert far.received[0].target == "/api/v1/mass-revocations"
    assert far.received[0].json == {
        "authority_arn": ISSUING_ARN,
        "scope": "CASCADE",
        "reason": "CERTIFICATE_AUTHORITY_COMPROMISE",
        "revoked_elsewhere": False,
        "dry_run": False,
    }


def test_waiting_ends_with_the_order(shell: Shell, far: FarSide) -> None:
    done = order("COMPLETED", revoked=10)
    far.say(Answer(order()), Answer(order()), Answer(order("PUBLISHING", revoked=10)), Answer(done))
    words = ("ca", "cascade", ISSUING_ARN, "--reason", "key-compromise", "--revoked-elsewhere", "--wait")
    outcome = shell(*words, "--output", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == done
    assert [each.method for each in far.received] == ["POST", "GET", "GET", "GET"]
    assert far.received[1].target == f"/api/v1/mass-revocations/{ID}"
    assert far.received[0].json["revoked_elsewhere"] is True


def test_a_dry_run_waits_for_nothing(shell: Shell, far: FarSide) -> None:
    far.say(Answer(order(None, id=None)))
    words = ("ca", "cascade", ISSUING_ARN, "--reason", "key-compromise", "--dry-run", "--wait")
    outcome = shell(*words)
    assert outcome.code == 0
    assert "dry run" in outcome.out
    assert len(far.received) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "FAILED", "failure": "It was begun too often: the log says why."},
        {"refused": 1, "refusals": [{"resource": "arn:x", "message": "out of reach"}]},
    ],
)
def test_what_was_not_revoked_is_a_failure(shell: Shell, far: FarSide, changes: dict[str, Any]) -> None:
    far.say(Answer(order("COMPLETED") | changes))
    outcome = shell("ca", "revocations", ID)
    assert outcome.code == 1
    assert "too often" in outcome.out or "out of reach" in outcome.err


def test_orders_are_listed(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"mass_revocations": [order()], "next": None}))
    outcome = shell("ca", "revocations")
    _, line = outcome.out.splitlines()
    assert line.split() == [ID, "RUNNING", "CASCADE", "4", "2026-02-01T00:00:00Z", ISSUING_ARN]


def test_what_matches_is_said_as_a_filter(shell: Shell, far: FarSide) -> None:
    far.say(Answer(order("RUNNING", scope="FILTER")))
    words = (
        "cert",
        "revoke-matching",
        "--ca",
        ROOT_ARN,
        "--subject",
        "O=Old",
        "--issued-before",
        "2026-02-01",
    )
    assert shell(*words, "--reason", "superseded").code == 0
    assert far.received[0].json == {
        "authority_arn": ROOT_ARN,
        "scope": "FILTER",
        "filter": {"subject": "O=Old", "issued_before": "2026-02-01T00:00:00Z"},
        "reason": "SUPERSEDED",
        "dry_run": False,
    }


@pytest.mark.parametrize(
    "words",
    [
        ("ca", "cascade", ISSUING_ARN),
        ("ca", "cascade", "--reason", "superseded"),
        ("ca", "revocations", "--wait"),
        ("cert", "revoke-matching", "--reason", "superseded"),
        ("cert", "revoke-matching", "--subject", "x"),
    ],
)
def test_what_is_not_understood_is_not_sent(shell: Shell, far: FarSide, words: tuple[str, ...]) -> None:
    assert shell(*words).code == 2
    assert far.received == []


def test_crls_are_restarted_by_one_call(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"crls": 2}))
    outcome = shell("ca", "restart-crls", ISSUING_ARN)
    assert (outcome.code, "2" in outcome.out) == (0, True)
    assert far.received[0].target == "/api/v1/crl-restarts"
    assert far.received[0].json == {"authority_arn": ISSUING_ARN}
