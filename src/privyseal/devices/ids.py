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
    if fault := _fault_in_name(text, limits.MAX_ID):
        return fault
    if not _FORBIDDEN.isdisjoint(text) or text in _DOT_SEGMENTS:
        return "contains a slash or a backslash, or is a dot segment of a path"
    return None


def check_device_id(text: str) -> None:
    """Raises VALIDATION."""
    if fault := fault_in_id(text):
        raise PrivySealError(ErrorCode.VALIDATION, f"The device id {fault}.")


def check_batch(text: str) -> None:
    """The name of a batch is as plain as an id, and may have slashes. Raises VALIDATION."""
    if fault := _fault_in_name(text, limits.MAX_BATCH):
        raise PrivySealError(ErrorCode.VALIDATION, f"The batch {fault}.")


def _fault_in_name(text: str, most: int) -> str | None:
    if not 1 <= len(text) <= most:
        return f"has {len(text)} characters, not 1 to {most}"
    if not text.isprintable():
        return "contains a character that does not show"
    if text != text.strip():
        return "begins or ends with a space"
    if not unicodedata.is_normalized("NFC", text):
        return "is not in Unicode's composed form (NFC)"
    return None
