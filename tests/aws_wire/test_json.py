"""awsJson1.1 is read strictly and written as AWS's clients expect it."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal import strict_json
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.protocols import awsjson

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4))

MALFORMED = {
    "nothing but a brace": b"{",
    "cut off": b'{"CertificateAuthorityArn": "arn',
    "a list": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "two objects": b"{}{}",
    "trailing bytes": b"{} x",
    "a comment": b"{} // x",
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "duplicate names": b'{"a": 1, "a": 1}',
    "duplicate names inside": b'{"a": {"b": 1, "b": 2}}',
    "duplicate names, one escaped": b'{"a": 1, "\\u0061": 2}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a lone high surrogate": b'{"a": "\\ud800"}',
    "a lone low surrogate": b'{"a": "\\uDC00x"}',
    "a lone surrogate as a name": b'{"\\ud83d": 1}',
    "a raw surrogate": b'{"a": "\xed\xa0\x80"}',
    "Latin-1": b'{"a": "\xe9"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a control character": b'{"a": "\n"}',
    "a NUL": b"{}\0",
    "hexadecimal": b'{"a": 0x10}',
    "a leading zero": b'{"a": 01}',
    "a huge number": b'{"a": ' + b"9" * 100_000 + b"}",
    "deep lists": b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a form": b"Action=GetCallerIdentity",
    "XML": b"<a/>",
    "CBOR": b"\xa0",
}
# Of JSON texts that are one object, as often as not.
PIECES = (
    *(
        b'"a": 1',
        b'"b":1',
        b'"\\u0061": "\\u0061"',
        b'"a":{"b":2, "b":2}',
        b'"c": "\xc3\xa9\x7f"',
        b'"d":[1 ,2]',
    ),
    *(
        b'"e":1e5',
        b'"f":-0',
        b'"g":1.0',
        b'"h":18446744073709551616',
        b'"i":1e999',
        b'"j": "\\ud800"',
        b'"k":NaN',
    ),
    *(b",", b", ", b" ,\n", b"\t", b"1", b"{", b"}", b"\xff"),
)


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in MALFORMED.items()])
def test_what_is_not_one_strict_object_is_malformed(body: bytes) -> None:
    """A SerializationException, quickly, and never anything else."""
    started = time.perf_counter()
    with pytest.raises(PrivySealError) as refused:
        awsjson.parse(body)
    assert refused.value.code is ErrorCode.MALFORMED_REQUEST
    assert len(refused.value.message) < 300
    assert time.perf_counter() - started < 1


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_malformed(body: bytes) -> None:
    """No bytes raise anything but the one error."""
    with suppress(PrivySealError):
        assert isinstance(awsjson.parse(body), dict)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_every_json_object_is_read_as_the_standard_library_reads_it(value: dict[str, Any]) -> None:
    """Strictness costs no legal document."""
    assert awsjson.parse(json.dumps(value).encode()) == value
    assert awsjson.parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_what_is_read_quickly_is_what_is_read_strictly(inside: bytes) -> None:
    """Names that occur twice, other spellings of a text or a number, white space, and what is no JSON."""
    body = b"{" + inside + b"}"
    try:
        expected = repr(strict_json.load(body))
    except ValueError:
        with pytest.raises(PrivySealError):
            awsjson.parse(body)
    else:
        assert repr(awsjson.parse(body)) == expected


def test_a_surrogate_pair_is_a_character() -> None:
    """Escapes that belong together are fine."""
    assert awsjson.parse(b'{"a": "\\ud83d\\udd11"}') == {"a": "\U0001f511"}


def test_an_empty_body_is_an_empty_object() -> None:
    """As SDKs send it for operations without input."""
    request = awsjson.decode(b"", shapes.ListCertificateAuthoritiesRequest)
    assert request == shapes.ListCertificateAuthoritiesRequest()


def test_answers_have_epoch_seconds_and_base64() -> None:
    """Timestamps with milliseconds, blobs as text, absent members left out."""
    at = datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    authority = shapes.CertificateAuthority(arn="x", created_at=at)
    answered = awsjson.answer(
        shapes.DescribeCertificateAuthorityResponse(certificate_authority=authority), "", "id"
    )
    assert json.loads(answered.body) == {"CertificateAuthority": {"Arn": "x", "CreatedAt": 1767225600.123}}
    assert json.loads(awsjson.answer({"Blob": b"\xff"}, "", "id").body) == {"Blob": "/w=="}
    assert (b"x-amzn-requestid", b"id") in answered.headers
    assert (b"content-type", b"application/x-amz-json-1.1") in answered.headers


def test_an_operation_without_output_answers_nothing() -> None:
    """An empty body, as AWS sends."""
    assert awsjson.answer(None, "", "id").body == b""


def test_an_answer_that_is_no_wire_value_is_a_defect() -> None:
    """Not silently turned into text."""
    with pytest.raises(TypeError):
        awsjson.answer({"a": object()}, "", "id")
