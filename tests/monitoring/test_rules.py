"""The alerts and the dashboard that are shipped: they are judged by promtool, and ask for what there is."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.monitoring.shipped import ALERTS, DASHBOARD, dashboard_expressions, names_in
from tests.programs import program

TESTS = ALERTS.with_name("alerts_test.yml")
_ALERT = re.compile(r"^ +- alert: (\w+)$", re.MULTILINE)
# Of each test: the alert, and whether it says that it fires.
_TESTED = re.compile(r"alertname: (\w+)(?=(\s+exp_alerts:)?)")


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_alerts_are_rules() -> None:
    assert f"{len(_ALERT.findall(ALERTS.read_text()))} rules found" in promtool("check", "rules", ALERTS)


def test_the_alerts_fire_when_they_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", TESTS)


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tested = {(name, bool(fires)) for name, fires in _TESTED.findall(TESTS.read_text())}
    assert tested == {(name, fires) for name in _ALERT.findall(ALERTS.read_text()) for fires in (True, False)}


def test_every_expression_of_the_dashboard_is_one(tmp_path: Path) -> None:
    """As recording rules, which promtool parses."""
    expressions = dashboard_expressions()
    rules = [{"record": f"shown:number_{n}", "expr": each} for n, each in enumerate(expressions)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    assert f"{len(expressions)} rules found" in promtool("check", "rules", file)


def test_what_is_no_expression_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "x", "rules": [{"record": "x:y", "expr": "sum(("}]}]}))
    with pytest.raises(AssertionError, match="parse error"):
        promtool("check", "rules", file)


def test_panels_of_the_dashboard_have_numbers_of_their_own_and_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for place in (each["gridPos"] for each in panels):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_names_are_found_in_expressions() -> None:
    """What finds them is not blind."""
    found = names_in('sum by (use) (x509_cert_not_after{use="privyseal_a"}) / privyseal_b_total[5m]')
    assert found == {"x509_cert_not_after", "privyseal_b_total"}
