"""awsJson1.0: awsJson1.1 under another content type.

Source: Smithy 2.0, "AWS JSON 1.0 protocol".
"""

from typing import Any

from msgspec import Struct

from privyseal.errors import PrivySealError
from privyseal.frontends.aws import errors
from privyseal.frontends.aws.protocols import awsjson
from privyseal.frontends.http import Response

CONTENT_TYPE = b"application/x-amz-json-1.0"


def decode(body: bytes, shape: type[Struct]) -> Struct:
    return awsjson.decode(body, shape)


def answer(value: Any, operation: str, request_id: str) -> Response:
    return _typed(awsjson.answer(value, operation, request_id))


def refuse(error: PrivySealError, request_id: str, names: errors.Names = errors.WIRE) -> Response:
    return _typed(awsjson.refuse(error, request_id, names))


def _typed(response: Response) -> Response:
    others = [(name, value) for name, value in response.headers if name != b"content-type"]
    response.headers[:] = [(b"content-type", CONTENT_TYPE), *others]
    return response
