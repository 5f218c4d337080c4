"""The server's side: is this request what the holder of the key has signed, and is it fresh?"""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Final

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.sigv4.canonical import (
    ALGORITHM,
    TERMINATOR,
    Headers,
    canonical_request,
    scope,
    signature,
    signing_key,
    split_query,
    trim,
)
from privyseal.value import Value

# IAM user guide: a request must arrive within five minutes of its time stamp.
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
# … and these are covered by the signature whenever they are there (Host always is).
SIGNED: Final = (b"x-amz-content-sha256", b"x-amz-date", b"x-amz-security-token", b"x-amz-target")

_AUTHORIZATION_BYTES: Final = 4096
_AUTHORIZATION = re.compile(
    r"\AAWS4-HMAC-SHA256 Credential=([A-Za-z0-9_]{1,128})/([0-9]{8})"
    r"/([A-Za-z0-9-]{1,64})/([A-Za-z0-9-]{1,64})/([A-Za-z0-9_]{1,32})"
    r", ?SignedHeaders=([!#$%&'*+.^_`|~0-9a-z-]+(?:;[!#$%&'*+.^_`|~0-9a-z-]+)*)"
    r", ?Signature=([0-9a-f]{64})\Z"
)
_TIMESTAMP = re.compile(r"\A([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z\Z")
_PRESIGNED = re.compile(rb"\AX-Amz-(?:Algorithm|Credential|Signature)\Z", re.IGNORECASE)

# Wordings of AWS, which clients and people search for.
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
_INVALID_TOKEN: Final = (
    "The security token included in the request is invalid. The access key has no session token: unset "  # noqa: S105 - a message
    "AWS_SESSION_TOKEN."
)
_NOT_THE_BODY: Final = (
    "The value of x-amz-content-sha256 is not the SHA-256 of the body that arrived. Unsigned and streaming "
    "payloads are not accepted."
)


class SignedRequest(Value, frozen=True):
    """A request as it was received; nothing in it has been decoded."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Headers
    body: bytes


class Credential(Value, frozen=True):
    """What an Authorization header claims; `fields` are the request's headers, each name once."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[bytes, ...]
    signature: str
    fields: Mapping[bytes, bytes]


def parse_authorization(headers: Headers) -> Credential:
    """Read the claim of a request.

    Raises MISSING_CREDENTIALS without an Authorization header, MALFORMED_CREDENTIALS for anything but
    one AWS4-HMAC-SHA256 header as the SDKs write it, or when a header of `SINGLE` occurs twice.
    """
    fields = _each_once(headers)
    value = fields.get(b"authorization")
    if value is None:
        raise PrivySealError(ErrorCode.MISSING_CREDENTIALS, "Missing Authentication Token")
    text = value.decode("latin-1")
    match = _AUTHORIZATION.match(text) if len(text) <= _AUTHORIZATION_BYTES else None
    if match is None:
        raise _malformed(_fault_in(text))
    key_id, date, region, service, end, names, claimed = match.groups()
    if end != TERMINATOR:
        raise _bad(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{end}'.")
    return Credential(key_id, date, region, service, _header_names(names), claimed, fields)


def is_presigned(raw_query: bytes) -> bool:
    """Whether the query carries a signature, which is the form that is not accepted."""
    return any(_PRESIGNED.match(name) for name, _ in split_query(raw_query))


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

    Raises MALFORMED_CREDENTIALS, UNKNOWN_CREDENTIALS (session token) or BAD_SIGNATURE.
    """
    timestamp = _fresh_timestamp(credential, now)
    _check_scope(credential, region, service)
    _check_signed_headers(credential)
    _check_session_token(credential.fields, session_token)
    body_hash = sha256(request.body).hexdigest().encode()
    if credential.fields.get(b"x-amz-content-sha256", body_hash) != body_hash:
        raise _bad(_NOT_THE_BODY)
    canonical = canonical_request(
        request.method,
        request.raw_path,
        request.raw_query,
        credential.signed_headers,
        credential.fields,
        body_hash=body_hash,
    )
    key = signing_key(secret_key, credential.date, region, service)
    expected = signature(key, timestamp, scope(credential.date, region, service), canonical)
    if not hmac.compare_digest(expected, credential.signature):
        raise _bad(_MISMATCH)


def _each_once(headers: Headers) -> dict[bytes, bytes]:
    """Header values by name; repeated ones joined as a signature has them."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if name not in fields:
            fields[name] = value
        elif name in SINGLE:
            raise _malformed(f"The header '{name.decode()}' must not occur more than once.")
        else:
            fields[name] = trim(fields[name]) + b"," + trim(value)
    return fields


@lru_cache(maxsize=256)  # a client signs the same headers every time
def _header_names(names: str) -> tuple[bytes, ...]:
    split = tuple(names.encode().split(b";"))
    if any(name >= after for name, after in pairwise(split)):
        raise _malformed("SignedHeaders must name each header once, in alphabetical order.")
    return split


def _fault_in(authorization: str) -> str:
    if authorization.startswith("AWS4-ECDSA-P256-SHA256"):
        return f"SigV4A signatures are not accepted: sign with {ALGORITHM} for one region."
    if not authorization.startswith(f"{ALGORITHM} "):
        return f"Authorization header requires the algorithm '{ALGORITHM}'."
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "SignedHeaders", "Signature")
        if f"{name}=" not in authorization
    ]
    form = f"{ALGORITHM} Credential=ID/DATE/REGION/SERVICE/{TERMINATOR}, SignedHeaders=A;B, Signature=HEX"
    return " ".join(missing) or f"Authorization header must have the form: {form}"


