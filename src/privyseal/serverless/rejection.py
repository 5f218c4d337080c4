"""What the record says of a refused request: what those who watch the CA get as a notice.

It is read without being believed: what a member cannot be shown as is left out, and nothing is long.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from privyseal.serverless import lifetime, purposes, sans, subject
from privyseal.serverless.refusals import Refused

ACTION: Final = "serverless:RejectCertificate"
MOST_CSR: Final = 16_384  # characters of base64: an ML-DSA-87 request fits
_MOST_TEXT: Final = 256
_MOST_DAYS: Final = 10**9  # readers of JSON have 32 bits, some of them


def told(event: Mapping[str, Any], pem: bytes, reason: str) -> dict[str, Any]:
    """The detail of a journal entry. `pem` is the CSR as far as one was found."""
    own = _subject(event)
    return {
        "reason": reason,
        "csr_info": {
            "CommonName": own.get("common_name", ""),
            "Lifetime": _lifetime(event),
            "Purposes": _purposes(event),
            "SANs": _names(event, own.get("common_name", "")),
        },
        "csr": _csr(event, pem),
        "subject": subject.shown_asked(own),
    }


def _subject(event: Mapping[str, Any]) -> dict[str, str]:
    texts = {key: event.get(key) for key in subject.ATTRIBUTES}
    return {key: text[:_MOST_TEXT] for key, text in texts.items() if isinstance(text, str) and text}


def _lifetime(event: Mapping[str, Any]) -> int | None:
    try:
        asked = lifetime.read(event.get("lifetime", lifetime.DEFAULT))
    except Refused:
        return None
    return max(-_MOST_DAYS, min(asked, _MOST_DAYS))


def _purposes(event: Mapping[str, Any]) -> list[str]:
    try:
        return list(purposes.named(event.get("purposes")))
    except Refused:
        return []


def _names(event: Mapping[str, Any], common_name: str) -> list[dict[str, str]]:
    try:
        return [
            {"type": kind, "value": value} for kind, value in sans.read(event.get("sans"), common_name).names
        ]
    except Refused:
        return []


def _csr(event: Mapping[str, Any], pem: bytes) -> str:
    """As it came, where it was not read."""
    given = event.get("base64_csr_data")
    coded = base64.b64encode(pem).decode() if pem else given if isinstance(given, str) else ""
    return coded if len(coded) <= MOST_CSR else ""
