"""Bodies of our own contracts: strict JSON of one shape."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from privyseal import strict_json
from privyseal.errors import ErrorCode, PrivySealError

Shape = TypeVar("Shape", bound=Struct)


def decode(body: bytes, shape: type[Shape]) -> Shape:
    """`body` as a `shape` of our own contracts, without unknown names.

    Raises MALFORMED_REQUEST for what is no JSON, VALIDATION for what is not of that shape.
    """
    try:
        value = strict_json.load(body)
    except ValueError as error:
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, f"The body is not JSON: {_short(error)}.") from None
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise PrivySealError(ErrorCode.VALIDATION, f"The body is not as expected: {_short(error)}.") from None


def _short(error: Exception) -> str:
    return str(error)[:200]