def _fresh_timestamp(credential: Credential, now: datetime) -> str:
    value = credential.fields.get(b"x-amz-date")
    if value is None:
        raise _malformed("Authorization header requires existence of a 'X-Amz-Date' header.")
    timestamp = value.decode("latin-1")
    at = _parse_timestamp(timestamp)
    if not timestamp.startswith(credential.date):
        raise _bad(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{credential.date}' != '{timestamp[:8]}', from '{timestamp}'."
        )
    if at < now - SKEW:
        limits = f"{_iso(now - SKEW)} ({_iso(now)} - 5 min.)"
        raise _bad(f"Signature expired: {timestamp} is now earlier than {limits}")
    if at > now + SKEW:
        limits = f"{_iso(now + SKEW)} ({_iso(now)} + 5 min.)"
        raise _bad(f"Signature not yet current: {timestamp} is still later than {limits}")
    return timestamp


@lru_cache(maxsize=64)  # many requests of one second
def _parse_timestamp(timestamp: str) -> datetime:
    match = _TIMESTAMP.match(timestamp)
    if match is None:
        raise _malformed("X-Amz-Date must be in ISO-8601 'basic format': YYYYMMDD'T'HHMMSS'Z'.")
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _malformed("X-Amz-Date is not a date of the calendar.") from None


def _check_scope(credential: Credential, region: str, service: str) -> None:
    if credential.region != region:
        raise _bad(
            f"Credential should be scoped to a valid region, not '{credential.region}'. "
            f"This deployment is in '{region}'."
        )
    if credential.service != service:
        raise _bad(f"Credential should be scoped to correct service: '{service}'.")


def _check_signed_headers(credential: Credential) -> None:
    """All that must be signed is, and all that is signed is there."""
    fields, names = credential.fields, credential.signed_headers
    if b"host" not in names:
        raise _malformed("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    for name in SIGNED:
        if name in fields and name not in names:
            raise _malformed(f"'{name.decode()}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in names:
        if name not in fields:
            raise _bad(f"The request has no header '{name.decode()}', which SignedHeaders names.")


def _check_session_token(fields: Mapping[bytes, bytes], expected: str | None) -> None:
    given = fields.get(b"x-amz-security-token")
    if given is None and expected is None:
        return
    if given is None or expected is None or not hmac.compare_digest(given, expected.encode()):
        raise PrivySealError(ErrorCode.UNKNOWN_CREDENTIALS, _INVALID_TOKEN)


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _malformed(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.MALFORMED_CREDENTIALS, message)


def _bad(message: str) -> PrivySealError:
    return PrivySealError(ErrorCode.BAD_SIGNATURE, message)
