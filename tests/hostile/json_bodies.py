"""Bodies that are not what awsJson1.1 asks for."""

import json
from typing import Any

from tests.hostile.case import SERIALIZATION, VALIDATION, Case, each, rows
from tests.hostile.wire import World

ARN = "arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/00000000-0000-0000-0000-000000000000"
ISSUE: dict[str, Any] = {
    "CertificateAuthorityArn": ARN,
    "Csr": "Y3Ny",
    "SigningAlgorithm": "SHA256WITHECDSA",
    "Validity": {"Type": "DAYS", "Value": 1},
}
CREATE: dict[str, Any] = {
    "CertificateAuthorityType": "ROOT",
    "CertificateAuthorityConfiguration": {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Subject": {"CommonName": "Hostile"},
    },
}
WHOLE = json.dumps(ISSUE).encode()
LARGE_ARN = b'{"CertificateAuthorityArn": "%b"}'


def _issue(world: World, body: bytes) -> bytes:
    return world.json("IssueCertificate", body)


def _describe(world: World, body: bytes) -> bytes:
    return world.json("DescribeCertificateAuthority", body)


def _with(whole: dict[str, Any], path: str, value: Any) -> bytes:
    """`whole` with one member set; a path of members has dots, and None of a value takes it away."""
    body = json.loads(json.dumps(whole))
    *parents, last = path.split(".")
    holder = body
    for parent in parents:
        holder = holder.setdefault(parent, {})
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return json.dumps(body).encode()


def _issue_with(*changes: tuple[str, Any]) -> list[bytes]:
    return [_with(ISSUE, path, value) for path, value in changes]


def _create_with(*changes: tuple[str, Any]) -> list[bytes]:
    return [_with(CREATE, path, value) for path, value in changes]


def _create(world: World, body: bytes) -> bytes:
    return world.json("CreateCertificateAuthority", body)


# No string, no number, and so on: for each type of the model what is not of it.
_NO_TEXT: tuple[Any, ...] = (1, True, ["x"], {"x": 1})
_NO_NUMBER: tuple[Any, ...] = ("1", 1.5, True, [1])
_NO_OBJECT: tuple[Any, ...] = ("x", 1, [], True)
_CONFIGURATION = "CertificateAuthorityConfiguration"

