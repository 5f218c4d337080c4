"""The sections about events: rules and their history."""

from pathlib import Path

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.settings import EventSettings, RuleSettings, Settings, load

LOG = '[targets.log]\ntype = "file"\npath = "/var/log/events.jsonl"\n'


def read(folder: Path, text: str) -> Settings:
    (folder / "privyseal.toml").write_text(text)
    return load({}, folder, environ={})


def test_without_them_there_is_a_history_and_no_rule(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings.events == EventSettings(history_days=90, give_up_hours=24)
    assert settings.rules == {}


def test_rules_are_read(tmp_path: Path) -> None:
    rule = (
        """[rules."all.of-them"]\npattern = '{"source": ["aws.acm"]}'\ntargets = ["log"]\nenabled = false"""
    )
    settings = read(tmp_path, f"[events]\nhistory-days = 30\n{LOG}{rule}")
    expected = RuleSettings(pattern='{"source": ["aws.acm"]}', targets=("log",), enabled=False)
    assert settings.rules == {"all.of-them": expected}
    assert settings.events.history_days == 30


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[rules.a]\npattern = '{}'\ntargets = [\"log\"]", r"\[rules.a\]: The event pattern is not valid"),
        ('[rules.a]\npattern = \'{"a": [1]}\'\ntargets = ["other"]', r"\[targets.other\]"),
        ("[rules.a]\npattern = '{\"a\": [1]}'\ntargets = []", "targets"),
        ('[rules.a]\ntargets = ["log"]', "pattern"),
        ('[rules."a b"]\npattern = \'{"a": [1]}\'\ntargets = ["log"]', "rules"),
        ('[targets.other]\ntype = "fax"', r"\[targets\.other\]\.type"),
        ('[targets.other]\ntype = "file"\npath = "/x"\nmore = 1', r"more.*\[targets\.other\]"),
        ('[rules.b]\npattern = 1\ntargets = ["log"]', r"\[rules\.b\]\.pattern"),
        ("[events]\nhistory-days = 7", "history-days"),
        ("[events]\ngive-up-hours = 0", "give-up-hours"),
        ("[events]\ngive-up-hours = 169", "give-up-hours"),
        ("[events]\nmore = 1", "more"),
    ],
)
def test_what_is_wrong_ends_a_start_with_its_name(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(PrivySealError, match=why) as caught:
        read(tmp_path, LOG + text)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
