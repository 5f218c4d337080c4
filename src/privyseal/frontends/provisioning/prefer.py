"""How long a client is ready to wait: the header Prefer (RFC 7240), `respond-async` and `wait`.

Whatever else it says, or says badly, is no preference of ours (§2): it is passed over.
"""

import re

from privyseal.frontends.http import Headers

ASYNC = "respond-async"
# token [ = token or quoted string ]; parameters after a semicolon do not change what these two mean.
_PREFERENCE = re.compile(r'\A\s*([\w!#$%&\'*+.^`|~-]+)\s*(?:=\s*"?([^";,]*)"?)?\s*(?:;.*)?\Z', re.ASCII)
_MOST = 8  # headers, and preferences of one, that are looked at
_SECONDS = re.compile(r"\A[0-9]{1,6}\Z")


def preferences(headers: Headers) -> dict[str, str]:
    """By name in lower case; of a repeated one the first counts (§2)."""
    found: dict[str, str] = {}
    for header in headers.all(b"prefer")[:_MOST]:
        for part in header.split(",")[:_MOST]:
            if match := _PREFERENCE.match(part):
                found.setdefault(match[1].lower(), (match[2] or "").strip())
    return found


def patience(asked: dict[str, str], limit: float) -> float:
    """Seconds to wait for the answer itself: `limit` at most, none with `respond-async` alone."""
    wait = asked.get("wait", "")
    if _SECONDS.match(wait):
        return min(float(wait), limit)
    return 0.0 if ASYNC in asked else limit
