"""The text that a signature covers, and the key and the algorithm that make it.

Source: AWS IAM user guide, "Create a signed AWS API request", steps 1 to 4.
"""

import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote, unquote_to_bytes

# Names in lower case, values as they came: the form that ASGI has.
Headers = Sequence[tuple[bytes, bytes]]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"


def canonical_request(
    method: str,
    path: bytes,
    raw_query: bytes,
    signed: Sequence[bytes],
    fields: Mapping[bytes, bytes],
    *,
    body_hash: bytes,
) -> bytes:
    """`path` is percent-encoded as sent, and encoded once more here, as everywhere but in S3; `signed` are
    names of `fields`, sorted; `body_hash` is hexadecimal.
    """
    headers = [name + b":" + trim(fields[name]) for name in signed]
    first = (method.encode(), _canonical_path(path), canonical_query(raw_query))
    return b"\n".join([*first, *headers, b"", b";".join(signed), body_hash])


@lru_cache(maxsize=64)  # the same few all the time
def _canonical_path(path: bytes) -> bytes:
    return quote(path, safe="/~").encode()


def trim(value: bytes) -> bytes:
    """A header's value with no space around it and single spaces inside."""
    return b" ".join(value.split())


def normal_path(path: bytes) -> bytes:
    """Without dot segments (RFC 3986 §5.2.4), and without empty segments, as AWS has it outside S3."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in {b"", b"."}:
            kept.append(segment)
    last = b"/" if kept and path.endswith(b"/") else b""
    return b"/" + b"/".join(kept) + last


def split_query(raw_query: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values, percent-decoded; a plus sign is a plus sign, as it is in a signature."""
    if not raw_query:
        return []
    pairs = [pair.partition(b"=") for pair in raw_query.split(b"&")]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def canonical_query(raw_query: bytes) -> bytes:
    """Every name and value percent-encoded again (RFC 3986 unreserved characters stay), then sorted."""
    if not raw_query:
        return b""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in split_query(raw_query))
    return "&".join([f"{name}={value}" for name, value in pairs]).encode()


@lru_cache(maxsize=1024)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service; a few are in use at a time, so they are remembered."""
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def scope(date: str, region: str, service: str) -> str:
    return f"{date}/{region}/{service}/{TERMINATOR}"


def signature(key: bytes, timestamp: str, credential_scope: str, canonical: bytes) -> str:
    text = f"{ALGORITHM}\n{timestamp}\n{credential_scope}\n{sha256(canonical).hexdigest()}"
    keyed = _keyed(key).copy()
    keyed.update(text.encode())
    return keyed.hexdigest()


@lru_cache(maxsize=1024)
def _keyed(key: bytes) -> hmac.HMAC:
    """An HMAC that has taken in its key and nothing else, to be copied. Unlike `hmac.digest`, a copy
    does not let other threads have a turn in between, which costs more than the hash does.
    """
    return hmac.new(key, digestmod="sha256")
