"""Key pairs made for clients, as serverless-ca's scripts have KMS make them: the private key in the clear
and wrapped. Nothing of them is kept here.

The wrapped key opens again with the key-encryption key of this installation, for the encryption context
that it was made with.
"""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from privyseal.caller import Caller
from privyseal.errors import ErrorCode, PrivySealError
from privyseal.events.journal import entry
from privyseal.store import Store
from privyseal.wrapping import Wrapper
from privyseal.x509.algorithms import generate_key
from privyseal.x509.keys import public_key_der
from privyseal.x509.private_keys import to_pkcs8

# DataKeyPairSpec of KMS → KeyAlgorithm
SPECS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RSA_2048": "RSA_2048",
        "RSA_3072": "RSA_3072",
        "RSA_4096": "RSA_4096",
        "ECC_NIST_P256": "EC_prime256v1",
        "ECC_NIST_P384": "EC_secp384r1",
        "ECC_NIST_P521": "EC_secp521r1",
    }
)


class KeyPair(NamedTuple):
    private: bytes  # PKCS#8
    wrapped: bytes
    public: bytes  # SubjectPublicKeyInfo


class KeyPairs:
    """All block."""

    def __init__(self, store: Store, wrapper: Wrapper) -> None:
        self._store = store
        self._wrapper = wrapper

    def create(self, caller: Caller, key_arn: str, spec: str, context: Mapping[str, str]) -> KeyPair:
        key = generate_key(SPECS[spec])
        private = to_pkcs8(key)
        wrapped = self._wrapper.wrap(private, table="kms", row=key_arn, column=_place(context))
        made = entry("kms:GenerateDataKeyPair", caller, key_arn, spec=spec)
        self._store.transact(lambda tx: tx.record(made))
        return KeyPair(private, wrapped, public_key_der(key.public_key()))

    def open(self, caller: Caller, key_arn: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The private key. Raises INVALID_REQUEST for what was not wrapped here for this context."""
        try:
            private = self._wrapper.unwrap(wrapped, table="kms", row=key_arn, column=_place(context))
        except PrivySealError:
            text = "The ciphertext was not made by this key for this encryption context."
            raise PrivySealError(ErrorCode.INVALID_REQUEST, text) from None
        opened = entry("kms:Decrypt", caller, key_arn)
        self._store.transact(lambda tx: tx.record(opened))
        return private


def _place(context: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()
