"""Our matcher against that of moto: they agree, but for differences that have a name here."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from privyseal.events.patterns import compile_pattern

# What values look alike in, so that patterns and events meet often.
NAMES = st.sampled_from(["a", "b", "detail"])
WORDS = st.sampled_from(["", "a", "A", "ab", "aB", "ba", "b", "10.0.0.1", "10.0.0.9", "2001:db8::1"])
NUMBERS = st.sampled_from([-1, 0, 1, 1.5, 2, 10])
SCALARS = st.one_of(WORDS, NUMBERS, st.none())


def ignoring_case(words: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return words | st.fixed_dictionaries({"equals-ignore-case": words})


def one_or_more(words: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return words | st.lists(words, min_size=1, max_size=3)


WILDCARDS = st.sampled_from(["*", "a*", "*b", "a*b", "*a*", "", "a", "10.*.1", r"\*", r"a\\*"])
NETWORKS = st.sampled_from(["10.0.0.0/29", "10.0.0.0/24", "2001:db8::/32"])
OPERATORS = st.one_of(
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"prefix": ignoring_case(WORDS)}),
    st.fixed_dictionaries({"suffix": ignoring_case(WORDS)}),
    st.fixed_dictionaries({"equals-ignore-case": WORDS}),
    st.fixed_dictionaries({"wildcard": WILDCARDS}),
    st.fixed_dictionaries({"cidr": NETWORKS}),
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), NUMBERS).map(lambda t: {"numeric": list(t)}),
    st.tuples(st.sampled_from([">", ">="]), st.sampled_from(["<", "<="]), NUMBERS).map(
        lambda t: {"numeric": [t[0], t[2], t[1], t[2] + 1.5]}
    ),
    one_or_more(WORDS).map(lambda but: {"anything-but": but}),
    one_or_more(NUMBERS).map(lambda but: {"anything-but": but}),
    one_or_more(WORDS).map(lambda but: {"anything-but": {"prefix": but}}),
    one_or_more(WORDS).map(lambda but: {"anything-but": {"suffix": but}}),
    one_or_more(WORDS).map(lambda but: {"anything-but": {"equals-ignore-case": but}}),
    one_or_more(WILDCARDS).map(lambda but: {"anything-but": {"wildcard": but}}),
)  # fmt: skip
LEAVES = st.lists(SCALARS | OPERATORS, min_size=1, max_size=2)


def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(NAMES, inner, min_size=1, max_size=2)
    either = st.lists(members, min_size=2, max_size=2).map(lambda alternatives: {"$or": alternatives})
    return members | st.tuples(members, either).map(lambda both: both[0] | both[1])


PATTERNS = deeper(LEAVES | deeper(LEAVES))
# Objects that have members, and lists of scalars that have some: of others see the differences.
VALUES = st.recursive(
    SCALARS | st.lists(SCALARS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=6,
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=3)


def by_moto(pattern: Any, event: Any) -> bool:
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


def by_us(pattern: Any, event: Any) -> bool:
    return compile_pattern(json.dumps(pattern)).matches(event)


@settings(max_examples=1500)
@given(PATTERNS, EVENTS)
@example({"a": [{"anything-but": ["a"]}]}, {"a": ["a", "b"]})
@example({"a": [{"exists": False}], "b": [{"exists": True}]}, {"b": None})
def test_both_say_the_same(pattern: Any, event: Any) -> None:
    assert by_us(pattern, event) is by_moto(pattern, event)


# What differs → (pattern, event, what we say). EventBridge's own documentation is the reason for each.
DIFFERENCES: dict[str, tuple[Any, Any, bool]] = {
    "true is no number": ({"a": [1]}, {"a": True}, False),
    "false is no number": ({"a": [{"numeric": ["=", 0]}]}, {"a": False}, False),
    "true is not among numbers": ({"a": [{"anything-but": [1]}]}, {"a": True}, True),
    "a number is no address": ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": 167772161}, False),
    "a range may be named by an address in it": ({"a": [{"cidr": "10.0.0.9/24"}]}, {"a": "10.0.0.1"}, True),
    "a wildcard stands for line breaks, too": ({"a": [{"wildcard": "a*b"}]}, {"a": "a\nb"}, True),
    "an empty list has no value": ({"a": [{"exists": True}]}, {"a": []}, False),
    "an empty object has no value": ({"a": [{"anything-but": "b"}]}, {"a": {}}, False),
    "a list of objects is searched": ({"a": {"b": [1]}}, {"a": [{"b": 1}]}, True),
    "a list of objects has no value of its own": ({"a": [{"exists": True}]}, {"a": [{"b": 1}]}, False),
    "a list in a list is searched": ({"a": ["b"]}, {"a": [["b"]]}, True),
    "a dot in a name is no step": ({"a": {"b": [1]}}, {"a.b": 1}, False),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_is_one(name: str) -> None:
    """If moto comes to agree, its row goes."""
    pattern, event, ours = DIFFERENCES[name]
    assert by_us(pattern, event) is ours
    assert by_moto(pattern, event) is not ours
