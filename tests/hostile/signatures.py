"""Requests that somebody else has signed, or that were signed as something else than they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.hostile.case import (
    BAD_HTTP,
    BAD_SIGNATURE,
    NO_CREDENTIALS,
    SERIALIZATION,
    UNKNOWN_CREDENTIALS,
    UNREADABLE_CREDENTIALS,
    Case,
    Make,
    rows,
)
from tests.hostile.wire import JSON_TYPE, World

UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _changed(**changes: Any) -> Make:
    """A good request with these changes after it was signed, or in how it is signed."""
    return lambda world: world.json(
        "DescribeCertificateAuthority", {"CertificateAuthorityArn": world.issuer}, **changes
    )


def _authorization(edit: Callable[[str], str]) -> Make:
    """A good request with another Authorization header."""

    def make(world: World) -> bytes:
        head, end, body = world.describe().partition(b"\r\n\r\n")
        lines = [
            f"Authorization: {edit(line.removeprefix('Authorization: '))}"
            if line.startswith("Authorization: ")
            else line
            for line in head.decode().split("\r\n")
        ]
        return "\r\n".join(lines).encode("latin-1") + end + body

    return make


def _instead(old: str, new: str) -> Make:
    return _authorization(lambda text: text.replace(old, new))


def _signed_header(name: str, value: str) -> Make:
    """A good request with one more header, which is signed."""
    return _changed(headers={name: value})


def _scoped(part: int, text: str) -> Make:
    """Another part of the credential scope: 0 key, 1 date, 2 region, 3 service, 4 terminator."""

    def edit(value: str) -> str:
        head, credential, tail = value[:28], *value[28:].split(",", 1)
        parts = credential.split("/")
        parts[part] = text
        return f"{head}{'/'.join(parts)},{tail}"

    return _authorization(lambda value: edit(value.replace("Credential=", "Credential=")))


def _flipped(position: int) -> Make:
    """One digit of the signature is another one."""

    def edit(value: str) -> str:
        digits = list(value[-64:])
        digits[position] = "0" if digits[position] != "0" else "1"
        return value[:-64] + "".join(digits)

    return _authorization(edit)


CASES: list[Case] = [
    *rows(
        "sigv4: none",
        NO_CREDENTIALS,
        ("no header", _changed(drop=("Authorization",))),
        ("under another name", _changed(drop=("Authorization",), add=("X-Authorization: AWS4-HMAC-SHA256",))),
    ),
    *rows(
        "sigv4: another scheme",
        UNREADABLE_CREDENTIALS,
        ("empty", _authorization(lambda _: "")),
        ("basic", _authorization(lambda _: "Basic QUtJQTpzZWNyZXQ=")),
        ("bearer", _authorization(lambda _: "Bearer eyJhbGciOiJub25lIn0.e30.")),
        ("version 2", _authorization(lambda _: "AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=")),
        ("SHA-512", _instead("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512")),
        ("in lower case", _instead("AWS4-HMAC-SHA256", "aws4-hmac-sha256")),
        ("SigV4A", _instead("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
    ),
    *rows(
        "sigv4: an unreadable header",
        UNREADABLE_CREDENTIALS,
        ("no credential", _instead("Credential=", "Credentials=")),
        ("no signed headers", _instead("SignedHeaders=", "Signed=")),
        ("no signature", _instead("Signature=", "Sig=")),
        ("the algorithm alone", _authorization(lambda _: "AWS4-HMAC-SHA256")),
        ("a part more", _authorization(lambda text: text + ", Extra=1")),
        ("a signature more", _authorization(lambda text: text + ", " + text[-74:])),
        ("parts in another order", _authorization(lambda text: ", ".join(reversed(text.split(", "))))),
        ("upper-case digits", _authorization(lambda text: text[:-64] + "A" * 64)),
        ("63 digits", _authorization(lambda text: text[:-1])),
        ("65 digits", _authorization(lambda text: text + "0")),
        ("a tab between", _instead(", ", ",\t")),
        ("5 kB of header names", _instead("SignedHeaders=", "SignedHeaders=" + "a" * 5000 + ";")),
        ("a scope of four parts", _instead("/aws4_request", "")),
        ("a scope of six parts", _instead("/aws4_request", "/x/aws4_request")),
        ("a key with a slash", _instead("Credential=AKIA", "Credential=AK/IA")),
        ("a key of 200 letters", _instead("Credential=", "Credential=" + "A" * 200)),
        ("an empty key", _authorization(lambda text: text.replace(text[28:48], "", 1))),
        ("letters beyond ASCII", _instead("Credential=", "Credential=\xe9")),
        ("the header twice", _changed(add=("Authorization: AWS4-HMAC-SHA256 Credential=x",))),
    ),
    *rows(
        "sigv4: an unknown key",
        UNKNOWN_CREDENTIALS,
        ("made up", _changed(key_id="AKIAIOSFODNN7EXAMPLE")),
        ("in lower case", _authorization(lambda text: text.replace("AKIA", "akia", 1))),
        ("a session token that is signed", _changed(session_token="FwoGZXIvYXdzEXAMPLE")),
    ),
    *rows(
        "sigv4: another scope",
        BAD_SIGNATURE,
        ("region", _changed(region="eu-central-1")),
        ("an empty-looking region", _changed(region="-")),
        ("service", _changed(service="s3")),
        ("sts", _changed(service="sts")),
        ("our own API's service", _changed(service="privyseal")),
        ("terminator", _instead("/aws4_request", "/aws5_request")),
        ("region in the header only", _instead("/us-east-1/", "/us-west-2/")),
    ),
    *rows(
        "sigv4: another secret or signature",
        BAD_SIGNATURE,
        ("another secret", _changed(secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
        ("an empty secret", _changed(secret="")),
        ("zeros", _authorization(lambda text: text[:-64] + "0" * 64)),
        ("the first digit", _flipped(0)),
        ("a digit in the middle", _flipped(31)),
        ("the last digit", _flipped(63)),
    ),
    *rows(
        "sigv4: another time",
        BAD_SIGNATURE,
        ("six minutes late", _changed(late=timedelta(minutes=6))),
        ("six minutes early", _changed(late=-timedelta(minutes=6))),
        ("a day late", _changed(late=timedelta(days=1))),
        ("a year early", _changed(late=-timedelta(days=365))),
        ("1970", _changed(replace={"X-Amz-Date": "19700101T000000Z"})),
        ("9999", _changed(replace={"X-Amz-Date": "99991231T235959Z"})),
        ("another day in the scope", _authorization(lambda text: text.replace("/20", "/19", 1))),
    ),
    *rows(
        "sigv4: no time",
        UNREADABLE_CREDENTIALS,
        ("no X-Amz-Date", _changed(drop=("X-Amz-Date",))),
        ("Date instead", _changed(drop=("X-Amz-Date",), add=("Date: Sat, 21 Nov 2026 10:00:00 GMT",))),
        ("an empty one", _changed(replace={"X-Amz-Date": ""})),
        ("in the long form", _changed(replace={"X-Amz-Date": "2026-11-21T10:00:00Z"})),
        ("with an offset", _changed(replace={"X-Amz-Date": "20261121T100000+0000"})),
        ("the 31st of February", _changed(replace={"X-Amz-Date": "20260231T100000Z"})),
        ("the 61st minute", _changed(replace={"X-Amz-Date": "20261121T106100Z"})),
        ("digits of another script", _changed(replace={"X-Amz-Date": "2026112\xb9T100000Z"})),
        ("twice", _changed(add=("X-Amz-Date: 20261121T100000Z",))),
    ),
    *rows(
        "sigv4: changed on the way",
        BAD_SIGNATURE,
        ("another body", _changed(sent_body=b'{"CertificateAuthorityArn": "x"}')),
        ("no body", _changed(sent_body=b"")),
        ("a byte more", _changed(sent_body=b"{} ")),
        ("another target", _changed(replace={"X-Amz-Target": "ACMPrivateCA.DeleteCertificateAuthority"})),
        ("another content type", _changed(replace={"Content-Type": f"{JSON_TYPE}; charset=utf-8"})),
        ("a query", _changed(sent_target="/?x=1")),
        ("a query of nothing", _changed(sent_target="/?=")),
        ("another method", _changed(sent_method="POST", replace={"Host": "127.0.0.2"})),
    ),
    *rows(
        "sigv4: relayed from another host",
        BAD_SIGNATURE,
        ("another name", _changed(replace={"Host": "acm-pca.us-east-1.amazonaws.com"})),
        ("another port", _changed(replace={"Host": "127.0.0.1:1"})),
        ("localhost", _changed(replace={"Host": "localhost"})),
        ("a trailing dot", _changed(replace={"Host": "127.0.0.1."})),
        ("an empty one", _changed(replace={"Host": ""})),
    ),
    *rows(
        "sigv4: headers that must be signed",
        UNREADABLE_CREDENTIALS,
        ("Host is not", _instead(";host;", ";")),
        ("X-Amz-Date is not", _instead(";x-amz-date", "")),
        ("X-Amz-Target is not", _instead(";x-amz-target", "")),
        ("a session token beside", _changed(add=("X-Amz-Security-Token: x",))),
        ("a hash beside", _changed(add=(f"X-Amz-Content-Sha256: {EMPTY_HASH}",))),
        ("a second target", _changed(add=("X-Amz-Target: ACMPrivateCA.ListTags",))),
        ("a second content type", _changed(add=("Content-Type: text/plain",)), SERIALIZATION),
        ("out of order", _instead("content-type;host", "host;content-type")),
        ("twice", _instead("content-type;host", "content-type;host;host")),
        ("in upper case", _instead("content-type;host", "Content-Type;Host")),
        ("an empty name", _instead("content-type;host", "content-type;;host")),
    ),
    *rows(
        "sigv4: a header that is not there",
        BAD_SIGNATURE,
        ("named", _instead("x-amz-target", "x-amz-target;x-amz-user-agent")),
        ("taken away", _changed(headers={"X-Extra": "1"}, drop=("X-Extra",))),
    ),
    *rows(
        "sigv4: no hash of the body",
        BAD_SIGNATURE,
        ("unsigned", _signed_header("X-Amz-Content-Sha256", UNSIGNED)),
        ("streaming", _signed_header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")),
        ("streaming without", _signed_header("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")),
        ("of nothing", _signed_header("X-Amz-Content-Sha256", EMPTY_HASH)),
        ("empty", _signed_header("X-Amz-Content-Sha256", "")),
    ),
    *rows(
        "sigv4: in the query",
        UNREADABLE_CREDENTIALS,
        ("a whole one", _changed(sent_target="/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0")),
        ("beside a header", _changed(sent_target="/?X-Amz-Signature=0")),
        ("in lower case", _changed(sent_target="/?x-amz-signature=0")),
        ("escaped", _changed(sent_target="/?X-Amz%2DSignature=0")),
    ),
    *rows(
        "sigv4: a method that is none",
        BAD_HTTP,
        ("in lower case", _changed(sent_method="post")),
    ),
]
