"""JSON, read in one way only: no repeated names, no NaN, no lone surrogates, no endless nesting; and written.

What two readers understand differently, one of them can be deceived with.
"""

import json
import math
from _json import make_encoder
from collections.abc import Callable
from typing import Any, NoReturn


def load(text: bytes | str) -> Any:
    """Raises ValueError, which says why."""
    try:
        if isinstance(text, bytes):
            text = text.decode()
        value = _DECODER.decode(text)
        # Only an escape can hide half a character in what is UTF-8. One character is looked for much faster.
        if "\\" in text and "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None
    except UnicodeEncodeError:
        message = "it has half a character (a lone surrogate)"
        raise ValueError(message) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name occurs twice in an object"
        raise ValueError(message)
    return found


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):  # it would be written again as Infinity, which is not JSON
        message = "a number is too large"
        raise ValueError(message)
    return found


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse_constant)


def writer(
    default: Callable[[Any], Any] | None = None, *, compact: bool = False, sort_keys: bool = False
) -> Callable[[Any], str]:
    """`json.dumps` with these options, for values without cycles. Its encoder in C is made once here, not
    for each text: that takes as long as a short text does.
    """
    colon, comma = (":", ",") if compact else (": ", ", ")
    ascii_text = json.encoder.encode_basestring_ascii
    encode = make_encoder(
        None, default or json.JSONEncoder().default, ascii_text, None, colon, comma, sort_keys, False, True
    )
    return lambda value: "".join(encode(value, 0))
