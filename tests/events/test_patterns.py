"""Event patterns: what each operator matches, and what is no pattern."""

import json
from typing import Any

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.patterns import MAX_CHARACTERS, compile_pattern

HEALTH = {
    "source": "aws.health",
    "detail-type": "AWS Health Event",
    "resources": ["arn:aws:acm:eu-west-1:111122223333:certificate/1"],
    "detail": {"service": "ACM", "eventTypeCategory": "scheduledChange", "list": [1, "two", None]},
}


def matches(pattern: object, event: dict[str, Any]) -> bool:
    return compile_pattern(json.dumps(pattern)).matches(event)


# The filter → values that match and values that do not. Each value stands alone under the name `x`.
OPERATORS: list[tuple[str, list[Any], list[Any]]] = [
    ('["a"]', ["a", ["b", "a"], [["a"]]], ["A", "ab", "", None, 1, [], {}, {"a": "a"}]),
    ("[1]", [1, 1.0, [2, 1]], ["1", True, 2]),
    ("[true]", [True], [1, "true", False]),
    ("[null]", [None, [None]], ["", 0, False, [], {}]),
    ('[""]', [""], [None, " ", []]),
    ('["a", 2, null]', ["a", 2, None], ["2", "null"]),
    ('[{"prefix": "arn:"}]', ["arn:", "arn:aws", ["x", "arn:x"]], ["xarn:", "Arn:", 1, None]),
    ('[{"prefix": {"equals-ignore-case": "ArN"}}]', ["arn:", "ARN"], ["xarn", 1]),
    ('[{"suffix": ".com"}]', [".com", "a.com"], [".com.", ".COM", None]),
    ('[{"suffix": {"equals-ignore-case": ".Com"}}]', ["a.COM"], ["a.org"]),
    ('[{"equals-ignore-case": "Renewal"}]', ["RENEWAL", "renewal"], ["renewals", 1, None]),
    (
        '[{"wildcard": "*.example.com"}]',
        [".example.com", "a.b.example.com"],
        ["example.com", "a.example.org"],
    ),
    ('[{"wildcard": "a*b*c"}]', ["abc", "a-b-c", "abbcc", "a\nb\nc"], ["ac", "ab", "acb", "xabc", 5]),
    ('[{"wildcard": "aba*aba"}]', ["abaaba", "aba-aba"], ["aba", "ababa"]),
    ('[{"wildcard": "a\\\\*b\\\\\\\\*"}]', ["a*b\\", "a*b\\c"], ["axb\\", "a*b"]),
    ('[{"wildcard": "*"}]', ["", "x"], [1, None]),
    ('[{"numeric": ["=", 3.5]}]', [3.5], [3, "3.5", True]),
    ('[{"numeric": ["<", 10]}]', [9.99, -1], [10, "9", None, False]),
    ('[{"numeric": [">=", 0, "<", 5]}]', [0, 4.9, [7, 3]], [5, -1, True]),
    ('[{"cidr": "10.0.0.0/24"}]', ["10.0.0.255"], ["10.0.1.0", "::1", "10.0.0", "", 167772161, None]),
    ('[{"cidr": "10.0.0.7/24"}]', ["10.0.0.1"], ["10.0.1.1"]),
    ('[{"cidr": "2001:db8::/32"}]', ["2001:db8:1::1"], ["2001:db9::", "10.0.0.1"]),
    ('[{"anything-but": "a"}]', ["b", 1, None, True, ["a", "b"], ""], ["a", ["a", "a"], [], {}]),
    ('[{"anything-but": 1}]', [2, "1", True], [1, 1.0]),
    ('[{"anything-but": ["a", "b"]}]', ["c", 5], ["a", "b"]),
    ('[{"anything-but": [1, 2]}]', [3, "1"], [1, 2.0]),
    ('[{"anything-but": {"prefix": "a"}}]', ["b", 1, None], ["a", "ab"]),
    ('[{"anything-but": {"prefix": ["a", "b"]}}]', ["c"], ["ab", "b"]),
    ('[{"anything-but": {"prefix": {"equals-ignore-case": "A"}}}]', ["b"], ["a", "Ab"]),
    ('[{"anything-but": {"suffix": "a"}}]', ["ab"], ["ba"]),
    ('[{"anything-but": {"suffix": ["a", "b"]}}]', ["ac"], ["ca", "cb"]),
    ('[{"anything-but": {"equals-ignore-case": "Abc"}}]', ["ab"], ["ABC", "abc"]),
    ('[{"anything-but": {"equals-ignore-case": ["x", "y"]}}]', ["z"], ["X", "y"]),
    ('[{"anything-but": {"wildcard": "*/lib/*"}}]', ["/a/b"], ["/a/lib/b"]),
    ('[{"anything-but": {"wildcard": ["a*", "*b"]}}]', ["cc"], ["ac", "cb"]),
    ('[{"exists": true}]', ["a", None, 0, ["a"], False], [[], {}, {"y": 1}, [{"y": 1}]]),
    ('[{"exists": false}]', [[], {}, {"y": 1}], ["a", None]),
    ('[{"exists": false}, "a"]', ["a", []], ["b"]),
]


