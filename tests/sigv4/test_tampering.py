"""A signed request that was changed in any one way is refused."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from privyseal import sigv4
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.sigv4 import SignedRequest
from privyseal.value import changed
from tests.sigv4.requests import REGION, SECRET, SERVICE, by_botocore, signed_at

BODY = b'{"CertificateAuthorityArn":"arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/x"}'
ORIGINAL = by_botocore(
    url="http://127.0.0.1:8000/service/ACMPrivateCA/operation/IssueCertificate?limit=10&after=a%20b",
    headers={
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "ACMPrivateCA.IssueCertificate",
        "X-Amz-Content-Sha256": sha256(BODY).hexdigest(),
        "X-Custom": "one  two",
    },
    body=BODY,
    token="a-session-token",
)
NOW = signed_at(ORIGINAL)
Change = Callable[[SignedRequest], SignedRequest]


def _verify(request: SignedRequest) -> None:
    credential = sigv4.parse_authorization(request.headers)
    sigv4.verify(
        request, credential, SECRET, region=REGION, service=SERVICE, now=NOW, session_token="a-session-token"
    )


def _header(name: bytes, change: Callable[[bytes], bytes | None]) -> Change:
    def apply(request: SignedRequest) -> SignedRequest:
        fields = [(key, change(value) if key == name else value) for key, value in request.headers]
        return changed(request, headers=[(key, value) for key, value in fields if value is not None])

    return apply


def _swap(name: bytes, old: bytes, new: bytes) -> Change:
    def change(value: bytes) -> bytes:
        assert old in value
        return value.replace(old, new, 1)

    return _header(name, change)


def _add(name: bytes, value: bytes, *, first: bool = False) -> Change:
    pair = [(name, value)]
    return lambda r: changed(r, headers=[*pair, *r.headers] if first else [*r.headers, *pair])


def _set(**changes: Any) -> Change:
    return lambda r: changed(r, **changes)


def _always(value: bytes) -> Callable[[bytes], bytes]:
    return lambda _: value


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _changes() -> Iterator[tuple[str, Change]]:
    for method in ("GET", "PUT", "post", "POST ", "DELETE"):
        yield f"method {method}", _set(method=method)
    for path in (
        b"/",
        b"/service/ACMPrivateCA/operation/RevokeCertificate",
        b"/service/ACMPrivateCA/operation/IssueCertificate/",
        b"/service/ACMPrivateCA/operation/Issue%43ertificate",
        b"/service/ACMPrivateCA%2foperation/IssueCertificate",
        b"//service/ACMPrivateCA/operation/IssueCertificate",
        b"/service/./ACMPrivateCA/operation/IssueCertificate",
        b"/x/../service/ACMPrivateCA/operation/IssueCertificate",
        b"/SERVICE/ACMPrivateCA/operation/IssueCertificate",
    ):
        yield f"path {path!r}", _set(raw_path=path)
    for query in (
        b"",
        b"limit=11&after=a%20b",
        b"limit=10",
        b"limit=10&after=a+b",
        b"limit=10&after=a%20b&",
        b"limit=10&after=a%20b&limit=10",
        b"limit=10&after=a%2520b",
        b"Limit=10&after=a%20b",
    ):
        yield f"query {query!r}", _set(raw_query=query)
    for at in range(0, len(BODY), 6):
        yield f"body bit at {at}", _set(body=_flip(BODY, at))
    for body in (b"", BODY + b" ", BODY[:-1], b"\xef\xbb\xbf" + BODY):
        yield f"body {body[:8]!r} of {len(body)}", _set(body=body)
    for name, _ in ORIGINAL.headers:
        if name != b"authorization":
            yield f"no {name!r}", _header(name, lambda _: None)
            yield f"changed {name!r}", _header(name, lambda value: _flip(value, len(value) // 2))
            yield f"longer {name!r}", _header(name, lambda value: value + b"x")
            yield f"twice {name!r}", _add(name, dict(ORIGINAL.headers)[name])
            yield f"another before {name!r}", _add(name, b"other", first=True)
    yield (
        "an unsigned header in its place",
        lambda r: _add(b"x-amz-target", b"ACMPrivateCA.RevokeCertificate")(
            _header(b"x-amz-target", lambda _: None)(r)
        ),
    )
    yield "authorization twice", _add(b"authorization", dict(ORIGINAL.headers)[b"authorization"])
    yield "other authorization first", _add(b"authorization", b"Bearer x", first=True)
    yield from _authorization_changes()


def _authorization_changes() -> Iterator[tuple[str, Change]]:
    value = dict(ORIGINAL.headers)[b"authorization"]
    signature_at = value.index(b"Signature=") + len(b"Signature=")
    for at in range(signature_at, len(value), 4):
        digit = b"0" if value[at : at + 1] != b"0" else b"1"
        other = value[:at] + digit + value[at + 1 :]
        yield f"signature digit {at - signature_at}", _header(b"authorization", _always(other))
    day = value.split(b"/")[1]
    for old, new in (
        (b"/" + day, b"/20200101"),
        (b"/us-east-1/", b"/us-west-2/"),
        (b"/acm-pca/", b"/sts/"),
        (b"/aws4_request", b"/aws5_request"),
        (b"/aws4_request", b""),
        (b";host", b""),
        (b";x-amz-date", b""),
        (b";x-amz-target", b""),
        (b";x-amz-content-sha256", b""),
        (b";x-amz-security-token", b""),
        (b";x-custom", b""),
        (b"content-type;", b""),
        (b"content-type;host", b"host;content-type"),
        (b";host", b";host;host"),
        (b";host", b";Host"),
        (b"SignedHeaders=", b"SignedHeaders=accept;"),
        (b"SignedHeaders=", b"Signedheaders="),
        (b"Signature=", b"Signature=0"),
        (b"Signature=", b"Signature= "),
        (b"AWS4-HMAC-SHA256", b"AWS4-HMAC-SHA512"),
        (b"AWS4-HMAC-SHA256", b"aws4-hmac-sha256"),
        (b"AWS4-HMAC-SHA256 ", b"AWS4-HMAC-SHA256  "),
        (b"AKIDEXAMPLE", b"AKIDEXAMPLE/x"),
        (b"AKIDEXAMPLE", b""),
        (b"AKIDEXAMPLE", b"AKID EXAMPLE"),
    ):
        yield f"authorization {old!r} to {new!r}", _swap(b"authorization", old, new)
    yield "authorization ends early", _header(b"authorization", lambda v: v[:-1])
    yield "authorization goes on", _header(b"authorization", lambda v: v + b", Signature=" + b"0" * 64)
    yield (
        "authorization has upper case",
        _header(b"authorization", lambda v: v[:signature_at] + v[signature_at:].upper()),
    )
    yield "authorization is long", _header(b"authorization", lambda v: v + b" " * 5000)


CHANGES = list(_changes())


def test_the_original_is_verified() -> None:
    """What the changes below start from is good."""
    _verify(ORIGINAL)


def test_the_table_is_long_and_each_row_changes_something() -> None:
    """At least a hundred changes, all different from the original."""
    assert len(CHANGES) >= 100
    assert len({name for name, _ in CHANGES}) == len(CHANGES)
    assert not [name for name, change in CHANGES if change(ORIGINAL) == ORIGINAL]


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES])
def test_a_changed_request_is_refused(change: Change) -> None:
    """With an error about its credentials, whatever was changed."""
    with pytest.raises(PrivySealError) as refused:
        _verify(change(ORIGINAL))
    assert refused.value.code in {
        ErrorCode.MALFORMED_CREDENTIALS,
        ErrorCode.UNKNOWN_CREDENTIALS,
        ErrorCode.BAD_SIGNATURE,
    }


@pytest.mark.parametrize("secret", ["", SECRET[:-1], SECRET + "x", SECRET.lower(), "None"])
def test_another_secret_does_not_fit(secret: str) -> None:
    """Near misses of the secret are refused like any other."""
    credential = sigv4.parse_authorization(ORIGINAL.headers)
    with pytest.raises(PrivySealError, match="does not match"):
        sigv4.verify(
            ORIGINAL,
            credential,
            secret,
            region=REGION,
            service=SERVICE,
            now=NOW + timedelta(minutes=1),
            session_token="a-session-token",
        )
