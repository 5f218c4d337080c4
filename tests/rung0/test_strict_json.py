"""JSON that two readers could understand differently is not read; all other JSON is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal import strict_json

REFUSED = {
    "a name twice": ('{"a": 1, "\\u0061": 2}', "a name occurs twice"),
    "NaN": ("[NaN]", "NaN is not JSON"),
    "infinity, spelt out": ("[-1e999]", "too large"),
    "more digits than anybody reads": ("9" * 5000, "digits"),
    "half a character": ('["\\ud800"]', "half a character"),
    "half a character in a name": ('{"\\udc00": 1}', "half a character"),
    "lists without end": ("[" * 200_000, "nested too deeply"),
    "two values": ("{}{}", "Extra data"),
    "a byte order mark": ("\ufeff{}", "Expecting value"),
}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "text"])
def test_what_is_refused_says_why(text: str, why: str, as_bytes: bool) -> None:
    """The same for what comes as bytes and what is text already."""
    with pytest.raises(ValueError, match=why):
        strict_json.load(text.encode() if as_bytes else text)


def test_bytes_are_utf_8() -> None:
    """Whatever else they could be."""
    with pytest.raises(ValueError, match="utf-8"):
        strict_json.load('{"a": "é"}'.encode("latin-1"))


@given(values)
def test_every_value_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    """Strictness costs no legal document."""
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert strict_json.load(text) == strict_json.load(text.encode()) == value
