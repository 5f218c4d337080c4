"""The generated shapes say what botocore's model says, and enforce every constraint of it."""

import base64
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.frontends.aws import constraints, shapes_acm_pca
from tests.acm_pca_errors.wire import MODEL
from tests.acm_pca_members.faults import PATTERNS
from tools import generate_shapes

SHAPES: dict[str, dict[str, Any]] = MODEL["shapes"]
_REPEATABLE = set(PATTERNS) - {"AuditReportId", "Base64String1To4096", "CustomObjectIdentifier"}


def test_the_files_are_those_that_the_generator_writes() -> None:
    """With the botocore that is installed: a newer model shows here."""
    assert generate_shapes.main(["--check"]) == 0


def test_a_difference_is_summarised_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` says what differs and exits with 1; writing makes it right again."""
    file = tmp_path / "shapes_acm_pca.py"
    services = {"acm-pca/2017-08-22": file}
    assert generate_shapes.main(["--check"], services) == 1
    file.write_text(Path(shapes_acm_pca.__file__).read_text().replace('"SM2",', '"SM3",'))
    assert generate_shapes.main(["--newest"], services) == 1
    assert '+    "SM2",' in capsys.readouterr().out
    assert generate_shapes.main([], services) == 0
    assert generate_shapes.main(["--newest"], services) == 0


def test_nothing_of_the_documentation_is_in_the_file() -> None:
    """No sentence of the model's text, of which each shape has some."""
    source = Path(shapes_acm_pca.__file__).read_text()
    assert "<p>" not in source
    assert len(source) < 60_000


def test_every_operation_has_its_request_response_and_errors() -> None:
    """By the model's names."""
    assert set(shapes_acm_pca.OPERATIONS) == set(MODEL["operations"])
    for name, operation in MODEL["operations"].items():
        shape = shapes_acm_pca.OPERATIONS[name]
        assert shape.request.__name__ == operation["input"]["shape"]
        response = operation.get("output", {}).get("shape")
        assert (shape.response.__name__ if shape.response else None) == response
        assert shape.errors == {error["shape"] for error in operation.get("errors", [])}


def _valid(shape_name: str) -> Any:
    """The least that fits a shape: required members, shortest lists."""
    shape = SHAPES[shape_name]
    match shape["type"]:
        case "structure":
            return {name: _valid(shape["members"][name]["shape"]) for name in shape.get("required", [])}
        case "list":
            return [_valid(shape["member"]["shape"])] * max(1, shape.get("min", 0))
        case "blob":
            return b"x" * max(1, shape.get("min", 0))
        case "boolean":
            return True
        case "integer" | "long":
            return shape.get("min", 1)
    if "enum" in shape:
        return shape["enum"][0]
    fitting = PATTERNS[shape_name][0] if "pattern" in shape else "x"
    missing = shape.get("min", 0) - len(fitting)
    return fitting + fitting[-1] * max(0, missing)


def _edges(shape_name: str) -> Iterator[tuple[Any, str]]:
    """Values of a shape, each with the constraint that it breaks; "" for one that is just allowed."""
    shape = SHAPES[shape_name]
    low, high = shape.get("min", 0), shape.get("max", 0)
    if "enum" in shape:
        yield from ((value, "") for value in shape["enum"])
        yield shape["enum"][0] + "x", "enum value set"
        yield shape["enum"][0].swapcase(), "enum value set"
        yield "", "enum value set"
    elif shape["type"] in {"integer", "long"}:
        yield from [(low, ""), (low - 1, f"greater than or equal to {low}"), (-(2**63), "greater than")]
        bound = high or 2**63 - 1
        yield from [(bound, ""), (bound + 1, f"less than or equal to {bound}")]
    elif shape["type"] in {"string", "blob", "list"} and (low or high):
        unit = _valid(shape_name)[-1:]
        if shape_name in _REPEATABLE or shape["type"] != "string" or "pattern" not in shape:
            base = PATTERNS[shape_name][0] if shape_name in PATTERNS else unit
            if high:
                yield base + unit * (high - len(base)), ""
                yield base + unit * (high + 1 - len(base)), f"length less than or equal to {high}"
            if low and low > len(base):
                yield base + unit * (low - 1 - len(base)), f"length greater than or equal to {low}"
            elif low:
                yield base[:0], f"length greater than or equal to {low}"
    if "pattern" in shape:
        yield PATTERNS[shape_name][1], "regular expression pattern"
        yield _valid(shape_name) + "\n", ""


def _places(shape_name: str, seen: tuple[str, ...] = ()) -> Iterator[tuple[list[Any], str]]:
    """Paths to every scalar and list below a shape, a list's first item standing for all."""
    shape = SHAPES[shape_name]
    if shape["type"] == "structure" and shape_name not in seen:
        for name, member in shape["members"].items():
            yield [name], member["shape"]
            for path, kind in _places(member["shape"], (*seen, shape_name)):
                yield [name, *path], kind
    elif shape["type"] == "list":
        yield [0], shape["member"]["shape"]
        for path, kind in _places(shape["member"]["shape"], seen):
            yield [0, *path], kind


def _put(shape_name: str, path: list[Any], value: Any) -> Any:
    """A valid value of a shape with `value` at `path`."""
    whole = _valid(shape_name)
    if not path:
        return value
    shape = SHAPES[shape_name]
    if path[0] == 0:
        whole[0] = _put(shape["member"]["shape"], path[1:], value)
    else:
        whole[path[0]] = _put(shape["members"][path[0]]["shape"], path[1:], value)
    return whole


def _json(value: Any) -> Any:
    """The value as JSON has it: blobs in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    return [_json(item) for item in value] if isinstance(value, list) else value


def _wire_path(path: list[Any]) -> str:
    parts = ["1.member" if step == 0 else step[0].lower() + step[1:] for step in path]
    return ".".join(parts)


REQUESTS = sorted({operation["input"]["shape"] for operation in MODEL["operations"].values()})


@pytest.mark.parametrize("request_name", REQUESTS)
def test_every_constraint_of_every_member_is_enforced(request_name: str) -> None:
    """Just inside the bounds is accepted, just outside refused, in both protocols, with AWS's words."""
    shape: type[msgspec.Struct] = getattr(shapes_acm_pca, request_name)
    checked = 0
    for path, kind in _places(request_name):
        for value, broken in _edges(kind):
            whole = _put(request_name, path, value)
            if isinstance(value, str) and value.endswith("\n"):
                broken = "" if _allows_newline(kind) else "regular expression pattern"  # noqa: PLW2901
            for plain, blobs_are_bytes in ((whole, True), (_json(whole), False)):
                _check(shape, plain, path, broken, blobs_are_bytes=blobs_are_bytes)
                checked += 1
    assert checked > 0


def _allows_newline(kind: str) -> bool:
    """A `$` would let a newline end every value; here a few patterns allow it and no other does."""
    return kind in {"AWSPolicy", "IdempotencyToken", "Principal"}


def _check(
    shape: type[msgspec.Struct], plain: Any, path: list[Any], broken: str, *, blobs_are_bytes: bool
) -> None:
    if not broken:
        assert isinstance(constraints.convert(plain, shape, blobs_are_bytes=blobs_are_bytes), shape)
        return
    with pytest.raises(PrivySealError) as refused:
        constraints.convert(plain, shape, blobs_are_bytes=blobs_are_bytes)
    assert refused.value.code is ErrorCode.VALIDATION, (path, refused.value)
    assert f"at '{_wire_path(path)}' failed to satisfy constraint: Member must" in refused.value.message
    assert broken in refused.value.message


@pytest.mark.parametrize("request_name", REQUESTS)
def test_every_required_member_is_asked_for(request_name: str) -> None:
    """Absent or null, at any depth."""
    shape: type[msgspec.Struct] = getattr(shapes_acm_pca, request_name)
    required = [path for path, _ in _places(request_name) if path[-1] in _required(request_name, path)]
    for path in required:
        for plain in (_put(request_name, path, None), _without(request_name, path)):
            with pytest.raises(PrivySealError) as refused:
                constraints.convert(plain, shape, blobs_are_bytes=True)
            expected = (
                f"Value null at '{_wire_path(path)}' failed to satisfy constraint: Member must not be null"
            )
            assert expected in refused.value.message


def _required(shape_name: str, path: list[Any]) -> list[str]:
    shape: Mapping[str, Any] = SHAPES[shape_name]
    for step in path[:-1]:
        shape = SHAPES[shape["member"]["shape"] if step == 0 else shape["members"][step]["shape"]]
    return shape.get("required", []) if shape["type"] == "structure" else []


def _without(shape_name: str, path: list[Any]) -> Any:
    whole = _put(shape_name, path, None)
    inner = whole
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return whole


def test_null_is_absent_where_a_member_is_optional() -> None:
    """As every AWS SDK may send it."""
    members = SHAPES["ListCertificateAuthoritiesRequest"]["members"]
    request = constraints.convert(
        dict.fromkeys(members), shapes_acm_pca.ListCertificateAuthoritiesRequest, blobs_are_bytes=True
    )
    assert request == shapes_acm_pca.ListCertificateAuthoritiesRequest()


def test_unicode_classes_were_translated_by_hand_correctly() -> None:
    """Tag keys take exactly the letters, numbers, separators and signs of the model's pattern."""

    class Key(msgspec.Struct):
        key: shapes_acm_pca.TagKey

    for number in range(sys.maxunicode + 1):
        character = chr(number)
        category = unicodedata.category(character)
        if category == "Cs":
            continue
        fits = category[0] in "LNZ" or character in "_.:/=+-@"
        try:
            msgspec.convert({"key": character}, Key)
        except msgspec.ValidationError:
            assert not fits, f"U+{number:04X} {category} was refused"
        else:
            assert fits, f"U+{number:04X} {category} was accepted"


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_no_pattern_is_slow(name: str) -> None:
    """A megabyte of what almost fits is refused at once."""
    fitting = PATTERNS[name][0]
    for unit in {fitting, fitting[-1], "/a", "/", ".1", "A=", "a:"}:
        started = time.perf_counter()
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(fitting + unit * (1_000_000 // len(unit)) + "\x00", getattr(shapes_acm_pca, name))
        assert time.perf_counter() - started < 0.5
