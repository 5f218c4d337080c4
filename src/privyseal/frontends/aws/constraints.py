"""From plain values to typed requests; and, when that fails, why, in the words that AWS uses.

msgspec checks everything in one pass and stops at the first fault. AWS lists all faults, so the list
is made here, from the same shapes, once a request has been refused.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from privyseal.errors import ErrorCode, PrivySealError

T = TypeVar("T", bound=msgspec.Struct)

_MOST_LISTED = 10
_MOST_QUOTED = 100  # characters of a value


def convert(plain: dict[str, Any], shape: type[T], *, blobs_are_bytes: bool) -> T:
    """Raises VALIDATION when a constraint is broken, MALFORMED_REQUEST when a type is wrong."""
    try:
        return msgspec.convert(plain, shape, builtin_types=(bytes,) if blobs_are_bytes else None)
    except RecursionError:
        raise PrivySealError(ErrorCode.MALFORMED_REQUEST, "The request is nested too deeply.") from None
    except msgspec.ValidationError as error:
        found = list(_faults(plain, _type_of(shape), "", blobs_are_bytes=blobs_are_bytes))
        if not found:
            text = f"The request does not fit {shape.__name__}: {error}"
            raise PrivySealError(ErrorCode.MALFORMED_REQUEST, text) from None
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
    raise PrivySealError(ErrorCode.VALIDATION, f"{count}: {'; '.join(found[:_MOST_LISTED])}")


@lru_cache(maxsize=256)
def _type_of(shape: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(shape)


def _faults(value: Any, kind: inspect.Type, path: str, *, blobs_are_bytes: bool) -> Iterator[str]:
    """The broken constraints of `value`. Raises MALFORMED_REQUEST where its type is wrong."""
    match kind:
        case inspect.UnionType():
            if value is not None:
                [kind] = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
                yield from _faults(value, kind, path, blobs_are_bytes=blobs_are_bytes)
        case _ if value is None:
            yield _fault("Value null", path, "Member must not be null")
        case inspect.StructType():
            _expect(value, dict, path)
            for field in kind.fields:
                if field.required or field.encode_name in value:
                    member = _join(path, field.encode_name)
                    item = value.get(field.encode_name)
                    yield from _faults(item, field.type, member, blobs_are_bytes=blobs_are_bytes)
        case inspect.ListType():
            _expect(value, list, path)
            yield from _length("Value", len(value), kind, path)
            for number, item in enumerate(value, 1):
                member = f"{path}.{number}.member"
                yield from _faults(item, kind.item_type, member, blobs_are_bytes=blobs_are_bytes)
        case inspect.BytesType():
            blob = _blob(value, path, blobs_are_bytes=blobs_are_bytes)
            yield from _length("Value", len(blob), kind, path)
        case _:
            yield from _scalar_faults(value, kind, path)


def _scalar_faults(value: Any, kind: inspect.Type, path: str) -> Iterator[str]:
    quoted = f"Value '{value[:_MOST_QUOTED] if isinstance(value, str) else value}'"
    match kind:
        case inspect.StrType():
            _expect(value, str, path)
            yield from _length(quoted, len(value), kind, path)
            if kind.pattern and not re.search(kind.pattern, value):
                text = kind.pattern.removeprefix(r"\A").removeprefix("(?a:").removesuffix(r")\Z")
                yield _fault(quoted, path, f"Member must satisfy regular expression pattern: {text}")
        case inspect.LiteralType():
            _expect(value, str, path)
            if value not in kind.values:
                allowed = ", ".join(str(each) for each in kind.values)
                yield _fault(quoted, path, f"Member must satisfy enum value set: [{allowed}]")
        case inspect.IntType() | inspect.FloatType():
            _expect(value, int if isinstance(kind, inspect.IntType) else float, path)
            yield from _bounds(quoted, value, kind, path)
        case inspect.BoolType():
            _expect(value, bool, path)
        case _:
            pass  # a kind without constraints: `convert` says what is wrong with it


def _bounds(quoted: str, value: float, kind: inspect.IntType | inspect.FloatType, path: str) -> Iterator[str]:
    if kind.ge is not None and value < kind.ge:
        yield _fault(quoted, path, f"Member must have value greater than or equal to {kind.ge}")
    if kind.le is not None and value > kind.le:
        yield _fault(quoted, path, f"Member must have value less than or equal to {kind.le}")


def _length(
    subject: str, length: int, kind: inspect.StrType | inspect.BytesType | inspect.ListType, path: str
) -> Iterator[str]:
    if kind.min_length is not None and length < kind.min_length:
        yield _fault(subject, path, f"Member must have length greater than or equal to {kind.min_length}")
    if kind.max_length is not None and length > kind.max_length:
        yield _fault(subject, path, f"Member must have length less than or equal to {kind.max_length}")


def _blob(value: Any, path: str, *, blobs_are_bytes: bool) -> bytes:
    if blobs_are_bytes:
        _expect(value, bytes, path)
        return bytes(value)
    _expect(value, str, path)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong_type(path, "must be base64") from None


_TYPE_NAMES = {
    dict: "a structure",
    list: "a list",
    str: "a string",
    bytes: "a blob",
    int: "a whole number",
    float: "a number",
}


def _expect(value: Any, kind: type, path: str) -> None:
    if kind is float and type(value) is int:
        return
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise _wrong_type(path, f"must be {_TYPE_NAMES.get(kind, 'true or false')}")


def _wrong_type(path: str, what: str) -> PrivySealError:
    text = f"The value at '{path}' {what}." if path else f"The request {what}."
    return PrivySealError(ErrorCode.MALFORMED_REQUEST, text)


def _fault(subject: str, path: str, constraint: str) -> str:
    return f"{subject} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, wire_name: str) -> str:
    """AWS's messages begin member names in lower case: certificateAuthorityConfiguration.keyAlgorithm."""
    name = wire_name[:1].lower() + wire_name[1:]
    return f"{path}.{name}" if path else name