CASES: list[Case] = [
    *each(
        "json: no JSON",
        SERIALIZATION,
        _describe,
        (
            b"{",
            b"}",
            b"nul",
            b"{'CertificateAuthorityArn': 1}",
            b'{"CertificateAuthorityArn":}',
            b'{"CertificateAuthorityArn":"x",}',
            b"{} {}",
            b"{}x",
            b"\x00",
            b" ",
            b"\xef\xbb\xbf{}",
            b"CertificateAuthorityArn=x",
            b'{"CertificateAuthorityArn":"a\nb"}',
            b'{"CertificateAuthorityArn":"\\x41"}',
            b'{"CertificateAuthorityArn":01}',
            b"<xml/>",
            b"{/* */}",
        ),
    ),
    *each(
        "json: cut short",
        SERIALIZATION,
        _issue,
        [WHOLE[:size] for size in range(1, len(WHOLE), len(WHOLE) // 9)],
    ),
    *each("json: no object", SERIALIZATION, _describe, (b"[]", b"1", b'"x"', b"null", b"true", b"[{}]")),
    *each(
        "json: no UTF-8",
        SERIALIZATION,
        _describe,
        (
            LARGE_ARN % b"\xff",
            LARGE_ARN % b"\xc0\xaf",
            LARGE_ARN % b"\xed\xa0\x80",
            '{"CertificateAuthorityArn": "x"}'.encode("utf-16"),
            '{"CertificateAuthorityArn": "x"}'.encode("utf-32"),
            LARGE_ARN % "é".encode("latin-1"),
        ),
    ),
    *each(
        "json: lone surrogates",
        SERIALIZATION,
        _describe,
        (LARGE_ARN % b"\\ud800", LARGE_ARN % b"\\udfff", b'{"\\ud83d": 1}', LARGE_ARN % b"\\ude00\\ud83d"),
    ),
    *each(
        "json: no number",
        SERIALIZATION,
        _issue,
        [
            WHOLE.replace(b": 1}", b": %b}" % text)
            for text in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0x1")
        ],
    ),
    *each(
        "json: numbers without end",
        SERIALIZATION,
        _issue,
        [WHOLE.replace(b": 1}", b": %b}" % text) for text in (b"9" * 5000, b"1" + b"0" * 100_000, b"1.5")],
    ),
    *each(
        "json: a name twice",
        SERIALIZATION,
        _issue,
        (
            WHOLE[:-1] + b', "Csr": "Y3Ny"}',
            WHOLE[:-1] + b', "C\\u0073r": "Y3Ny"}',
            WHOLE.replace(b'"Value": 1', b'"Value": 1, "Value": 2'),
            b'{"x": {"y": 1, "y": 1}}',
        ),
    ),
    *each(
        "json: too deep",
        SERIALIZATION,
        _describe,
        (b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ),
    *[
        case
        for path in ("CertificateAuthorityArn", "Csr", "SigningAlgorithm", "TemplateArn", "Validity.Type")
        for case in each(
            f"json: {path} no text", SERIALIZATION, _issue, _issue_with(*((path, v) for v in _NO_TEXT))
        )
    ],
    *each(
        "json: Validity.Value no number",
        SERIALIZATION,
        _issue,
        _issue_with(*(("Validity.Value", v) for v in _NO_NUMBER)),
    ),
    *each(
        "json: Validity no object", SERIALIZATION, _issue, _issue_with(*(("Validity", v) for v in _NO_OBJECT))
    ),
    *each(
        "json: Configuration no object",
        SERIALIZATION,
        _create,
        _create_with(*((_CONFIGURATION, v) for v in _NO_OBJECT)),
    ),
    *each(
        "json: Tags no list of objects",
        SERIALIZATION,
        _create,
        _create_with(
            ("Tags", {}), ("Tags", "x"), ("Tags", [1]), ("Tags", [["Key", "x"]]), ("Tags", [{"Key": 1}])
        ),
    ),
    *each(
        "json: no base64",
        SERIALIZATION,
        _issue,
        _issue_with(("Csr", "*"), ("Csr", "Y3N"), ("Csr", "Y3Ny\n"), ("Csr", "Y3-_"), ("Csr", "Y3Ny====")),
    ),
    *each(
        "json: a member is missing",
        VALIDATION,
        _issue,
        [
            b"",
            b"{}",
            *_issue_with(
                *((path, None) for path in ISSUE), ("Validity.Type", None), ("Validity.Value", None)
            ),
        ],
    ),
    *each(
        "json: a member breaks its constraint",
        VALIDATION,
        _issue,
        _issue_with(
            ("CertificateAuthorityArn", ""),
            ("CertificateAuthorityArn", "arn"),
            ("CertificateAuthorityArn", "a" * 201),
            ("CertificateAuthorityArn", "arn:aws:s3:::bucket\n"),
            ("Csr", ""),
            ("SigningAlgorithm", "MD5WITHRSA"),
            ("SigningAlgorithm", "sha256withecdsa"),
            ("TemplateArn", "x"),
            ("Validity.Type", "WEEKS"),
            ("Validity.Type", "days"),
            ("Validity.Value", 0),
            ("Validity.Value", -1),
            ("IdempotencyToken", ""),
            ("IdempotencyToken", "x" * 37),
            ("IdempotencyToken", "snow \u2603"),
        ),
    ),
    *each(
        "json: a setting breaks its constraint",
        VALIDATION,
        _create,
        _create_with(
            ("CertificateAuthorityType", "INTERMEDIATE"),
            ("UsageMode", "SOMETIMES"),
            ("KeyStorageSecurityStandard", "FIPS_140_2_LEVEL_9_OR_HIGHER"),
            ("Tags", []),
            ("Tags", [{"Key": ""}]),
            ("Tags", [{"Key": "k" * 129}]),
            (f"{_CONFIGURATION}.KeyAlgorithm", "RSA_1024"),
            (f"{_CONFIGURATION}.SigningAlgorithm", "SHA1WITHRSA"),
            (f"{_CONFIGURATION}.Subject.Country", "USA"),
            (f"{_CONFIGURATION}.Subject.CommonName", "x" * 65),
        ),
    ),
    *rows(
        "json: names in the wrong case",
        VALIDATION,
        (
            "first letter",
            lambda w: w.json("DescribeCertificateAuthority", {"certificateAuthorityArn": w.issuer}),
        ),
        (
            "all letters",
            lambda w: w.json("DescribeCertificateAuthority", {"CERTIFICATEAUTHORITYARN": w.issuer}),
        ),
    ),
]
