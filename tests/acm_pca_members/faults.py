"""Every way to get one member of a request wrong, from the service model and nothing of ours."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.acm_pca_errors.wire import CBOR, MODEL, Members

Path: TypeAlias = tuple[str | int, ...]

SHAPES: Mapping[str, Mapping[str, Any]] = MODEL["shapes"]
FIRST = 0  # a list's first item stands for all
VALIDATION, SERIALIZATION = "ValidationException", "SerializationException"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


@dataclass(frozen=True)
class Fault:
    """`value` stands at `path` instead of a good one; `error` is what AWS calls that."""

    kind: str
    path: Path
    value: Any
    error: str = VALIDATION


# A shape with a pattern: text that fits it, its last character repeatable, and text that does not fit
# for its characters alone.
PATTERNS: Mapping[str, tuple[str, str]] = {
    "ASN1PrintableString64": ("a", "ü"),
    "AWSPolicy": ("{", "€"),
    "AccountId": ("1", "11112222333x"),
    "Arn": ("arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/a", "arn:aws:s3:::bucket"),
    "AuditReportId": ("12345678-1234-1234-1234-123456789012", "12345678-1234-1234-1234-12345678901X"),
    "Base64String1To4096": ("AAAA", "A==="),
    "CnameString": ("a", "a b"),
    "CountryCodeString": ("D", "D1"),
    "CrlPathString": ("a", "a//b"),
    "CustomObjectIdentifier": ("1.2.3", "1.2.x"),
    "IdempotencyToken": ("a", "€"),
    "Principal": ("a", "*"),
    "S3BucketName3To255": ("a", "a b c"),
    "TagKey": ("k", "k\t"),
    "TagValue": ("v", "v#"),
}

# Values of another type, by the type of the shape.
OTHER_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (5, True, ["text"], {"text": "text"}),
    "blob": (5, ["text"], {}),
    "boolean": ("true", 1, []),
    "integer": ("5", 1.5, True, []),
    "long": ("5", 1.5, True, []),
    "structure": ("text", 5, []),
    "list": ("text", 5, {}),
}
# What is no blob in one protocol and one in the other.
NO_BLOB = {CBOR: "text", "json": "%%%%"}


def faults(operation: str, protocol: str) -> Iterator[Fault]:
    """Missing, too short, too long, too small, too large, pattern, enum and type, of every member."""
    for path, name, required in _places(MODEL["operations"][operation]["input"]["shape"], ()):
        if required:
            yield Fault("missing", path, ABSENT)
            yield Fault("missing", path, None)
        yield from (Fault(kind, path, value) for kind, value in _constraints(name))
        for value in _other_types(name, protocol):
            yield Fault("type", path, value, SERIALIZATION)


def broken(operation: str, good: Members, fault: Fault) -> Members:
    """The good request with that one fault; what leads to the fault's place is added where it is absent."""
    members = copy.deepcopy(good)
    _put(members, MODEL["operations"][operation]["input"]["shape"], fault.path, fault.value)
    return members


def _places(shape_name: str, path: Path) -> Iterator[tuple[Path, str, bool]]:
    """Path, shape and whether it is required, of every member at any depth."""
    shape = SHAPES[shape_name]
    if shape["type"] == "structure":
        for name, member in shape["members"].items():
            yield (*path, name), member["shape"], name in shape.get("required", ())
            yield from _places(member["shape"], (*path, name))
    elif shape["type"] == "list":
        yield (*path, FIRST), shape["member"]["shape"], False
        yield from _places(shape["member"]["shape"], (*path, FIRST))


def _constraints(shape_name: str) -> Iterator[tuple[str, Any]]:
    shape = SHAPES[shape_name]
    low, high = shape.get("min", 0), shape.get("max")
    if "enum" in shape:
        yield from (("enum", value) for value in (shape["enum"][0] + "X", shape["enum"][0].lower(), ""))
    elif shape["type"] in {"integer", "long"}:
        if "min" in shape:
            yield "too small", low - 1
        if high is not None:
            yield "too large", high + 1
    elif shape["type"] in {"string", "blob", "list"}:
        if low:
            yield "too short", _of_length(shape_name, low - 1)
        if high is not None:
            yield "too long", _of_length(shape_name, high + 1)
    if shape_name in PATTERNS:
        yield "pattern", PATTERNS[shape_name][1]
    else:
        assert "pattern" not in shape, f"PATTERNS lacks {shape_name}"


def _of_length(shape_name: str, length: int) -> Any:
    """A value of that length; too long for its constraint, or too short, and otherwise good."""
    least = least_of(shape_name)
    missing = length - len(least)
    return least + least[-1:] * missing if missing > 0 else least[:length]


def _other_types(shape_name: str, protocol: str) -> Iterator[Any]:
    kind = SHAPES[shape_name]["type"]
    yield from OTHER_TYPES[kind]
    if kind == "blob":
        yield NO_BLOB[protocol]
    if kind == "string" and protocol == CBOR:
        yield b"text"


def least_of(shape_name: str) -> Any:
    """The least that fits a shape: required members, shortest lists."""
    shape = SHAPES[shape_name]
    match shape["type"]:
        case "structure":
            required = shape.get("required", ())
            return {name: least_of(shape["members"][name]["shape"]) for name in required}
        case "list":
            return [least_of(shape["member"]["shape"]) for _ in range(max(1, shape.get("min", 0)))]
        case "blob":
            return b"x" * max(1, shape.get("min", 0))
        case "boolean":
            return True
        case "integer" | "long":
            return shape.get("min", 1)
    if "enum" in shape:
        return shape["enum"][0]
    text = PATTERNS[shape_name][0] if shape_name in PATTERNS else "x"
    return text + text[-1] * max(0, shape.get("min", 0) - len(text))


def _put(inside: Any, shape_name: str, path: Path, value: Any) -> None:
    step, rest = path[0], path[1:]
    shape = SHAPES[shape_name]
    below = shape["member"]["shape"] if step == FIRST else shape["members"][step]["shape"]
    if rest:
        if step != FIRST:
            inside.setdefault(step, least_of(below))
        _put(inside[step], below, rest, value)
    elif value is ABSENT:
        inside.pop(step, None)
    else:
        inside[step] = value
