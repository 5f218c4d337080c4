"""Requests made from the shapes of the service model: right, nearly right and wrong."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from privyseal.frontends.aws.shapes_acm_pca import OPERATIONS

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EDGES = (0, 1, -1, 100, 2**31 - 1, 2**31, 2**63 - 1, 2**63, -(2**63), 10**30)
PEM = b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"


def requests_of(operation: str, arns: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of an operation, blobs as bytes; ARNs are now and then those that exist."""
    return _of(inspect.type_info(OPERATIONS[operation].request), st.sampled_from(arns), depth=4)


def _of(kind: inspect.Type, arns: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Any]:
    right = _right(kind, arns, depth)
    # One member in so many is of no type that it should be.
    return st.integers(0, 15).flatmap(lambda number: JSON if number == 0 and depth < 4 else right)


def _right(kind: inspect.Type, arns: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            known = {field.encode_name: _of(field.type, arns, depth - 1) for field in kind.fields}
            needed = {field.encode_name for field in kind.fields if field.required}
            return st.fixed_dictionaries(
                {name: known[name] for name in needed},
                optional={name: known[name] for name in known if name not in needed and depth > 0},
            )
        case inspect.UnionType():
            return st.one_of([_right(each, arns, depth) for each in kind.types])
        case inspect.ListType():
            return st.lists(_of(kind.item_type, arns, depth - 1), max_size=3)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType():
            return _text(kind, arns)
        case inspect.BytesType():
            return st.binary(max_size=100) | st.just(PEM)
        case inspect.IntType():
            return st.sampled_from(EDGES) | st.integers(-10, 400)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case _:
            return JSON


def _text(kind: inspect.StrType, arns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """As the pattern of the member has it, if it has one; an ARN where one belongs."""
    if kind.pattern is None:
        return TEXT
    if kind.pattern.find("acm-pca") >= 0:
        return arns
    return TEXT | st.from_regex(kind.pattern, fullmatch=True)


def to_json(body: Any) -> bytes:
    """Blobs in base64; surrogates as they are, so that a strict reader has something to refuse."""
    return msgspec.json.encode(body)
