"""Private keys that are in AWS KMS: subclasses of `cryptography`'s own, whose `sign` asks KMS.

KMS takes a digest (MessageType DIGEST; of raw messages it takes 4,096 bytes at most, and CRLs are larger)
or the message representative of ML-DSA (EXTERNAL_MU). Each signature is verified before anybody gets it:
what a key outside signs is what was asked for, or nothing.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509.algorithms import PrivateKey

# (what is signed, MessageType, SigningAlgorithmSpec) → signature
Ask = Callable[[bytes, str, str], bytes]

DIGEST: Final = "DIGEST"
EXTERNAL_MU: Final = "EXTERNAL_MU"
ML_DSA: Final = "ML_DSA_SHAKE_256"
# FIPS 204 §6.2: µ is SHAKE256(SHAKE256(public key) ‖ 0 ‖ |context| ‖ context ‖ message), 64 octets each.
_REPRESENTATIVE: Final = 64
# One hash for each curve (SigningAlgorithmSpec of the kms service model; KMS user guide, "ECC key specs").
_ECDSA: Final[Mapping[str, str]] = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}


class _Held:
    """What all of them refuse: the key never leaves KMS."""

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        raise _stays()

    def private_bytes_raw(self) -> NoReturn:
        raise _stays()

    def private_numbers(self) -> NoReturn:
        raise _stays()

    def exchange(self, *_: Any) -> NoReturn:
        raise _stays()

    def decrypt(self, *_: Any) -> NoReturn:
        raise _stays()

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: object) -> Any:
        return self


class KmsEcKey(_Held, ec.EllipticCurvePrivateKey):
    def __init__(self, public: ec.EllipticCurvePublicKey, ask: Ask) -> None:
        self._public = public
        self._ask = ask

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        digest, name = _hashed(data, signature_algorithm.algorithm)
        if _ECDSA[self.curve.name] != name:
            raise PrivySealError(
                ErrorCode.INVALID_ARGUMENT,
                f"AWS KMS signs with a key on {self.curve.name} over {_ECDSA[self.curve.name].upper()}, "
                f"not over {name.upper()}.",
            )
        signature = self._ask(digest, DIGEST, f"ECDSA_SHA_{name[3:]}")
        prehashed = ec.ECDSA(Prehashed(_HASHES[name]))
        return _verified(signature, lambda: self._public.verify(signature, digest, prehashed))


class KmsRsaKey(_Held, rsa.RSAPrivateKey):
    def __init__(self, public: rsa.RSAPublicKey, ask: Ask) -> None:
        self._public = public
        self._ask = ask

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def sign(self, data: Any, padding: padding.AsymmetricPadding, algorithm: Any) -> bytes:
        digest, name = _hashed(data, algorithm)
        scheme = "RSASSA_PSS" if _is_pss(padding) else "RSASSA_PKCS1_V1_5"
        signature = self._ask(digest, DIGEST, f"{scheme}_SHA_{name[3:]}")
        prehashed = Prehashed(_HASHES[name])
        return _verified(signature, lambda: self._public.verify(signature, digest, padding, prehashed))


class _KmsMlDsaKey(_Held):
    def __init__(self, public: Any, ask: Ask) -> None:
        self._public = public
        self._ask = ask
        self._digest = hashlib.shake_256(public.public_bytes_raw()).digest(_REPRESENTATIVE)

    def public_key(self) -> Any:
        return self._public

    def sign(self, data: Any, context: Any = None) -> bytes:
        """KMS has no contexts."""
        if context:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "AWS KMS signs without a context.")
        return self.sign_mu(
            hashlib.shake_256(self._digest + b"\x00\x00" + bytes(data)).digest(_REPRESENTATIVE)
        )

    def sign_mu(self, mu: Any) -> bytes:
        signature = self._ask(bytes(mu), EXTERNAL_MU, ML_DSA)
        return _verified(signature, lambda: self._public.verify_mu(signature, mu))


class KmsMlDsa44Key(_KmsMlDsaKey, mldsa.MLDSA44PrivateKey):
    """FIPS 204, parameter set ML-DSA-44."""


class KmsMlDsa65Key(_KmsMlDsaKey, mldsa.MLDSA65PrivateKey):
    """FIPS 204, parameter set ML-DSA-65."""


class KmsMlDsa87Key(_KmsMlDsaKey, mldsa.MLDSA87PrivateKey):
    """FIPS 204, parameter set ML-DSA-87."""


def kms_key(spki: bytes, ask: Ask) -> PrivateKey:
    """The key whose public half is `spki` (DER). Raises INVALID_ARGUMENT for one of another kind."""
    public = serialization.load_der_public_key(spki)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _ECDSA:
        return KmsEcKey(public, ask)
    if isinstance(public, rsa.RSAPublicKey):
        return KmsRsaKey(public, ask)
    for kind, held in _ML_DSA_KEYS:
        if isinstance(public, kind):
            made: PrivateKey = held(public, ask)
            return made
    raise PrivySealError(
        ErrorCode.INVALID_ARGUMENT,
        "The key in AWS KMS is not RSA, EC on P-256, P-384 or P-521, or ML-DSA: it cannot be an authority's.",
    )


_ML_DSA_KEYS: Final[tuple[tuple[type, Callable[[Any, Ask], Any]], ...]] = (
    (mldsa.MLDSA44PublicKey, KmsMlDsa44Key),
    (mldsa.MLDSA65PublicKey, KmsMlDsa65Key),
    (mldsa.MLDSA87PublicKey, KmsMlDsa87Key),
)
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def _hashed(data: Any, algorithm: Any) -> tuple[bytes, str]:
    """(the digest, the hash's name); `data` is the digest where the algorithm is `Prehashed`."""
    if isinstance(algorithm, Prehashed):
        size = algorithm.digest_size
        name = next((name for name, each in _HASHES.items() if each.digest_size == size), "")
        if not name or len(data) != size:
            raise PrivySealError(ErrorCode.INVALID_ARGUMENT, "AWS KMS signs SHA-256, SHA-384 and SHA-512.")
        return bytes(data), name
    if algorithm.name not in _HASHES:
        raise PrivySealError(ErrorCode.INVALID_ARGUMENT, f"AWS KMS does not sign over {algorithm.name}.")
    return hashlib.new(algorithm.name, data).digest(), algorithm.name


def _is_pss(scheme: padding.AsymmetricPadding) -> bool:
    return isinstance(scheme, padding.PSS)


def _verified(signature: bytes, verify: Callable[[], None]) -> bytes:
    try:
        verify()
    except InvalidSignature as error:
        raise PrivySealError(
            ErrorCode.UNAVAILABLE, "AWS KMS has returned a signature that is not one over what was asked for."
        ) from error
    return signature


def _stays() -> PrivySealError:
    return PrivySealError(ErrorCode.INVALID_ARGUMENT, "The key is in AWS KMS and never leaves it.")