@pytest.mark.parametrize(("text", "these", "others"), OPERATORS, ids=[row[0] for row in OPERATORS])
def test_an_operator_matches_these_and_no_others(text: str, these: list[Any], others: list[Any]) -> None:
    pattern = compile_pattern(f'{{"x": {text}}}')
    assert [value for value in these if not pattern.matches({"x": value})] == []
    assert [value for value in others if pattern.matches({"x": value})] == []


@pytest.mark.parametrize("text", [row[0] for row in OPERATORS if '"exists": false' not in row[0]])
def test_what_is_missing_matches_no_operator(text: str) -> None:
    assert not compile_pattern(f'{{"x": {text}}}').matches({"y": "a"})


def test_what_may_be_missing_may_be_missing_at_any_depth() -> None:
    pattern = {"detail": {"a": {"b": [{"exists": False}]}}}
    events: list[dict[str, Any]] = [
        {},
        {"detail": {}},
        {"detail": 5},
        {"detail": {"a": {"c": 1}}},
        {"detail": {"a": []}},
    ]
    for event in events:
        assert matches(pattern, event)
    assert not matches(pattern, {"detail": {"a": {"b": 1}}})


def test_all_members_of_a_pattern_must_match() -> None:
    assert matches({"source": ["aws.health"], "detail": {"service": ["ACM", "EC2"]}}, HEALTH)
    assert not matches({"source": ["aws.health"], "detail": {"service": ["EC2"]}}, HEALTH)
    assert not matches({"source": ["aws.health"], "detail": {"other": ["ACM"]}}, HEALTH)


def test_one_of_the_alternatives_must_match() -> None:
    either = {"$or": [{"detail": {"service": ["EC2"]}}, {"source": [{"prefix": "aws."}]}]}
    assert matches(either, HEALTH)
    assert matches({**either, "detail-type": ["AWS Health Event"]}, HEALTH)
    assert not matches({**either, "detail-type": ["another"]}, HEALTH)
    assert not matches({"$or": [{"source": ["a"]}, {"source": ["b"]}]}, HEALTH)
    assert matches({"detail": {"$or": [{"service": ["EC2"]}, {"service": ["ACM"]}]}}, HEALTH)


def test_members_of_one_object_are_matched_by_one_element_of_a_list() -> None:
    pattern = {"detail": {"entities": {"name": ["a"], "state": ["on"]}}}
    one = {"detail": {"entities": [{"name": "a", "state": "on"}, {"name": "b", "state": "off"}]}}
    two = {"detail": {"entities": [{"name": "a", "state": "off"}, {"name": "b", "state": "on"}]}}
    assert matches(pattern, one)
    assert not matches(pattern, two)


def test_a_rule_says_beforehand_which_kinds_it_can_match() -> None:
    pattern = compile_pattern('{"source": ["aws.acm"], "detail": {"Action": ["RENEWAL"]}}')
    assert pattern.may_match({"source": "aws.acm", "detail-type": "ACM Certificate Available"})
    assert not pattern.may_match({"source": "aws.acm-pca", "detail-type": "ACM Private CA Creation"})
    either = compile_pattern('{"$or": [{"source": ["a"]}, {"detail-type": ["b"], "source": ["c"]}]}')
    assert either.may_match({"source": "a", "detail-type": "x"})
    assert either.may_match({"source": "c", "detail-type": "b"})
    assert not either.may_match({"source": "c", "detail-type": "x"})


