"""Bodies and envelopes that are not what Smithy's rpc-v2-cbor asks for."""

import cbor2

from tests.hostile.case import (
    NOTHING_HERE,
    SERIALIZATION,
    UNKNOWN_OPERATION,
    UNKNOWN_SERVICE,
    VALIDATION,
    WRONG_METHOD,
    Case,
    each,
    rows,
)
from tests.hostile.json_bodies import ARN, ISSUE
from tests.hostile.wire import RPC, World

WHOLE = cbor2.dumps(ISSUE | {"Csr": b"csr"})
GOOD = cbor2.dumps({"CertificateAuthorityArn": ARN})
KEY = b"\x77CertificateAuthorityArn"  # 23 letters


def _issue(world: World, body: bytes) -> bytes:
    return world.cbor("IssueCertificate", body)


def _describe(world: World, body: bytes) -> bytes:
    return world.cbor("DescribeCertificateAuthority", body)


def _member(value: bytes) -> bytes:
    """A map with one member, which has that value."""
    return b"\xa1" + KEY + value


_TAGS = (
    0,
    1,
    2,
    3,
    4,
    5,
    24,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    52,
    54,
    100,
    256,
    258,
    260,
    1004,
    43000,
    55799,
    65535,
)


def _tag(number: int) -> bytes:
    return b"\xd9" + number.to_bytes(2, "big")


CASES: list[Case] = [
    *each(
        "cbor: cut short",
        SERIALIZATION,
        _issue,
        [WHOLE[:size] for size in range(1, len(WHOLE), len(WHOLE) // 8)],
    ),
    *each("cbor: something follows", SERIALIZATION, _describe, (GOOD + b"\x00", GOOD * 2, GOOD + b"\xff")),
    *each(
        "cbor: no map",
        SERIALIZATION,
        _describe,
        (b"\x80", b"\x01", b"\x61x", b"\x41x", b"\xf6", b"\xf7", b"\xf4", b"\xfb" + bytes(8)),
    ),
    *each("cbor: a tag", SERIALIZATION, _describe, [_member(_tag(number) + b"\x61x") for number in _TAGS]),
    *each("cbor: a tag around it", SERIALIZATION, _describe, [_tag(n) + GOOD for n in (24, 258, 55799)]),
    *each(
        "cbor: no end",
        SERIALIZATION,
        _describe,
        (b"\xbf", b"\xbf" + KEY, b"\x9f", b"\x7f\x61x", b"\x5f\x41x"),
    ),
    *each(
        "cbor: too deep",
        SERIALIZATION,
        _describe,
        (
            b"\x9f" * 100_000,
            b"\x81" * 100_000,
            b"\xbf\x61a" * 50_000,
            _member(b"\x81" * 10_000 + b"\x01"),
            b"\xc1" * 100_000,
        ),
    ),
    *each(
        "cbor: a length without the bytes",
        SERIALIZATION,
        _describe,
        (
            b"\x9b" + b"\xff" * 8,
            b"\xbb" + b"\xff" * 8,
            b"\x9b\x00\x00\x00\x00\xff\xff\xff\xff",
            b"\xba\x7f\xff\xff\xff",
            _member(b"\x5b" + b"\xff" * 8),
            _member(b"\x7b\x00\x00\x00\x7f\xff\xff\xff\xff"),
            _member(b"\x7a\xff\xff\xff\xff"),
            _member(b"\x9a\xff\xff\xff\xff"),
        ),
    ),
    *each(
        "cbor: a name twice",
        SERIALIZATION,
        _describe,
        (b"\xa2" + (KEY + b"\x61x") * 2, b"\xbf" + (KEY + b"\x61x") * 2 + b"\xff"),
    ),
    *each(
        "cbor: bytes that mean nothing",
        SERIALIZATION,
        _describe,
        (
            b"\x1c",
            b"\x1f",
            b"\xff",
            b"\xf8\x10",
            _member(b"\xfc"),
            _member(b"\xff"),
            _member(b"\x61\xff"),
            _member(b"\x7f\x41x\xff"),
            _member(b"\x62\xc3\x28"),
        ),
    ),
    *each(
        "cbor: a value of another type",
        SERIALIZATION,
        _describe,
        [
            _member(value)
            for value in (b"\x01", b"\x20", b"\x41x", b"\x80", b"\xa0", b"\xf5", b"\xf9\x7e\x00")
        ],
    ),
    *rows(
        "cbor: a blob of another type",
        SERIALIZATION,
        ("text", lambda w: w.cbor("IssueCertificate", ISSUE)),
        ("number", lambda w: w.cbor("IssueCertificate", ISSUE | {"Csr": 1})),
        ("list of numbers", lambda w: w.cbor("IssueCertificate", ISSUE | {"Csr": [1, 2, 3]})),
    ),
    *each("cbor: a member is missing", VALIDATION, _issue, (b"", b"\xa0", b"\xbf\xff", b"\xa1\x01\x02")),
    *rows(
        "cbor: another envelope",
        UNKNOWN_OPERATION,
        ("no smithy-protocol", lambda w: w.cbor("ListTags", GOOD, drop=("smithy-protocol",))),
        (
            "the protocol of tomorrow",
            lambda w: w.cbor("ListTags", GOOD, headers={"smithy-protocol": "rpc-v3-cbor"}),
        ),
        ("JSON", lambda w: w.cbor("ListTags", b"{}", headers={"Content-Type": "application/json"})),
        (
            "awsJson1.1",
            lambda w: w.cbor("ListTags", b"{}", headers={"Content-Type": "application/x-amz-json-1.1"}),
        ),
        ("no such operation", lambda w: w.cbor("MakeCertificate", GOOD)),
        ("the operation in lower case", lambda w: w.cbor("listtags", GOOD)),
        ("no operation", lambda w: w.cbor("", GOOD)),
        ("a slash after it", lambda w: w.cbor("", GOOD, target=RPC + "ListTags/")),
        ("an escape in it", lambda w: w.cbor("", GOOD, target=RPC + "List%54ags")),
        ("a parameter in it", lambda w: w.cbor("", GOOD, target=RPC + "ListTags;x=1")),
        ("a third segment", lambda w: w.cbor("", GOOD, target=RPC + "ListTags/x")),
        ("GET", lambda w: w.cbor("ListTags", b"", sent_method="GET"), WRONG_METHOD),
        (
            "the protocol twice",
            lambda w: w.cbor("ListTags", GOOD, add=("smithy-protocol: rpc-v2-cbor",)),
            SERIALIZATION,
        ),
    ),
    *rows(
        "cbor: another service",
        UNKNOWN_SERVICE,
        (
            "in lower case",
            lambda w: w.cbor("", GOOD, target="/service/acmprivateca/operation/ListTags", service="x"),
        ),
        (
            "DynamoDB",
            lambda w: w.cbor("", GOOD, target="/service/DynamoDB/operation/ListTables", service="dynamodb"),
        ),
    ),
    *rows(
        "cbor: a path beside it",
        NOTHING_HERE,
        ("SERVICE", lambda w: w.plain("POST", "/SERVICE/ACMPrivateCA/operation/ListTags")),
        ("service alone", lambda w: w.plain("POST", "/service")),
    ),
]
