"""Keys in this process: made here, kept wrapped in their authority's row, opened in memory."""

from typing import cast

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from privyseal.ca.model import StoredKey
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.wrapping import Wrapper
from privyseal.x509.algorithms import PrivateKey, generate_key

SCHEME = "software"


class SoftwareKeyStore:
    """Implements `ca.ports.KeyStore` with AES-256-GCM around PKCS#8."""

    def __init__(self, wrapper: Wrapper) -> None:
        self._wrapper = wrapper

    def create(self, key_id: str, key_algorithm: str) -> tuple[StoredKey, PrivateKey]:
        key = generate_key(key_algorithm)
        plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        wrapped = self._wrapper.wrap(plain, table="authority", row=key_id, column="key_wrapped")
        return StoredKey(f"{SCHEME}:{key_id}", wrapped), key

    def open(self, key_id: str, stored: StoredKey) -> PrivateKey:
        if stored.uri != f"{SCHEME}:{key_id}" or stored.wrapped is None:
            raise PrivySealError(ErrorCode.UNAVAILABLE, f"The key {stored.uri} is not in this key store.")
        plain = self._wrapper.unwrap(stored.wrapped, table="authority", row=key_id, column="key_wrapped")
        # What the wrapper opens is what it wrapped: checking an RSA key again is slow.
        # Only generate_key's kinds are ever wrapped.
        return cast("PrivateKey", load_der_private_key(plain, None, unsafe_skip_rsa_key_validation=True))