REFUSED = [
    ("", "not JSON"),
    ("[]", "an object"),
    ("{}", "empty object"),
    ('{"a": {}}', "a is an empty object"),
    ('{"a": []}', "a is an empty list"),
    ('{"a": "b"}', "a is an object or a list"),
    ('{"a": {"b": 1}}', "a.b is an object or a list"),
    ('{"a": [["b"]]}', "a list in its list"),
    ('{"a": ["b"], "a": ["c"]}', "occurs twice"),
    ('{"a": [NaN]}', "not JSON"),
    ('{"a": [{}]}', "one operator"),
    ('{"a": [{"prefix": "a", "suffix": "b"}]}', "one operator"),
    ('{"a": [{"like": "a"}]}', "no operator 'like'"),
    ('{"a": [{"exists": "yes"}]}', "true or false"),
    ('{"a": [{"prefix": 1}]}', "a text"),
    ('{"a": [{"prefix": ["a"]}]}', "a text"),
    ('{"a": [{"equals-ignore-case": null}]}', "a text"),
    ('{"a": [{"wildcard": "a**"}]}', "side by side"),
    ('{"a": [{"wildcard": "a\\\\b"}]}', "backslash"),
    ('{"a": [{"wildcard": "a\\\\"}]}', "backslash"),
    ('{"a": [{"numeric": []}]}', "numeric is a list"),
    ('{"a": [{"numeric": "=5"}]}', "numeric is a list"),
    ('{"a": [{"numeric": ["=", "5"]}]}', "numeric compares numbers"),
    ('{"a": [{"numeric": ["=", true]}]}', "numeric compares numbers"),
    ('{"a": [{"numeric": ["=", 5e9, "=", 1]}]}', "no comparison"),
    ('{"a": [{"numeric": [">", 5.1e9]}]}', "numeric compares numbers"),
    ('{"a": [{"numeric": ["!", 5]}]}', "no comparison"),
    ('{"a": [{"numeric": ["<", 5, ">", 1]}]}', "no comparison"),
    ('{"a": [{"numeric": [">", 5, "<", 5]}]}', "below the upper"),
    ('{"a": [{"numeric": [1, 5]}]}', "a comparison comes first"),
    ('{"a": [{"cidr": "10.0.0.1"}]}', "no range"),
    ('{"a": [{"cidr": "10.0.0.0/33"}]}', "no range"),
    ('{"a": [{"cidr": 5}]}', "a text"),
    ('{"a": [{"anything-but": []}]}', "anything-but"),
    ('{"a": [{"anything-but": [1, "a"]}]}', "anything-but"),
    ('{"a": [{"anything-but": true}]}', "anything-but"),
    ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', "anything-but"),
    ('{"a": [{"anything-but": {"prefix": []}}]}', "empty list"),
    ('{"$or": {"a": ["b"]}}', "$or is a list"),
    ('{"$or": [{"a": ["b"]}]}', "two objects"),
    ('{"$or": [{"a": ["b"]}, "c"]}', "two objects"),
    ('{"$or": [{"a": ["b"]}, {}]}', "empty object"),
    ('{"a": ' * 51 + '["b"]' + "}" * 51, "deeper"),
    ("[" * 3000, "not JSON"),
    ('{"a": ["' + "b" * MAX_CHARACTERS + '"]}', "characters"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[text[:50] for text, _ in REFUSED])
def test_what_is_no_pattern_is_refused_with_its_fault(text: str, why: str) -> None:
    with pytest.raises(PrivySealError, match="is not valid") as caught:
        compile_pattern(text)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert why in caught.value.message


def test_alternatives_may_not_multiply_without_limit() -> None:
    one = {"$or": [{"a": [n]} for n in range(11)]}
    with pytest.raises(PrivySealError, match="1331 patterns"):
        compile_pattern(json.dumps({"x": one, "y": one, "z": one}))
    assert compile_pattern(json.dumps({"x": one, "y": one}))


def test_no_wildcard_takes_long() -> None:
    """What makes a regular expression take for ever is here one pass."""
    pattern = compile_pattern(json.dumps({"x": [{"wildcard": "*" + "a*" * 1000 + "b"}]}))
    assert not pattern.matches({"x": "a" * 200_000})
