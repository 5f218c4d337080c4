"""Requests are read in one way only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.http import Headers, Request


def _request(raw_path: bytes = b"/", raw_query: bytes = b"") -> Request:
    return Request("GET", raw_path, raw_query, Headers([]), "127.0.0.1", "id")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/devices/a", ["a"]),
        (b"/devices/a/b", ["a", "b"]),
        (b"/devices/a%20b", ["a b"]),
        (b"/devices/%E2%82%AC", ["€"]),
        (b"/devices/arn%3Aaws%3Ax", ["arn:aws:x"]),
        (b"/devices/a%252fb", ["a%2fb"]),
        (b"/devices/...", ["..."]),
    ],
)
def test_segments_are_decoded_once(path: bytes, expected: list[str]) -> None:
    """Each by itself."""
    assert _request(path).segments(b"/devices/") == expected


@pytest.mark.parametrize(
    "path",
    [
        b"/devices/",
        b"/devices/a/",
        b"/devices//a",
        b"/devices/.",
        b"/devices/..",
        b"/devices/%2e%2e",
        b"/devices/a%2fb",
        b"/devices/a%2Fb",
        b"/devices/a%5cb",
        b"/devices/a\\b",
        b"/devices/a%00",
        b"/devices/a%0d%0ab",
        b"/devices/%ff",
        b"/devices/%c0%ae",
        b"/devices/a%2",
        b"/devices/a%zz",
        b"/device/a",
    ],
)
def test_segments_that_could_be_read_in_two_ways_are_not_found(path: bytes) -> None:
    """Whatever a proxy, a file system or a log would make of them."""
    with pytest.raises(PrivySealError) as refused:
        _request(path).segments(b"/devices/")
    assert refused.value.code is ErrorCode.NOT_FOUND


@given(st.binary(max_size=40))
def test_any_path_has_clean_segments_or_none(rest: bytes) -> None:
    """No segment is ever empty, a dot, or a path itself."""
    try:
        found = _request(b"/devices/" + rest).segments(b"/devices/")
    except PrivySealError:
        return
    assert all(
        segment not in {"", ".", ".."} and "/" not in segment and "\0" not in segment for segment in found
    )


def test_a_query_is_read_as_it_is_signed() -> None:
    """A plus is a plus; an empty value is empty."""
    assert _request(b"/", b"a=1%2B1&b=x+y&c=&%E2%82%AC=%20").query() == {
        "a": "1+1",
        "b": "x+y",
        "c": "",
        "€": " ",
    }
    assert _request(b"/", b"").query() == {}


@pytest.mark.parametrize("query", [b"a=1&a=2", b"a=1&%61=2", b"a=%", b"a=%2", b"a=%zz", b"a=%ff"])
def test_a_query_that_could_be_read_in_two_ways_is_malformed(query: bytes) -> None:
    """Repeated names, broken escapes, bytes that are no text."""
    with pytest.raises(PrivySealError) as refused:
        _request(b"/", query).query()
    assert refused.value.code is ErrorCode.MALFORMED_REQUEST


def test_a_header_has_one_value() -> None:
    """Two are refused rather than one of them chosen."""
    headers = Headers([(b"a", b"1"), (b"b", b"2"), (b"b", b"2"), (b"content-type", b"Text/XML; charset=x")])
    assert headers.get(b"a") == "1"
    assert headers.get(b"c") is None
    assert headers.all(b"b") == ["2", "2"]
    assert headers.media_type() == "text/xml"
    with pytest.raises(PrivySealError) as refused:
        headers.get(b"b")
    assert refused.value.code is ErrorCode.MALFORMED_REQUEST
