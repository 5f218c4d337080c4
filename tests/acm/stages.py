"""A well-formed request of each operation, from the service model."""

from collections.abc import Mapping
from typing import Any

from tests.acm.wire import MODEL, OPERATIONS

SHAPES: Mapping[str, Mapping[str, Any]] = MODEL["shapes"]
NOBODY = "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"

# A shape with a pattern: text that fits it, and text that does not fit for its characters alone.
PATTERNS: Mapping[str, tuple[str, str]] = {
    "AcmeAccountId": ("1" * 36, ""),
    "Arn": (NOBODY, "arn:aws:s3:::bucket/with/a/name"),
    "CertificateArn": (NOBODY, "arn:aws:acm:eu-central-1:1:other/1"),
    "DomainNameString": ("a.example.com", "a b.example.com"),
    "IdempotencyToken": ("a", "€"),
    "NextToken": ("a", "€"),
    "PcaArn": ("arn:aws:acm-pca:eu-central-1:1:certificate-authority/1", "arn:aws:acm:eu-central-1:1:ca/1"),
    "SerialNumber": ("01:02", "01-02"),
    "TagKey": ("k", "k\t"),
    "TagValue": ("v", "v#"),
}


def good(operation: str, arn: str) -> dict[str, Any]:
    """What is required and no more, about that certificate."""
    shape = OPERATIONS[operation].get("input", {}).get("shape")
    members: dict[str, Any] = least_of(shape) if shape else {}
    return members | ({"CertificateArn": arn} if "CertificateArn" in members else {})


def least_of(shape_name: str) -> Any:
    """The least that fits a shape: required members, shortest lists, one member of a union."""
    shape = SHAPES[shape_name]
    match shape["type"]:
        case "structure":
            required = shape.get("required") or (list(shape["members"])[-1:] if shape.get("union") else ())
            return {name: least_of(shape["members"][name]["shape"]) for name in required}
        case "list":
            return [least_of(shape["member"]["shape"]) for _ in range(max(1, shape.get("min", 0)))]
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
    text = PATTERNS[shape_name][0] if shape_name in PATTERNS else "x"
    return text + text[-1] * max(0, shape.get("min", 0) - len(text))
