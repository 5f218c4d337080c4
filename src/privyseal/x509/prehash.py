"""Signatures over more bytes than one wants to hold: they are hashed as they come, and the hash is signed.

Every algorithm here can: ECDSA (FIPS 186-5 §6.4) and RSA (RFC 8017 §8) sign a hash anyway, and ML-DSA
signs the message representative µ, which whoever has the public key computes (FIPS 204 §6.2; RFC 9881
appendix D calls it external µ). The signature is the very one over the bytes.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import PrivateKey, SigningAlgorithm

_ML_DSA_KEYS: Mapping[str, type] = {
    "ML_DSA_44": mldsa.MLDSA44PrivateKey,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey,
}
_ML_DSA = (mldsa.MLDSA44PrivateKey, mldsa.MLDSA65PrivateKey, mldsa.MLDSA87PrivateKey)
_REPRESENTATIVE = 64  # octets of the hash of the public key and of µ
_PURE_WITHOUT_CONTEXT = b"\x00\x00"  # FIPS 204 §5.2: pure ML-DSA, then a context of no octets


class Signing(Protocol):
    """One signature in the making."""

    def update(self, data: bytes) -> None: ...

    def sign(self) -> bytes:
        """The signature over everything so far, as it stands in a certificate."""
        ...


def signing(key: PrivateKey, algorithm: SigningAlgorithm) -> Signing:
    """Raises INVALID_ARGUMENT when the algorithm is not one of the key's."""
    digest, scheme = algorithm.digest, algorithm.scheme
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(scheme, ec.ECDSA) and digest:
        prehashed = ec.ECDSA(Prehashed(digest))
        return _Hashed(hashlib.new(digest.name), lambda hashed: key.sign(hashed, prehashed))
    if isinstance(key, rsa.RSAPrivateKey) and isinstance(scheme, padding.AsymmetricPadding) and digest:
        return _Hashed(hashlib.new(digest.name), lambda hashed: key.sign(hashed, scheme, Prehashed(digest)))
    if isinstance(key, _ML_DSA) and isinstance(key, _ML_DSA_KEYS.get(algorithm.name, ())):
        return _MlDsa(key)
    raise PrivySealError(
        ErrorCode.INVALID_ARGUMENT, f"{algorithm.name} cannot be made with a key of another family."
    )


class _Hashed:
    def __init__(self, hashing: "hashlib._Hash", sign: Callable[[bytes], bytes]) -> None:
        self._hash = hashing
        self._sign = sign

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def sign(self) -> bytes:
        return self._sign(self._hash.digest())


class _MlDsa:
    def __init__(
        self, key: mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
    ) -> None:
        self._key = key
        public = hashlib.shake_256(key.public_key().public_bytes_raw()).digest(_REPRESENTATIVE)
        self._hash = hashlib.shake_256(public + _PURE_WITHOUT_CONTEXT)

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def sign(self) -> bytes:
        return self._key.sign_mu(self._hash.digest(_REPRESENTATIVE))
