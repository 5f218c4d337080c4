"""The contract of `ca.ports.Publisher`, over the whole table of publishers."""

import os
from collections.abc import Iterator

import pytest

from privyseal.errors import ErrorCode, PrivySealError
from tests.publishers.conftest import BUCKETS, Bench

KEY = "audit-report/11223344-1234-1122-2233-112233445566/report.json"

BAD_BUCKETS = {
    "nothing": "",
    "two characters": "ab",
    "64 characters": "a" * 64,
    "upper case": "Reports",
    "a path": "a/b",
    "the folder above": "..",
    "a path upwards": "../reports",
    "an absolute path": "/etc",
    "a dot at the end": "reports.",
    "two dots": "re..ports",
    "a hyphen beside a dot": "re-.ports",
    "an address": "192.168.1.1",
    "an underscore": "re_ports",
    "a line end": "reports\n",
    "a NUL": "rep\0rts",
    "other letters": "bücher",
}
BAD_KEYS = {
    "nothing": "",
    "absolute": "/x",
    "upwards": "../x",
    "upwards in between": "a/../../x",
    "here": "./x",
    "an empty segment": "a//b",
    "a folder": "a/",
    "a NUL": "a\0b",
    "a backslash": "a\\b",
    "a line end": "a\n",
    "a tilde": "~root/x",
    "a very long segment": "a" * 256,
    "very long": "/".join(["a" * 100] * 11),
}


def code(bench: Bench, bucket: str, key: str = KEY) -> ErrorCode:
    with pytest.raises(PrivySealError) as refusal:
        bench.publisher.put(bucket, key, [b"x"], "text/csv")
    assert bench.objects() == {}
    return refusal.value.code


def test_an_object_is_its_chunks(bench: Bench) -> None:
    for bucket in BUCKETS:
        bench.publisher.check(bucket)
    bench.publisher.put(BUCKETS[0], KEY, (bytes([n]) * n for n in range(5)), "text/csv")
    bench.publisher.put(BUCKETS[1], "crl/x.crl", [b"crl"], "application/pkix-crl")
    assert bench.objects() == {
        (BUCKETS[0], KEY): b"\1\2\2\3\3\3\4\4\4\4",
        (BUCKETS[1], "crl/x.crl"): b"crl",
    }


@pytest.mark.parametrize("content", [[], [b""], [b"", b"a", b"", b"b"]], ids=["none", "empty", "some empty"])
def test_empty_chunks_are_nothing(bench: Bench, content: list[bytes]) -> None:
    bench.publisher.put("reports", KEY, content, "text/csv")
    assert bench.objects() == {("reports", KEY): b"".join(content)}


def test_a_newer_object_replaces_the_older(bench: Bench) -> None:
    bench.publisher.put("reports", KEY, [b"a longer one"], "text/csv")
    bench.publisher.put("reports", KEY, [b"short"], "text/csv")
    assert bench.objects() == {("reports", KEY): b"short"}


def test_a_large_object_arrives_whole(bench: Bench) -> None:
    """Larger than S3's parts, in chunks that fit into none of them."""
    chunks = [os.urandom(333_333) for _ in range(60)]
    bench.publisher.put("reports", KEY, iter(chunks), "text/csv")
    assert bench.objects() == {("reports", KEY): b"".join(chunks)}


@pytest.mark.parametrize("size", [10, 20_000_000], ids=["at once", "after the first parts"])
@pytest.mark.parametrize("failure", [ValueError("no more"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_content_that_fails_publishes_nothing(bench: Bench, failure: BaseException, size: int) -> None:
    """The exception comes out as it is; what was there stays."""
    bench.publisher.put("reports", KEY, [b"older"], "text/csv")

    def content() -> Iterator[bytes]:
        yield b"x" * size
        raise failure

    with pytest.raises(type(failure)) as raised:
        bench.publisher.put("reports", KEY, content(), "text/csv")
    assert raised.value is failure
    assert bench.objects() == {("reports", KEY): b"older"}


@pytest.mark.parametrize("bucket", BAD_BUCKETS.values(), ids=BAD_BUCKETS.keys())
def test_what_cannot_be_a_bucket_is_refused(bench: Bench, bucket: str) -> None:
    with pytest.raises(PrivySealError) as refusal:
        bench.publisher.check(bucket)
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT
    assert code(bench, bucket) is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_what_cannot_be_a_key_is_refused(bench: Bench, key: str) -> None:
    assert code(bench, "reports", key) is ErrorCode.INVALID_ARGUMENT
