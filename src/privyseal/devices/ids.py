"""Device ids: which are accepted. They are compared as they are, character by character.

Nothing is folded or normalised, so ids that look alike are different devices. To keep such pairs
few, an id is in Unicode's composed form (NFC), shows every character, and neither begins nor ends
with a space; it has no slash, as it is one segment of a path (`GET /api/v1/devices/ID`).
"""

import unicodedata

from privyseal.devices import limits
from privyseal.errors import ErrorCode, PrivySealError

_FORBIDDEN = frozenset("/\\")
_DOT_SEGMENTS = frozenset({".", ".."})  # RFC 3986 §5.2.4 takes them out of a path


def fault_in_id(text: str) -> str | None:
    """What is wrong with `text` as a device id; None when nothing is."""
    if not 1 <= len(text) <= limits.MAX_ID:
        return f"has {len(text)} characters, not 1 to {limits.MAX_ID}"
    if not text.isprintable():
        return "contains a character that does not show"
    if text != text.strip():
        return "begins or ends with a space"
    if not _FORBIDDEN.isdisjoint(text) or text in _DOT_SEGMENTS:
        return "contains a slash or a backslash, or is a dot segment of a path"
    if not unicodedata.is_normalized("NFC", text):
        return "is not in Unicode's composed form (NFC)"
    return None


def check_device_id(text: str) -> None:
    """Raises VALIDATION."""
    if fault := fault_in_id(text):
        raise PrivySealError(ErrorCode.VALIDATION, f"The device id {fault}.")
