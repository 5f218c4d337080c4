"""A certificate out of what people paste: from a notice, from an item of the table, from a console.

Base64 once or twice over (DynamoDB's JSON and console add a layer), with line breaks, in quotes, as the value
of a JSON member, or already PEM.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from privyseal.errors import ErrorCode, PrivySealError

MOST: Final = 1024 * 1024  # characters: a bundle of many certificates
_LAYERS: Final = 3
_DEPTH: Final = 8  # a notice in an SNS envelope in an SQS message has four
_BEGIN: Final = "-----BEGIN "
# Members that hold certificates, the likeliest first: of notices and answers, then of items.
_MEMBERS: Final = ("Base64Certificate", "Certificate", "certificate", "B", "Base64CaChain", "Base64CSR")


def decoded(pasted: str) -> str:
    """The PEM. Raises VALIDATION for what has none."""
    if len(pasted) > MOST:
        raise _refused(f"it has more than {MOST} characters")
    for text in _candidates(pasted):
        if pem := _unwrapped(text):
            return pem
    raise _refused(
        "there is no certificate in it. It is the value of Base64Certificate in a notice, or of "
        "Certificate in an item of the table, in one or two layers of base64, or the JSON around it"
    )


def _candidates(pasted: str) -> Iterator[str]:
    yield pasted
    try:
        value = json.loads(pasted)
    except (ValueError, RecursionError):
        return
    yield from _texts(value, 0)


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Of JSON, the members that could be it, and JSON within texts, as SNS sends it."""
    if depth > _DEPTH:
        return
    if isinstance(value, str):
        yield value
        if value.lstrip().startswith(("{", "[")):
            try:
                yield from _texts(json.loads(value), depth + 1)
            except (ValueError, RecursionError):
                return
    elif isinstance(value, dict):
        named = [value[name] for name in _MEMBERS if name in value]
        others = [each for name, each in value.items() if name not in _MEMBERS]
        for each in (*named, *others):
            yield from _texts(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, depth + 1)


def _unwrapped(text: str) -> str | None:
    for _ in range(_LAYERS + 1):
        text = text.strip().strip("\"'").strip()
        if text.startswith(_BEGIN):
            return f"{text}\n"
        try:
            compact = "".join(text.split())
            text = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            return None
        if not text:
            return None
    return None


def _refused(why: str) -> PrivySealError:
    return PrivySealError(ErrorCode.VALIDATION, f"What was given cannot be decoded: {why}.")
