"""Smithy rpc-v2-cbor: CBOR with byte strings for blobs and tag 1 for timestamps.

Source: Smithy 2.0, "Smithy RPC v2 CBOR protocol"; RFC 8949.
"""

import io
from datetime import datetime
from typing import Any, NoReturn

import cbor2
import msgspec
from msgspec import Struct

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import constraints, errors
from privyseal.frontends.http import Response

CONTENT_TYPE = b"application/cbor"
PROTOCOL = b"rpc-v2-cbor"  # the value of the smithy-protocol header, in both directions
_MAX_DEPTH = 32


def decode(body: bytes, shape: type[Struct]) -> Struct:
    return constraints.convert(parse(body) if body else {}, shape, blobs_are_bytes=True)


def parse(body: bytes) -> dict[str, Any]:
    """One CBOR map and nothing after it: no tag but the timestamp's, no duplicate keys."""
    try:
        decoder = cbor2.CBORDecoder(
            io.BytesIO(body),
            max_depth=_MAX_DEPTH,
            allow_duplicate_keys=False,
            semantic_decoders=_NO_TAGS,
            tag_hook=_refuse_tag,
        )
        value = decoder.decode()
        trailing = _has_more(decoder)
    except (cbor2.CBORError, ValueError, OverflowError) as error:
        raise _malformed(str(error)) from None
    if trailing:
        raise _malformed("bytes follow the first value")
    if not isinstance(value, dict):
        raise _malformed("it must be a map")
    return value


def answer(value: Any, _operation: str, request_id: str) -> Response:
    if value is None:
        return Response(200, b"", _headers(request_id))
    plain = msgspec.to_builtins(value, builtin_types=(bytes, datetime))
    body = cbor2.dumps(plain, datetime_as_timestamp=True)
    return Response(200, body, _headers(request_id))


def refuse(error: PrivySealError, request_id: str, names: errors.Names = errors.WIRE) -> Response:
    name, status = names[error.code]
    body = cbor2.dumps({"__type": name, "message": error.message})
    return Response(status, body, _headers(request_id), error.code.value)


def _headers(request_id: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", CONTENT_TYPE),
        (b"smithy-protocol", PROTOCOL),
        (b"x-amzn-requestid", request_id.encode()),
    ]


def _has_more(decoder: cbor2.CBORDecoder) -> bool:
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return False
    return True


def _refuse_tag(*_: Any) -> NoReturn:
    message = "the only tag is 1, a timestamp"
    raise ValueError(message)


# The tags that the library would decode by itself: dates, big numbers, fractions, shared and cyclic
# references, regular expressions, addresses … (IANA "CBOR Tags" registry).
_LIBRARY_TAGS = (
    0,
    2,
    3,
    4,
    5,
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
    261,
    1004,
    43000,
    55799,
)
_NO_TAGS = dict.fromkeys(_LIBRARY_TAGS, _refuse_tag)


def _malformed(why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.MALFORMED_REQUEST, f"The body is not a CBOR request: {why[:200]}")
