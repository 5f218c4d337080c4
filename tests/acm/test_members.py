"""Each member of each request, got wrong in each way: refused as AWS refuses it, and nothing happens."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pytest

from tests.acm import wire
from tests.acm.scene import Scene
from tests.acm.stages import NOBODY, PATTERNS, SHAPES, good, least_of

Path: TypeAlias = tuple[str | int, ...]
FIRST = 0  # a list's first item stands for all
ABSENT = object()
VALIDATION, SERIALIZATION = "ValidationException", "SerializationException"
OPERATIONS = sorted(
    name for name, operation in wire.OPERATIONS.items() if name not in wire.ACME and "input" in operation
)
# Values of another type, by the type of the shape.
OTHER_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (5, True, ["text"], {"text": "text"}),
    "blob": (5, ["text"], {}, "%%%%"),
    "boolean": ("true", 1, []),
    "integer": ("5", 1.5, True, []),
    "timestamp": ("2026-01-01T00:00:00Z", True, []),
    "structure": ("text", 5, []),
    "list": ("text", 5, {}),
}


class Fault(NamedTuple):
    """`value` stands at `path` instead of a good one; `error` is what AWS calls that."""

    path: Path
    value: Any
    error: str


def faults(operation: str) -> Iterator[Fault]:
    """Missing, too short, too long, too small, too large, pattern, enum and type, of every member."""
    for path, name, required in _places(wire.OPERATIONS[operation]["input"]["shape"], (), ()):
        if required:
            yield from (Fault(path, value, VALIDATION) for value in (ABSENT, None))
        yield from (Fault(path, value, VALIDATION) for value in _outside(name))
        yield from (Fault(path, value, SERIALIZATION) for value in OTHER_TYPES[SHAPES[name]["type"]])


def _places(shape_name: str, path: Path, seen: tuple[str, ...]) -> Iterator[tuple[Path, str, bool]]:
    """Path, shape and whether it is required, of every member; a shape within itself is seen once."""
    shape = SHAPES[shape_name]
    if shape_name in seen:
        return
    if shape["type"] == "structure":
        for name, member in shape["members"].items():
            yield (*path, name), member["shape"], name in shape.get("required", ())
            yield from _places(member["shape"], (*path, name), (*seen, shape_name))
    elif shape["type"] == "list":
        yield (*path, FIRST), shape["member"]["shape"], False
        yield from _places(shape["member"]["shape"], (*path, FIRST), (*seen, shape_name))


def _outside(shape_name: str) -> Iterator[Any]:
    """Values just outside of the constraints of a shape."""
    shape = SHAPES[shape_name]
    low, high = shape.get("min", 0), shape.get("max")
    if "enum" in shape:
        yield from (shape["enum"][0] + "X", shape["enum"][0].lower(), "")
    elif shape["type"] == "integer":
        yield from (low - 1, *([high + 1] if high is not None else []))
    elif shape["type"] == "timestamp":
        yield from (1e300, -1e300)
    elif shape["type"] in {"string", "blob", "list"}:
        least = least_of(shape_name)
        if low:
            yield least[: low - 1]
        if high is not None:
            yield least + least[-1:] * (high + 1 - len(least))
    if "pattern" in shape:
        yield PATTERNS[shape_name][1]


def broken(operation: str, fault: Fault) -> dict[str, Any]:
    members = copy.deepcopy(good(operation, NOBODY))
    _put(members, wire.OPERATIONS[operation]["input"]["shape"], fault.path, fault.value)
    return members


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


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_member_is_refused_and_nothing_happens(acm: Scene, operation: str) -> None:
    """Every fault of every member gets its exception, and names its place."""
    commits = acm.kept.store.commits
    count = 0
    for fault in faults(operation):
        answer = acm.wire.send(operation, broken(operation, fault))
        assert (answer.error, answer.status) == (fault.error, 400), (fault, answer)
        if fault.error == VALIDATION:
            assert f"at '{_named(fault.path)}' failed to satisfy" in answer.message, (fault, answer)
        count += 1
    assert count >= 4
    assert acm.kept.store.commits == commits


def _named(path: Path) -> str:
    """The place as AWS's messages name it."""
    return ".".join(
        "1.member" if step == FIRST else f"{str(step)[:1].lower()}{str(step)[1:]}" for step in path
    )


BODIES = (b"", b"[]", b"null", b'"text"', b"{", b"{}{}", b'{"CertificateArn": NaN}', b"\xff", b"[" * 100_000)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_body_that_is_no_request_is_refused(acm: Scene, operation: str) -> None:
    for body in BODIES:
        answer = acm.wire.send_body(operation, body)
        if body or operation not in {"ListCertificates", "SearchCertificates"}:
            assert answer.error in {VALIDATION, SERIALIZATION}, (body[:20], answer)
