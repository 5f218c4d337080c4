"""What is shipped for Prometheus and Grafana, and what it asks for."""

import json
import re

from tests.programs import ROOT

ALERTS = ROOT / "deploy" / "monitoring" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "monitoring" / "dashboard.json"
_NAME = re.compile(r"\b(?:privyseal|x509)_\w+")
_TEXT = re.compile(r'"[^"]*"')


def dashboard_expressions() -> list[str]:
    """With a value in place of the dashboard's variable."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [each.replace("$instance", ".*") for each in found]


def names_in(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    return set(_NAME.findall(_TEXT.sub("", expression)))


def names_asked_for() -> set[str]:
    text = "\n".join(line for line in ALERTS.read_text().splitlines() if not re.match(r" *(summary|#)", line))
    return names_in(text).union(*map(names_in, dashboard_expressions()))
