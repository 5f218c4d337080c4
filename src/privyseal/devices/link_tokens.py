"""Links of our own: who was given one can fetch an answer, until it expires; nobody can make one.

    TOKEN = ID "." SECONDS "." base64url(HMAC-SHA256(key, "privyseal-link" 0x00 ID "." SECONDS))

`SECONDS` is when it expires (Unix time). The key is one for the installation, so every process
accepts what another has made, also after a restart. A token is checked before anything is looked up.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime

from privyseal.devices.order_ports import LinkKeys
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.store import Store, Tx

KEY_BYTES = 32
_TOKEN = re.compile(r"\A([0-9a-f-]{36})\.([0-9]{1,11})\.([A-Za-z0-9_-]{43})\Z")
_CONTEXT = b"privyseal-link\x00"


class ExpiredError(PrivySealError):
    """NOT_FOUND: a link that was right, and whose time is over."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.NOT_FOUND, "The link has expired. Ask for the certificate again.")


class LinkTokens:
    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            text = f"A key for links has {KEY_BYTES} bytes, not {len(key)}"
            raise PrivySealError(ErrorCode.INTERNAL, text)
        self._key = key

    def make(self, order_id: str, expires_at: datetime) -> str:
        signed = f"{order_id}.{int(expires_at.timestamp())}"
        return f"{signed}.{self._mac(signed)}"

    def read(self, token: str, now: datetime) -> str:
        """The order's id. Raises NOT_FOUND for what we have not made, ExpiredError for what is too old."""
        match = _TOKEN.match(token)
        if match is None or not hmac.compare_digest(self._mac(f"{match[1]}.{match[2]}"), match[3]):
            raise nothing_there()
        if now >= datetime.fromtimestamp(int(match[2]), UTC):
            raise ExpiredError
        return match[1]

    def _mac(self, signed: str) -> str:
        digest = hmac.digest(self._key, _CONTEXT + signed.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def nothing_there() -> PrivySealError:
    return PrivySealError(
        ErrorCode.NOT_FOUND, "There is nothing at this link. Ask for the certificate again."
    )


def ensure_key(store: Store, keys: LinkKeys) -> bytes:
    """The key of this installation, made when it is asked for first."""
    found = store.view(keys.find)
    if found is not None:
        return found
    secret = secrets.token_bytes(KEY_BYTES)

    def make(tx: Tx) -> bytes:
        if there := keys.find(tx):
            return there
        keys.put(tx, secret)
        return secret

    return store.transact(make)
