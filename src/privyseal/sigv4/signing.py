"""The client's side: headers that carry a signature."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from privyseal.sigv4.canonical import (
    ALGORITHM,
    canonical_request,
    normal_path,
    scope,
    signature,
    signing_key,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


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
    """The headers to send: those given, Host, X-Amz-Date and Authorization. All of them are signed.

    `url` is sent exactly as given here: percent-encoded, without empty or dot segments.
    """
    parts = urlsplit(url)
    timestamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    date = timestamp[:8]
    sent = {"Host": host(url)} | dict(headers) | {"X-Amz-Date": timestamp}
    if session_token:
        sent["X-Amz-Security-Token"] = session_token
    fields = {name.lower().encode(): value.encode() for name, value in sent.items()}
    names = sorted(fields)
    path = normal_path(parts.path.encode())
    body_hash = sha256(body).hexdigest().encode()
    canonical = canonical_request(
        method.upper(), path, parts.query.encode(), names, fields, body_hash=body_hash
    )
    credential_scope = scope(date, region, service)
    key = signing_key(secret_key, date, region, service)
    signed = b";".join(names).decode()
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={access_key_id}/{credential_scope}, SignedHeaders={signed}, "
        f"Signature={signature(key, timestamp, credential_scope, canonical)}"
    )
    return sent


def host(url: str) -> str:
    """The Host header of a URL: no user, no default port (RFC 9110 §7.2)."""
    parts = urlsplit(url)
    name = parts.netloc.rpartition("@")[2]
    if parts.port is not None and parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return name.rpartition(":")[0]
    return name
