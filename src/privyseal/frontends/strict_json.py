"""JSON, read in one way only: no repeated names, no NaN, no lone surrogates, no endless nesting."""

import json
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from privyseal.errors import ErrorCode, PrivySealError

Shape = TypeVar("Shape", bound=Struct)


def load(body: bytes) -> Any:
    """Raises ValueError, which says why."""
    try:
        text = body.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:
            msgspec.json.decode(body)  # refuses lone surrogates, which the standard library lets through
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    return value


def decode(body: bytes, shape: type[Shape]) -> Shape:
    """`body` as a `shape` of our own contracts, without unknown names.

    Raises MALFORMED_REQUEST for what is no JSON, VALIDATION for what is not of that shape.
    """
    try:
        value = load(body)
    except ValueError as error:
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, f"The body is not JSON: {_short(error)}.") from None
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise PrivySealError(ErrorCode.VALIDATION, f"The body is not as expected: {_short(error)}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name occurs twice in an object"
        raise ValueError(message)
    return found


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)


def _short(error: Exception) -> str:
    return str(error)[:200]
