"""Event patterns as Amazon EventBridge has them, compiled once.

Source: Amazon EventBridge user guide, "Creating event patterns". A pattern is an object with the
names of the event's own members; a list holds what a member may be, and one of it is enough. All
members of a pattern must match; `$or` is a list of patterns of which one must. What an event has in
a list matches when one of its elements does, and the members of one object under a list must be
matched by one and the same element.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privyseal import strict_json
from privyseal.events.operators import Test, bad, equal, named

# EventBridge's quotas: the length of a pattern, and the patterns that its `$or` stands for.
MAX_CHARACTERS = 4096
MAX_COMBINATIONS = 1000
MAX_DEPTH = 50
_OR = "$or"
_ABSENT = object()

Matcher = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    _members: "_Members"

    def matches(self, event: Mapping[str, Any]) -> bool:
        return self._members(event)

    def may_match(self, known: Mapping[str, Any]) -> bool:
        """Whether it could match an event of which only these members are known."""
        return self._members.may_match(known)


@dataclass(frozen=True, slots=True)
class _Members:
    """What an object must have: by name, and of each `$or` one of its alternatives."""

    named: Mapping[str, Matcher]
    alternatives: Sequence["_Members"] = ()

    def __call__(self, value: Any) -> bool:
        if isinstance(value, list):
            elements = [each for each in _flat(value) if isinstance(each, dict)]
            return any(self._of_one(each) for each in elements) if elements else self._of_one({})
        return self._of_one(value if isinstance(value, Mapping) else {})

    def _of_one(self, members: Mapping[str, Any]) -> bool:
        if not all(test(members.get(name, _ABSENT)) for name, test in self.named.items()):
            return False
        return not self.alternatives or any(each._of_one(members) for each in self.alternatives)  # noqa: SLF001

    def may_match(self, known: Mapping[str, Any]) -> bool:
        here = (test(known[name]) for name, test in self.named.items() if name in known)
        return all(here) and (
            not self.alternatives or any(each.may_match(known) for each in self.alternatives)
        )


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What a member may be. `missing`: it may be missing; `present`: it may be anything."""

    tests: Sequence[Test]
    missing: bool
    present: bool

    def __call__(self, value: Any) -> bool:
        leaves = [each for each in _flat([value]) if each is not _ABSENT and not isinstance(each, dict)]
        if not leaves:
            return self.missing
        return self.present or any(test(leaf) for test in self.tests for leaf in leaves)


def compile_pattern(text: str) -> Pattern:
    """Raises INVALID_ARGUMENT with what is wrong about it."""
    if len(text) > MAX_CHARACTERS:
        raise bad(f"it has {len(text)} characters, and {MAX_CHARACTERS} are allowed")
    try:
        parsed = strict_json.load(text)
    except ValueError as error:
        raise bad(f"it is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise bad("it is an object")
    if (combinations := _combinations(parsed, 0)) > MAX_COMBINATIONS:
        raise bad(f"its $or stand for {combinations} patterns, and {MAX_COMBINATIONS} are allowed")
    return Pattern(text, _members(parsed, ""))


def _members(node: Mapping[str, Any], path: str) -> _Members:
    if not node:
        raise bad(f"{path or 'it'} is an empty object")
    members = {
        name: _member(value, f"{path}.{name}".lstrip(".")) for name, value in node.items() if name != _OR
    }
    if _OR not in node:
        return _Members(members)
    return _Members(
        members, [_members(each, f"{path}.{_OR}".lstrip(".")) for each in _alternatives(node[_OR])]
    )


def _member(value: Any, path: str) -> Matcher:
    if isinstance(value, dict):
        return _members(value, path)
    if not isinstance(value, list):
        raise bad(f"{path} is an object or a list")
    if not value:
        raise bad(f"{path} is an empty list")
    tests: list[Test] = []
    missing = present = False
    for each in value:
        if isinstance(each, dict) and each.keys() == {"exists"}:
            if not isinstance(each["exists"], bool):
                raise bad(f"exists of {path} is true or false")
            missing, present = missing or not each["exists"], present or each["exists"]
        elif isinstance(each, list):
            raise bad(f"{path} has a list in its list")
        else:
            tests.append(named(each) if isinstance(each, dict) else equal(each))
    return _Leaf(tests, missing, present)


def _alternatives(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(each, dict) for each in value):
        raise bad("$or is a list of two objects or more")
    return value


def _combinations(node: Any, depth: int) -> int:
    """How many patterns without `$or` say the same."""
    if depth > MAX_DEPTH:
        raise bad(f"it is deeper than {MAX_DEPTH} objects")
    if not isinstance(node, dict):
        return 1
    found = 1
    for name, value in node.items():
        if name == _OR:
            found *= sum(_combinations(each, depth + 1) for each in _alternatives(value))
        else:
            found *= _combinations(value, depth + 1)
    return found


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    """Lists in lists, as one."""
    waiting = [iter(values)]
    while waiting:
        for value in waiting[-1]:
            if isinstance(value, list):
                waiting.append(iter(value))
                break
            yield value
        else:
            waiting.pop()
