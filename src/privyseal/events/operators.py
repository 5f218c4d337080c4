"""The comparison operators of an event pattern: what may stand in the list under a field's name.

Source: Amazon EventBridge user guide, "Comparison operators for use in event patterns". Each is made
once, from what the pattern says, into a test of one value (a leaf: text, number, true, false, null).
Nothing is made into a regular expression: no pattern can take longer than its event is long.
"""

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any

from privyseal.errors import ErrorCode, PrivySealError

Test = Callable[[Any], bool]

# The range of numbers that EventBridge compares.
MOST = 5.0e9
_IGNORE_CASE = "equals-ignore-case"
_BELOW: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
}
_ABOVE: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


def bad(text: str) -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, f"The event pattern is not valid: {text}.")


def equal(wanted: Any) -> Test:
    """A truth value is no number; 1 is 1.0."""
    truth = isinstance(wanted, bool)
    return lambda value: isinstance(value, bool) is truth and bool(value == wanted)


def named(operator: Mapping[str, Any]) -> Test:
    """The test that `{"prefix": "a"}` and its like stand for; `exists` is for the pattern itself."""
    if len(operator) != 1:
        raise bad(f"one operator to an object, and not {sorted(operator)}")
    [(name, operand)] = operator.items()
    if name not in _OPERATORS:
        raise bad(f"there is no operator {name!r}")
    return _OPERATORS[name](operand)


def _prefix(operand: Any) -> Test:
    start, lowered = _text_or_ignoring_case("prefix", operand)
    return lambda value: isinstance(value, str) and (value.lower() if lowered else value).startswith(start)


def _suffix(operand: Any) -> Test:
    end, lowered = _text_or_ignoring_case("suffix", operand)
    return lambda value: isinstance(value, str) and (value.lower() if lowered else value).endswith(end)


def _equals_ignore_case(operand: Any) -> Test:
    wanted = _text(_IGNORE_CASE, operand).lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _wildcard(operand: Any) -> Test:
    """`*` stands for any text. The parts between are looked for from left to right."""
    first, *others = _parts(_text("wildcard", operand))
    if not others:
        return lambda value: isinstance(value, str) and value == first
    *middle, last = others

    def test(value: Any) -> bool:
        if not isinstance(value, str) or not value.startswith(first):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return at <= end and value.endswith(last)

    return test


def _parts(text: str) -> list[str]:
    r"""What stands between the stars; `\*` and `\\` are a star and a backslash."""
    parts, rest = [""], iter(text)
    for character in rest:
        if character == "\\":
            escaped = next(rest, "")
            if escaped not in {"*", "\\"}:
                raise bad(f"in the wildcard {text!r} a backslash is before * or another one only")
            parts[-1] += escaped
        elif character == "*":
            parts.append("")
        else:
            parts[-1] += character
    if "" in parts[1:-1]:
        raise bad(f"the wildcard {text!r} has two stars side by side")
    return parts


def _numeric(operand: Any) -> Test:
    """`["=", 5]`, one bound, or a lower bound and then an upper one."""
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise bad("numeric is a list: a comparison and a number, or a lower bound and an upper one")
    comparisons, numbers = operand[::2], [_number(each) for each in operand[1::2]]
    if not all(isinstance(each, str) for each in comparisons):
        raise bad("in numeric a comparison comes first, and then its number")
    if comparisons == ["="]:
        return lambda value: _is_number(value) and value == numbers[0]
    if len(comparisons) == 1 and comparisons[0] in {**_BELOW, **_ABOVE}:
        compare = {**_BELOW, **_ABOVE}[comparisons[0]]
        return lambda value: _is_number(value) and compare(value, numbers[0])
    if len(comparisons) != 2 or comparisons[0] not in _ABOVE or comparisons[1] not in _BELOW:
        raise bad(f"numeric has no comparison {' '.join(comparisons)!r}")
    if numbers[0] >= numbers[1]:
        raise bad("the lower bound of numeric is below the upper one")
    above, below = _ABOVE[comparisons[0]], _BELOW[comparisons[1]]
    return lambda value: _is_number(value) and above(value, numbers[0]) and below(value, numbers[1])


def _cidr(operand: Any) -> Test:
    text = _text("cidr", operand)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or "/" not in text:
        raise bad(f"{text!r} is no range of addresses like 10.0.0.0/24")

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _anything_but(operand: Any) -> Test:
    """Of a value, a list of values, or one of five operators with a text or a list of texts."""
    if not isinstance(operand, dict):
        return _none_of([equal(each) for each in _plain(operand)])
    if len(operand) != 1 or not operand.keys() <= _BUT.keys():
        raise bad(f"anything-but is not for {sorted(operand)}")
    [(name, but)] = operand.items()
    if name in {"prefix", "suffix"} and isinstance(but, dict):
        return _none_of([_BUT[name](but)])
    several = but if isinstance(but, list) else [but]
    if not several:
        raise bad("anything-but has an empty list")
    return _none_of([_BUT[name](_text(name, each)) for each in several])


def _none_of(tests: list[Test]) -> Test:
    return lambda value: not any(test(value) for test in tests)


def _plain(operand: Any) -> list[Any]:
    values = operand if isinstance(operand, list) else [operand]
    kinds = {_kind(each) for each in values}
    if len(kinds) != 1 or kinds > {str, float} or not kinds <= {str, float}:
        raise bad("anything-but is a text or a number, a list of texts or a list of numbers")
    return values


def _kind(value: Any) -> type:
    return float if _is_number(value) else type(value)


def _text_or_ignoring_case(name: str, operand: Any) -> tuple[str, bool]:
    if isinstance(operand, dict) and operand.keys() == {_IGNORE_CASE}:
        return _text(_IGNORE_CASE, operand[_IGNORE_CASE]).lower(), True
    return _text(name, operand), False


def _text(name: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise bad(f"the operand of {name} is a text")
    return operand


def _number(operand: Any) -> float:
    if not _is_number(operand) or not math.isfinite(operand) or abs(operand) > MOST:
        raise bad(f"numeric compares numbers from {-MOST:g} to {MOST:g}")
    return float(operand)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    _IGNORE_CASE: _equals_ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
_BUT: Mapping[str, Callable[[Any], Test]] = {
    name: _OPERATORS[name] for name in ("prefix", "suffix", _IGNORE_CASE, "wildcard")
}
