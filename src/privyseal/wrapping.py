"""Secrets at rest: AES-256-GCM under a key-encryption key (KEK) that is not in the database.

Every wrapped secret is bound to the place it belongs to (table, row, column) as associated data,
so a row copied over another one does not open (NIST SP 800-38D; the nonce is random, 96 bits).
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privyseal.errors import ErrorCode, PrivySealError

KEK_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"


class Wrapper:
    """Wraps and opens small secrets with one key-encryption key of 32 bytes."""

    def __init__(self, kek: bytes) -> None:
        if len(kek) != KEK_BYTES:
            raise PrivySealError(
                ErrorCode.INTERNAL, f"A key-encryption key has {KEK_BYTES} bytes, not {len(kek)}"
            )
        self._aead = AESGCM(kek)

    def wrap(self, secret: bytes, *, table: str, row: str, column: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, secret, _place(table, row, column, _VERSION))

    def unwrap(self, wrapped: bytes, *, table: str, row: str, column: str) -> bytes:
        """The secret. Raises UNAVAILABLE when the KEK is another one or the row was tampered with."""
        version, body = wrapped[: len(_VERSION)], wrapped[len(_VERSION) :]
        try:
            return self._aead.decrypt(
                body[:_NONCE_BYTES], body[_NONCE_BYTES:], _place(table, row, column, version)
            )
        except (InvalidTag, ValueError):
            raise PrivySealError(
                ErrorCode.UNAVAILABLE,
                f"A secret in {table} {row} does not open with this key-encryption key",
            ) from None


def new_kek() -> bytes:
    return AESGCM.generate_key(bit_length=8 * KEK_BYTES)


def _place(table: str, row: str, column: str, version: bytes) -> bytes:
    return f"privyseal|{version.hex()}|{table}|{row}|{column}".encode()
