"""Rules: which events go to which targets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privyseal.events.patterns import Pattern
from privyseal.events.shapes import SHAPES, acm_pca

# What the history has only where a rule wants it: there may be thousands a second, and each is in the
# list of its authority's certificates.
_ONLY_WANTED = frozenset({acm_pca.ISSUED})
# Canonical JSON has no space, and a quotation mark within a text has a backslash before it.
_ACTION = re.compile(r'"action":"([^"\\]*)"')


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    pattern: Pattern
    targets: Sequence[str]


class Rules:
    """All that are switched on."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self.targets: Sequence[str] = list(dict.fromkeys(name for rule in rules for name in rule.targets))
        self._wanted = frozenset(
            action
            for action, shape in SHAPES.items()
            if action not in _ONLY_WANTED
            or any(rule.pattern.may_match(kind.members()) for rule in rules for kind in shape.kinds)
        )

    def want(self, entries: str) -> bool:
        """Whether a journal row may have an event that somebody wants: without reading its JSON."""
        return not self._wanted.isdisjoint(_ACTION.findall(entries))

    def targets_of(self, event: Mapping[str, Any]) -> Sequence[str]:
        """Each once, however many rules name it."""
        matching = [rule for rule in self._rules if rule.pattern.matches(event)]
        return list(dict.fromkeys(name for rule in matching for name in rule.targets))

    def keep(self, action: str, targets: Sequence[str]) -> bool:
        """Whether an event belongs into the history."""
        return bool(targets) or action not in _ONLY_WANTED
