"""Every way to get one member of a request wrong, from the service model and nothing of ours."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.aws_calls import Members, Model

Path: TypeAlias = tuple[str | int, ...]
# Shape → text that fits its pattern, its last character repeatable, and text that does not fit for its
# characters alone.
Patterns: TypeAlias = Mapping[str, tuple[str, str]]

FIRST = 0  # a list's first item stands for all
VALIDATION, SERIALIZATION = "ValidationException", "SerializationException"

# Values of another type, by the type of the shape, whatever the protocol.
OTHER_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (5, True, ["text"], {"text": "text"}),
    "blob": (5, ["text"], {}),
    "boolean": ("true", 1, []),
    "integer": ("5", 1.5, True, []),
    "long": ("5", 1.5, True, []),
    "timestamp": ("2026-01-01T00:00:00Z", True, []),
    "structure": ("text", 5, []),
    "list": ("text", 5, {}),
}
NO_BASE64 = "%%%%"


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

    @property
    def named(self) -> str:
        """The place as AWS's messages name it."""
        return ".".join(
            "1.member" if step == FIRST else f"{str(step)[:1].lower()}{str(step)[1:]}" for step in self.path
        )


class Requests:
    """Of one service: the least good ones, and those with one fault."""

    def __init__(self, model: Model, patterns: Patterns) -> None:
        self._operations = model["operations"]
        self.shapes: Mapping[str, Mapping[str, Any]] = model["shapes"]
        self._patterns = patterns

    def least(self, operation: str) -> Members:
        """What is required and no more."""
        name = self._operations[operation].get("input", {}).get("shape")
        found: Members = self._least(name) if name else {}
        return found

    def faults(
        self, operation: str, no_blob: Any = NO_BASE64, no_text: tuple[Any, ...] = ()
    ) -> Iterator[Fault]:
        """Missing, too short, too long, too small, too large, pattern, enum and type, of every member.
        What is no blob and no text besides depends on the protocol.
        """
        others = {"blob": (no_blob,), "string": no_text}
        for path, name, required in self._places(self._operations[operation]["input"]["shape"], (), ()):
            if required:
                yield Fault("missing", path, ABSENT)
                yield Fault("missing", path, None)
            yield from (Fault(kind, path, value) for kind, value in self._outside(name))
            kind = self.shapes[name]["type"]
            for value in (*OTHER_TYPES[kind], *others.get(kind, ())):
                yield Fault("type", path, value, SERIALIZATION)

    def broken(self, operation: str, good: Members, fault: Fault) -> Members:
        """The good request with that fault; what leads to the fault's place is added where it is absent."""
        members = copy.deepcopy(good)
        self._put(members, self._operations[operation]["input"]["shape"], fault.path, fault.value)
        return members

    def _places(self, shape_name: str, path: Path, seen: tuple[str, ...]) -> Iterator[tuple[Path, str, bool]]:
        """Path, shape and whether it is required, of every member; a shape within itself is seen once."""
        if shape_name in seen:
            return
        shape, seen = self.shapes[shape_name], (*seen, shape_name)
        if shape["type"] == "structure":
            for name, member in shape["members"].items():
                yield (*path, name), member["shape"], name in shape.get("required", ())
                yield from self._places(member["shape"], (*path, name), seen)
        elif shape["type"] == "list":
            yield (*path, FIRST), shape["member"]["shape"], False
            yield from self._places(shape["member"]["shape"], (*path, FIRST), seen)

    def _outside(self, shape_name: str) -> Iterator[tuple[str, Any]]:
        """Values just outside of the constraints of a shape."""
        shape = self.shapes[shape_name]
        low, high = shape.get("min", 0), shape.get("max")
        if "enum" in shape:
            yield from (("enum", value) for value in (shape["enum"][0] + "X", shape["enum"][0].lower(), ""))
        elif shape["type"] in {"integer", "long"}:
            if "min" in shape:
                yield "too small", low - 1
            if high is not None:
                yield "too large", high + 1
        elif shape["type"] == "timestamp":
            yield from (("no time", value) for value in (1e300, -1e300))
        elif shape["type"] in {"string", "blob", "list"}:
            if low:
                yield "too short", self._of_length(shape_name, low - 1)
            if high is not None:
                yield "too long", self._of_length(shape_name, high + 1)
        if shape_name in self._patterns:
            yield "pattern", self._patterns[shape_name][1]
        else:
            assert "pattern" not in shape, f"the patterns lack {shape_name}"

    def _of_length(self, shape_name: str, length: int) -> Any:
        """A value of that length; too long for its constraint, or too short, and otherwise good."""
        least = self._least(shape_name)
        missing = length - len(least)
        return least + least[-1:] * missing if missing > 0 else least[:length]

    def _least(self, shape_name: str) -> Any:
        """The least that fits a shape: required members, shortest lists, one member of a union."""
        shape = self.shapes[shape_name]
        match shape["type"]:
            case "structure":
                required = shape.get("required") or (
                    list(shape["members"])[-1:] if shape.get("union") else ()
                )
                return {name: self._least(shape["members"][name]["shape"]) for name in required}
            case "list":
                return [self._least(shape["member"]["shape"]) for _ in range(max(1, shape.get("min", 0)))]
            case "blob":
                return b"x" * max(1, shape.get("min", 0))
            case "boolean":
                return True
            case "integer" | "long":
                return shape.get("min", 1)
            case "timestamp":
                return 0
        if "enum" in shape:
            return shape["enum"][0]
        text = self._patterns[shape_name][0] if shape_name in self._patterns else "x"
        return text + text[-1] * max(0, shape.get("min", 0) - len(text))

    def _put(self, inside: Any, shape_name: str, path: Path, value: Any) -> None:
        step, rest = path[0], path[1:]
        shape = self.shapes[shape_name]
        below = shape["member"]["shape"] if step == FIRST else shape["members"][step]["shape"]
        if rest:
            if step != FIRST:
                inside.setdefault(step, self._least(below))
            self._put(inside[step], below, rest, value)
        elif value is ABSENT:
            inside.pop(step, None)
        else:
            inside[step] = value
