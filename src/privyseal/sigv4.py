"""AWS Signature Version 4 in its header form: make one, verify one. Pure: no clock, no I/O.

Source: AWS IAM user guide, "AWS Signature Version 4 for API requests". Refused by design: presigned
queries, unsigned and streaming payloads, SigV4A. The hash of the body is always that of the bytes
received, and a path or query is verified only in its normal form, so what was signed is exactly
what is dispatched on.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from privyseal.errors import ErrorCode, PrivySealError

# Names in lower case, values as they came: the form that ASGI has.
Headers = Sequence[tuple[bytes, bytes]]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
SKEW: Final = timedelta(minutes=5)

# Headers that decide what a request means: they occur once.
SINGLE: Final = frozenset(
    {
        b"authorization",
        b"content-type",
        b"host",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-target",
    }
)
# … and these are covered by the signature whenever they are there.
SIGNED: Final = (b"host", b"x-amz-content-sha256", b"x-amz-date", b"x-amz-security-token", b"x-amz-target")

_MAX_AUTHORIZATION: Final = 4096
_AUTHORIZATION = re.compile(
    rb"\AAWS4-HMAC-SHA256 Credential=(?P<id>[A-Za-z0-9_]{1,128})/(?P<date>[0-9]{8})"
    rb"/(?P<region>[A-Za-z0-9-]{1,64})/(?P<service>[A-Za-z0-9-]{1,64})/(?P<end>[A-Za-z0-9_]{1,32})"
    rb", ?SignedHeaders=(?P<signed>[!#$%&'*+.^_`|~0-9a-z-]+(?:;[!#$%&'*+.^_`|~0-9a-z-]+)*)"
    rb", ?Signature=(?P<signature>[0-9a-f]{64})\Z"
)
_TIMESTAMP = re.compile(r"\A[0-9]{8}T[0-9]{6}Z\Z")
_PRESIGNED = re.compile(r"\AX-Amz-(?:Algorithm|Credential|Signature)\Z", re.IGNORECASE)

_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it was received; nothing in it has been decoded."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What an Authorization header claims; `fields` are the request's headers, each name once."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[bytes, ...]
    signature: str
    fields: Mapping[bytes, bytes] = field(repr=False, compare=False)


def parse_authorization(headers: Headers) -> Credential:
    """Read the claim of a request.

    Raises MISSING_CREDENTIALS without an Authorization header, MALFORMED_CREDENTIALS for anything
    but one strict AWS4-HMAC-SHA256 header, and for a header of `SINGLE` that occurs twice.
    """
    fields = _fields(headers)
    value = fields.get(b"authorization")
    if value is None:
        raise PrivySealError(ErrorCode.MISSING_CREDENTIALS, "Missing Authentication Token")
    match = _AUTHORIZATION.match(value) if len(value) <= _MAX_AUTHORIZATION else None
    if match is None:
        raise _malformed(_what_is_wrong_with(value))
    key_id, date, region, service, end, signed, signature = (part.decode() for part in match.groups())
    if end != TERMINATOR:
        raise _bad(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{end}'.")
    signed_headers = tuple(signed.encode().split(b";"))
    if list(signed_headers) != sorted(set(signed_headers)):
        raise _malformed("SignedHeaders must be in alphabetical order, each name once.")
    return Credential(key_id, date, region, service, signed_headers, signature, fields)


def verify(
    request: SignedRequest,
    credential: Credential,
    secret_key: str,
    *,
    region: str,
    service: str,
    now: datetime,
    session_token: str | None = None,
) -> None:
    """Return when `secret_key` has signed exactly this request, at most five minutes from `now`.

    Raises BAD_SIGNATURE (AWS's wording) or MALFORMED_CREDENTIALS.
    """
    fields = credential.fields
    timestamp = _check_date(credential, now)
    _check_scope(credential, region, service)
    _check_coverage(credential)
    _check_session_token(fields.get(b"x-amz-security-token"), session_token)
    body_hash = sha256(request.body).hexdigest().encode()
    if fields.get(b"x-amz-content-sha256", body_hash) != body_hash:
        raise _bad(
            "The x-amz-content-sha256 header is not the SHA-256 of the body that arrived; unsigned and "
            "streaming payloads are not accepted."
        )
    signed = [(name, fields[name]) for name in credential.signed_headers]
    path, query = request.raw_path, request.raw_query
    if path != b"/" and normal_path(path) != path:
        raise _bad("The path is not in its normal form: no empty, '.' or '..' segments.")
    canonical = canonical_request(request.method, path, query, signed, body_hash)
    key = signing_key(secret_key, credential.date, region, service)
    scope = f"{credential.date}/{region}/{service}/{TERMINATOR}"
    if not hmac.compare_digest(_signature(key, timestamp, scope, canonical), credential.signature):
        raise _bad(_MISMATCH)


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key_id: str,
    secret_key: str,
    region: str,
    service: str,
    now: datetime,
    session_token: str | None = None,
) -> dict[str, str]:
    """The headers to send: those given, Host, X-Amz-Date and Authorization. All of them are signed."""
    parts = urlsplit(url)
    timestamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    sent = {"Host": _host(parts.scheme, parts.netloc)} | dict(headers) | {"X-Amz-Date": timestamp}
    if session_token:
        sent["X-Amz-Security-Token"] = session_token
    fields = sorted((name.lower().encode(), value.encode()) for name, value in sent.items())
    path = normal_path(parts.path.encode() or b"/")
    body_hash = sha256(body).hexdigest().encode()
    canonical = canonical_request(method, path, parts.query.encode(), fields, body_hash)
    scope = f"{timestamp[:8]}/{region}/{service}/{TERMINATOR}"
    key = signing_key(secret_key, timestamp[:8], region, service)
    names = b";".join(name for name, _ in fields).decode()
    signature = _signature(key, timestamp, scope, canonical)
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return sent


def canonical_request(method: str, path: bytes, raw_query: bytes, signed: Headers, body_hash: bytes) -> bytes:
    """The text that is hashed and signed; `path` is in its normal form, `signed` sorted by name."""
    lines = [method.encode(), b"/" if path == b"/" else quote(path, safe="/~").encode()]
    lines.append(canonical_query(raw_query) if raw_query else b"")
    lines += [b"%b:%b" % (name, b" ".join(value.split())) for name, value in signed]
    lines += [b"", b";".join([name for name, _ in signed]), body_hash]
    return b"\n".join(lines)


def normal_path(path: bytes) -> bytes:
    """RFC 3986 §5.2.4 without dot segments, and without empty segments, as AWS has it outside S3."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in {b"", b"."}:
            kept.append(segment)
    last = b"/" if path.endswith(b"/") and kept else b""
    return b"/" + b"/".join(kept) + last


def split_query(raw_query: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values, percent-decoded; a plus sign is a plus sign, as it is in a signature."""
    pairs = (pair.partition(b"=") for pair in raw_query.split(b"&")) if raw_query else ()
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def canonical_query(raw_query: bytes) -> bytes:
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in split_query(raw_query))
    return "&".join(f"{name}={value}" for name, value in encoded).encode()


def is_presigned(raw_query: bytes) -> bool:
    return any(_PRESIGNED.match(name.decode("latin-1")) for name, _ in split_query(raw_query))


@lru_cache(maxsize=1024)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _signature(key: bytes, timestamp: str, scope: str, canonical: bytes) -> str:
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical).hexdigest()}"
    return hmac.digest(key, text.encode(), "sha256").hex()
