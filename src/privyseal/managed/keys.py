"""Private keys of managed certificates: made here, wrapped at rest, and handed out only encrypted.

A wrapped key is bound to the row of its certificate, so one that is copied to another row does not open.
"""

from privyseal.wrapping import Wrapper
from privyseal.x509.algorithms import PrivateKey, generate_key
from privyseal.x509.private_keys import encrypted_pem, to_pkcs8


class ManagedKeys:
    def __init__(self, wrapper: Wrapper) -> None:
        self._wrapper = wrapper

    def create(self, certificate_id: str, key_algorithm: str) -> tuple[bytes, PrivateKey]:
        """A new key of a KeyAlgorithm: wrapped, and ready to sign its request."""
        key = generate_key(key_algorithm)
        return self.wrap(certificate_id, to_pkcs8(key)), key

    def wrap(self, certificate_id: str, pkcs8: bytes) -> bytes:
        return self._wrapper.wrap(
            pkcs8, table="managed_certificate", row=certificate_id, column="key_wrapped"
        )

    def export(self, certificate_id: str, wrapped: bytes, passphrase: bytes) -> str:
        """PEM of the key, encrypted with the passphrase. Raises UNAVAILABLE when it does not open."""
        plain = self._wrapper.unwrap(
            wrapped, table="managed_certificate", row=certificate_id, column="key_wrapped"
        )
        return encrypted_pem(plain, passphrase)
