"""The header Prefer (RFC 7240)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.frontends.http import Headers
from privyseal.frontends.provisioning.prefer import patience, preferences


def waits(*values: str) -> float:
    return patience(preferences(Headers([(b"prefer", each.encode("latin-1")) for each in values])), 20.0)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ((), 20),
        (("respond-async",), 0),
        (("Respond-Async",), 0),
        (("respond-async, wait=5",), 5),
        (("respond-async", "wait=5"), 5),
        (("wait=5",), 5),
        (("wait = 5",), 5),
        (('wait="5"',), 5),
        (("respond-async; wait=5",), 0),  # a parameter, which means nothing
        (("wait=99",), 20),
        (("wait=0",), 0),
        (("wait=5, wait=7",), 5),  # RFC 7240 §2: the first counts
        (("wait=-5",), 20),
        (("wait=1e3",), 20),
        (("wait",), 20),
        (("return=minimal, handling=lenient",), 20),
        (("respond-asynchronous",), 20),
        (("",), 20),
    ],
)
def test_what_is_preferred(values: tuple[str, ...], seconds: float) -> None:
    assert waits(*values) == seconds


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=12))
def test_whatever_it_says_nobody_waits_longer_than_the_limit(values: list[str]) -> None:
    assert 0 <= waits(*values) <= 20
