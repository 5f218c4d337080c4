"""`privyseal events`: history, rules, test-pattern, dead letters and replay."""

import json
from typing import Any

import pytest

from tests.cli.conftest import ISSUING_ARN, Shell
from tests.client.far_side import Answer, FarSide

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "5d2e1f3c-6f0b-5c52-9a59-9d1b3c2f9e61",
    "detail-type": "ACM Private CA Creation",
    "source": "aws.acm-pca",
    "time": "2026-11-22T05:27:48Z",
    "resources": [ISSUING_ARN],
    "detail": {"result": "success"},
}
SENT = {"target": "deploy", "state": "DEAD", "attempts": 3, "attempted_at": None, "error": "410"}
LISTED = {"number": 7, "event": EVENT, "deliveries": [SENT]}


def test_the_history_is_a_table(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"events": [LISTED], "next": None}))
    outcome = shell("events", "history", "--since", "2026-01-01", "--type", "ACM Private CA Creation")
    assert outcome.code == 0
    assert "2026-11-22T05:27:48Z  ACM Private CA Creation  " + ISSUING_ARN in outcome.out
    assert "deploy dead" in outcome.out
    (heard,) = far.received
    assert "since=2026-01-01" in heard.target
    assert "detail_type=ACM%20Private%20CA%20Creation" in heard.target


def test_who_of_a_targets_recipients_has_an_event_is_counted(shell: Shell, far: FarSide) -> None:
    sent = [{**SENT, "recipient": str(n), "state": "DEAD" if n == 1 else "DELIVERED"} for n in range(3)]
    far.say(Answer({"events": [{**LISTED, "deliveries": sent}], "next": None}))
    assert "deploy delivered to 2, deploy dead" in shell("events", "history").out
    letter = {"target": "ops", "recipient": "0a5c", "attempts": 3, "error": "550", "event": EVENT}
    far.say(Answer({"dead_letters": [letter], "next": None}))
    assert "ops, subscription 0a5c" in shell("events", "dead-letters").out


def test_no_more_is_listed_than_was_asked_for(shell: Shell, far: FarSide) -> None:
    far.say(Answer({"events": [LISTED, LISTED, LISTED], "next": "more"}))
    outcome = shell("events", "history", "--limit", "2", "--output", "json")
    assert len(json.loads(outcome.out)["events"]) == 2


def test_what_comes_from_elsewhere_cannot_steer_the_terminal(shell: Shell, far: FarSide) -> None:
    hostile = {**EVENT, "resources": ["device/\x1b[2J"]}
    far.say(Answer({"events": [{**LISTED, "event": hostile}], "next": None}))
    assert "\x1b" not in shell("events", "history").out


def test_rules_are_listed(shell: Shell, far: FarSide) -> None:
    rule = {"name": "all", "enabled": False, "pattern": '{"source": ["a"]}', "targets": ["t", "u"]}
    far.say(Answer({"rules": [rule]}))
    assert 'all   no       t, u     {"source": ["a"]}' in shell("events", "rules").out


def test_dead_letters_are_listed_with_what_went_wrong(shell: Shell, far: FarSide) -> None:
    letter = {"target": "deploy", "attempts": 3, "attempted_at": None, "error": "410 Gone", "event": EVENT}
    far.say(Answer({"dead_letters": [letter], "next": None}))
    outcome = shell("events", "dead-letters", "--target", "deploy")
    assert EVENT["id"] in outcome.out
    assert "410 Gone" in outcome.out
    assert "target=deploy" in far.received[0].target


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--all"], {"target": None, "event_id": None}),
        (["--target", "t"], {"target": "t", "event_id": None}),
        (["--target", "t", "--event", "e"], {"target": "t", "event_id": "e"}),
    ],
)
def test_dead_letters_are_sent_again(
    shell: Shell, far: FarSide, options: list[str], body: dict[str, Any]
) -> None:
    far.say(Answer({"replayed": 4}))
    assert "4" in shell("events", "replay", *options).out
    assert json.loads(far.received[0].body) == body


def test_what_is_unknown_and_cannot_be_sent_again_is_said(shell: Shell, far: FarSide) -> None:
    told = {"code": "not-found", "message": "There is no target 'x'.", "request_id": "1"}
    far.say(Answer({"error": told}, status=404))
    outcome = shell("events", "replay", "--target", "x")
    assert outcome.code != 0
    assert "There is no target 'x'." in outcome.err
    assert "Sent again" not in outcome.out


@pytest.mark.parametrize("options", [[], ["--all", "--target", "t"]])
def test_what_is_sent_again_has_to_be_said(shell: Shell, far: FarSide, options: list[str]) -> None:
    outcome = shell("events", "replay", *options)
    assert far.received == []
    assert outcome.code == 2
    assert "--all" in outcome.err


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(EVENT),
        json.dumps(EVENT, indent=2),
        json.dumps(EVENT) + "\n" + json.dumps({**EVENT, "source": "other"}),
        json.dumps({"events": [LISTED]}),
    ],
    ids=["one", "indented", "lines", "history"],
)
def test_a_pattern_is_tried_without_a_service(shell: Shell, text: str) -> None:
    (shell.directory / "event.json").write_text(text)
    (shell.directory / "pattern.json").write_text('{"source": ["aws.acm-pca"]}')
    (shell.directory / "other.json").write_text('{"source": ["aws.acm"]}')
    matching = shell("events", "test-pattern", "pattern.json", "event.json")
    assert matching.code == 0
    assert "yes" in matching.out
    outcome = shell("events", "test-pattern", "other.json", "event.json", "--output", "json")
    assert outcome.code == 1
    assert not any(each["matches"] for each in json.loads(outcome.out)["events"])


@pytest.mark.parametrize(
    ("pattern", "event", "why"),
    [
        ('{"source": "a"}', "{}", "source is an object or a list"),
        ('{"source": ["a"]}', "no event", "no event"),
        ('{"source": ["a"]}', "[]", "JSON object"),
    ],
)
def test_what_is_wrong_with_a_trial_is_said_in_a_line(
    shell: Shell, pattern: str, event: str, why: str
) -> None:
    (shell.directory / "pattern.json").write_text(pattern)
    (shell.directory / "event.json").write_text(event)
    outcome = shell("events", "test-pattern", "pattern.json", "event.json")
    assert outcome.code != 0
    assert why in outcome.err
    assert "Traceback" not in outcome.err
