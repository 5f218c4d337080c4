"""awsJson1.1: JSON with base64 blobs and timestamps as seconds.

Source: Smithy 2.0, "AWS JSON 1.1 protocol".
"""

import base64
import json
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from privyseal import strict_json
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import constraints, errors
from privyseal.frontends.http import Response

CONTENT_TYPE = b"application/x-amz-json-1.1"

_MOST_TWICE = 65_536  # octets of a body that is read a second time where the quick way is not sure


def decode(body: bytes, shape: type[Struct]) -> Struct:
    return constraints.convert(parse(body) if body else {}, shape, blobs_are_bytes=False)


def parse(body: bytes) -> dict[str, Any]:
    """One JSON object, read strictly."""
    try:
        value = _quickly_read(body) or strict_json.load(body)
    except ValueError as error:
        raise _malformed(str(error)) from None
    if not isinstance(value, dict):
        raise _malformed("it must be an object")
    return value


def _quickly_read(body: bytes) -> Any:
    """What is the same text again when it is written has lost nothing on its way: no name stood in it twice.
    None for a text of which that is not sure; most are read so, in less time.
    """
    if len(body) > _MOST_TWICE:
        return None
    try:
        value = msgspec.json.decode(body)
        return value if msgspec.json.encode(value) == msgspec.json.format(body, indent=-1) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def answer(value: Any, _operation: str, request_id: str) -> Response:
    if value is None:
        return Response(200, b"", _headers(request_id))
    plain = msgspec.to_builtins(value, builtin_types=(bytes, datetime))
    return Response(200, _json_of(plain).encode(), _headers(request_id))


def refuse(error: PrivySealError, request_id: str, names: errors.Names = errors.WIRE) -> Response:
    name, status = names[error.code]
    told = {"__type": name, "message": error.message}
    if error.code is ErrorCode.ACCESS_DENIED:  # the one exception whose models spell it so
        told["Message"] = error.message
    return Response(status, json.dumps(told).encode(), _headers(request_id), error.code.value)


def _headers(request_id: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", CONTENT_TYPE), (b"x-amzn-requestid", request_id.encode())]


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    message = f"a handler answered with a {type(value).__name__}"
    raise TypeError(message)


def _malformed(why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.MALFORMED_REQUEST, f"The body is not a JSON request: {why[:200]}")


_json_of = strict_json.writer(_encode)
