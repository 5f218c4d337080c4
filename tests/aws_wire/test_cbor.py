"""rpc-v2-cbor is read strictly and written as AWS's clients expect it."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import shapes_acm_pca as shapes
from privyseal.frontends.aws.protocols import rpcv2cbor

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4))

MALFORMED = {
    "cut off": bytes.fromhex("a1"),
    "a cut off string": bytes.fromhex("a16141"),
    "a list": bytes.fromhex("80"),
    "a number": bytes.fromhex("01"),
    "null": bytes.fromhex("f6"),
    "two maps": bytes.fromhex("a0a0"),
    "trailing bytes": bytes.fromhex("a000"),
    "a trailing break": bytes.fromhex("a0ff"),
    "half an item after it": bytes.fromhex("a019"),
    "duplicate keys": bytes.fromhex("a2616101616102"),
    "bad UTF-8": bytes.fromhex("a1616162c328"),
    "a surrogate": bytes.fromhex("a1616163eda080"),
    "a reserved length": bytes.fromhex("a161611c"),
    "an unfinished map": bytes.fromhex("bf6161"),
    "a string of 2^64 bytes": bytes.fromhex("a161615bffffffffffffffff"),
    "a list of 2^63 items": bytes.fromhex("a161619b7fffffffffffffff"),
    "a map of 2^40 pairs": bytes.fromhex("bb0000010000000000"),
    "deep lists": bytes.fromhex("a16161") + b"\x81" * 500_000 + b"\x00",
    "deep maps": b"\xa1\x61\x61" * 100_000 + b"\x00",
    "deep unfinished lists": bytes.fromhex("a16161") + b"\x9f" * 500_000,
    "deep tags": bytes.fromhex("a16161") + b"\xc1" * 500_000 + b"\x00",
    "JSON": b'{"a": 1}',
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in MALFORMED.items()])
def test_what_is_not_one_strict_map_is_malformed(body: bytes) -> None:
    """A SerializationException, quickly, and never anything else."""
    started = time.perf_counter()
    with pytest.raises(PrivySealError) as refused:
        rpcv2cbor.parse(body)
    assert refused.value.code is ErrorCode.MALFORMED_REQUEST
    assert len(refused.value.message) < 300
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("value", [b"\x00", b"\x61\x61", b"\x41\x00", b"\x80", b"\x82\x01\x01", b"\xa0"])
def test_no_tag_but_the_timestamp_is_read(value: bytes) -> None:
    """No big numbers, fractions, cyclic references, regular expressions, addresses …: every tag of one or
    two bytes, and a few beyond, whatever it holds.
    """
    for tag in [*range(2, 2000), 15309, 43000, 55799, 65535, 2**32, 2**64 - 1, 0]:
        body = b"\xa1\x61\x61" + _head(tag) + value
        with pytest.raises(PrivySealError):
            rpcv2cbor.parse(body)


def _head(tag: int) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1]


def test_a_timestamp_is_read() -> None:
    """Tag 1 with whole or fractional seconds, as long as they are a date."""
    expected = datetime(2026, 1, 1, tzinfo=UTC)
    assert rpcv2cbor.parse(cbor2.dumps({"a": cbor2.CBORTag(1, 1767225600)})) == {"a": expected}
    assert rpcv2cbor.parse(cbor2.dumps({"a": cbor2.CBORTag(1, 1767225600.0)})) == {"a": expected}
    for impossible in (float("nan"), float("inf"), 1e300, 2**63, -(2**63), "2026", b"x"):
        with pytest.raises(PrivySealError):
            rpcv2cbor.parse(cbor2.dumps({"a": cbor2.CBORTag(1, impossible)}))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_map_or_malformed(body: bytes) -> None:
    """No bytes raise anything but the one error."""
    with suppress(PrivySealError):
        assert isinstance(rpcv2cbor.parse(body), dict)


@given(st.dictionaries(st.text(), values, max_size=5), st.booleans())
def test_every_map_of_plain_values_is_read(value: dict[str, Any], indefinite: bool) -> None:
    """In definite and in indefinite length, which Smithy lets clients choose."""
    assert rpcv2cbor.parse(cbor2.dumps(value, indefinite_containers=indefinite)) == value


def test_a_blob_is_a_byte_string_and_nothing_else() -> None:
    """Base64 text, which JSON has for blobs, is not taken for one."""
    arn = "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/x"
    body = {"CertificateAuthorityArn": arn, "Certificate": b"pem"}
    shape = shapes.ImportCertificateAuthorityCertificateRequest
    assert rpcv2cbor.decode(cbor2.dumps(body), shape) == shape(
        certificate_authority_arn=arn, certificate=b"pem"
    )
    with pytest.raises(PrivySealError, match="must be a blob"):
        rpcv2cbor.decode(cbor2.dumps(body | {"Certificate": "cGVt"}), shape)


def test_keys_that_are_no_text_are_malformed() -> None:
    """They cannot name a member."""
    for key in (1, b"Certificate", None, (1,)):
        with pytest.raises(PrivySealError) as refused:
            rpcv2cbor.decode(cbor2.dumps({key: 1}), shapes.ListCertificateAuthoritiesRequest)
        assert refused.value.code is ErrorCode.MALFORMED_REQUEST


def test_answers_have_tagged_timestamps_and_byte_strings() -> None:
    """And the header that says which protocol this is."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    authority = shapes.CertificateAuthority(arn="x", created_at=at)
    answered = rpcv2cbor.answer(
        shapes.DescribeCertificateAuthorityResponse(certificate_authority=authority), "", "id"
    )
    assert answered.body == cbor2.dumps(
        {"CertificateAuthority": {"Arn": "x", "CreatedAt": cbor2.CBORTag(1, 1767225600)}}
    )
    assert cbor2.loads(rpcv2cbor.answer({"Blob": b"\xff"}, "", "id").body) == {"Blob": b"\xff"}
    assert (b"smithy-protocol", b"rpc-v2-cbor") in answered.headers
    assert (b"content-type", b"application/cbor") in answered.headers


def test_an_operation_without_output_answers_nothing() -> None:
    """An empty body."""
    assert rpcv2cbor.answer(None, "", "id").body == b""
