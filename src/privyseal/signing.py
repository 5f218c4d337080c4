"""Ed25519 (RFC 8032): one kind of key for what the service itself vouches for."""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privyseal.errors import ErrorCode, PrivySealError

_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


class SigningKey:
    """A private key, held as the library holds it."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is the seed of 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = VerifyingKey(self._key.public_key().public_bytes(serialization.Encoding.DER, _SPKI))

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """`der` is the SubjectPublicKeyInfo."""

    der: bytes

    @property
    def id(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def pem(self) -> bytes:
        return self._key().public_bytes(serialization.Encoding.PEM, _SPKI)

    def verifies(self, content: bytes, signature: bytes) -> bool:
        try:
            self._key().verify(signature, content)
        except InvalidSignature:
            return False
        return True

    def _key(self) -> Ed25519PublicKey:
        try:
            key = serialization.load_der_public_key(self.der)
        except (ValueError, UnsupportedAlgorithm):
            raise _no_key() from None
        if not isinstance(key, Ed25519PublicKey):
            raise _no_key()
        return key


def new_secret() -> bytes:
    encoding, form = serialization.Encoding.Raw, serialization.PrivateFormat.Raw
    return Ed25519PrivateKey.generate().private_bytes(encoding, form, serialization.NoEncryption())


def read_public_pem(text: bytes) -> VerifyingKey:
    """Raises INVALID_ARGUMENT for what is not a PEM public key of Ed25519."""
    try:
        key = serialization.load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key() from None
    found = VerifyingKey(key.public_bytes(serialization.Encoding.DER, _SPKI))
    found.pem()
    return found


def _no_key() -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, "This is not an Ed25519 public key.")
