"""The algorithms of the acm-pca service model (KeyAlgorithm, SigningAlgorithm), one row each.

Identifiers: RFC 8017 appendix C (PKCS #1 v1.5), RFC 4055 §3.1 (PSS), RFC 5758 §3.2 (ECDSA),
RFC 9881 §2 (ML-DSA). SM2 and SM3 are in Amazon's model for its China regions; `cryptography` has
neither, so they are refused by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.x509 import der

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)

RSA, ECDSA, ML_DSA = "RSA", "ECDSA", "ML-DSA"

_UNAVAILABLE = frozenset({"SM2", "SM3WITHSM2"})


@dataclass(frozen=True, slots=True)
class KeyAlgorithm:
    name: str
    family: str
    default_signing: str
    generate: Callable[[], PrivateKey]


@dataclass(frozen=True, slots=True)
class SigningAlgorithm:
    """`identifier` is the DER AlgorithmIdentifier; `key_algorithm` binds ML-DSA to one key type."""

    name: str
    family: str
    identifier: bytes
    digest: hashes.HashAlgorithm | None = None
    scheme: padding.AsymmetricPadding | ec.ECDSA | None = None
    key_algorithm: str | None = None

    def sign(self, key: PrivateKey, data: bytes) -> bytes:
        """The signature as it stands in a certificate. Raises INVALID_ARGUMENT for a foreign key."""
        scheme = self.scheme
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(scheme, ec.ECDSA):
            return key.sign(data, scheme)
        if (
            isinstance(key, rsa.RSAPrivateKey)
            and isinstance(scheme, padding.AsymmetricPadding)
            and self.digest
        ):
            return key.sign(data, scheme, self.digest)
        if isinstance(key, _ML_DSA_KEYS) and self.key_algorithm == _ml_dsa_name(key):
            return key.sign(data)
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT, f"{self.name} cannot be made with a key of another family."
        )


_ML_DSA_KEYS = (mldsa.MLDSA44PrivateKey, mldsa.MLDSA65PrivateKey, mldsa.MLDSA87PrivateKey)
_ML_DSA_NAMES = ("ML_DSA_44", "ML_DSA_65", "ML_DSA_87")
_ML_DSA_OIDS = ("2.16.840.1.101.3.4.3.17", "2.16.840.1.101.3.4.3.18", "2.16.840.1.101.3.4.3.19")


def _ml_dsa_name(key: PrivateKey) -> str | None:
    return next(
        (n for kind, n in zip(_ML_DSA_KEYS, _ML_DSA_NAMES, strict=True) if isinstance(key, kind)), None
    )


def _rsa_key(bits: int) -> KeyAlgorithm:
    return KeyAlgorithm(
        f"RSA_{bits}",
        RSA,
        "SHA256WITHRSA",
        lambda: rsa.generate_private_key(public_exponent=65537, key_size=bits),
    )


def _ec_key(curve: ec.EllipticCurve, name: str, signing: str) -> KeyAlgorithm:
    return KeyAlgorithm(name, ECDSA, signing, lambda: ec.generate_private_key(curve))


KEY_ALGORITHMS: Mapping[str, KeyAlgorithm] = MappingProxyType(
    {
        row.name: row
        for row in (
            _rsa_key(2048),
            _rsa_key(3072),
            _rsa_key(4096),
            _ec_key(ec.SECP256R1(), "EC_prime256v1", "SHA256WITHECDSA"),
            _ec_key(ec.SECP384R1(), "EC_secp384r1", "SHA384WITHECDSA"),
            _ec_key(ec.SECP521R1(), "EC_secp521r1", "SHA512WITHECDSA"),
            KeyAlgorithm("ML_DSA_44", ML_DSA, "ML_DSA_44", mldsa.MLDSA44PrivateKey.generate),
            KeyAlgorithm("ML_DSA_65", ML_DSA, "ML_DSA_65", mldsa.MLDSA65PrivateKey.generate),
            KeyAlgorithm("ML_DSA_87", ML_DSA, "ML_DSA_87", mldsa.MLDSA87PrivateKey.generate),
        )
    }
)

# Hash → (its OID, sha*WithRSAEncryption, ecdsa-with-SHA*)
_HASHES: tuple[tuple[hashes.HashAlgorithm, str, str, str], ...] = (
    (hashes.SHA256(), "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"),
    (hashes.SHA384(), "2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"),
    (hashes.SHA512(), "2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"),
)
_MGF1 = "1.2.840.113549.1.1.8"
_RSASSA_PSS = "1.2.840.113549.1.1.10"
_NULL = der.tlv(der.NULL)


def _pss_identifier(hash_oid: str, salt_length: int) -> bytes:
    hash_identifier = der.sequence(der.oid(hash_oid), _NULL)  # RFC 4055 §2.1: NULL when encoding
    return der.sequence(
        der.oid(_RSASSA_PSS),
        der.sequence(
            der.tlv(0xA0, hash_identifier),
            der.tlv(0xA1, der.sequence(der.oid(_MGF1), hash_identifier)),
            der.tlv(0xA2, der.integer(salt_length)),
        ),
    )


def _with_hash(row: tuple[hashes.HashAlgorithm, str, str, str]) -> tuple[SigningAlgorithm, ...]:
    digest, hash_oid, rsa_oid, ecdsa_oid = row
    name, size = digest.name.upper(), digest.digest_size
    pss = padding.PSS(padding.MGF1(digest), size)
    return (
        SigningAlgorithm(
            f"{name}WITHECDSA", ECDSA, der.sequence(der.oid(ecdsa_oid)), digest, ec.ECDSA(digest)
        ),
        SigningAlgorithm(
            f"{name}WITHRSA", RSA, der.sequence(der.oid(rsa_oid), _NULL), digest, padding.PKCS1v15()
        ),
        SigningAlgorithm(f"{name}WITHRSA_PSS", RSA, _pss_identifier(hash_oid, size), digest, pss),
    )


SIGNING_ALGORITHMS: Mapping[str, SigningAlgorithm] = MappingProxyType(
    {row.name: row for hash_row in _HASHES for row in _with_hash(hash_row)}
    | {
        name: SigningAlgorithm(name, ML_DSA, der.sequence(der.oid(oid)), key_algorithm=name)
        for name, oid in zip(_ML_DSA_NAMES, _ML_DSA_OIDS, strict=True)
    }
)


def key_algorithm(name: str) -> KeyAlgorithm:
    """The row of a KeyAlgorithm. Raises INVALID_ARGUMENT."""
    if row := KEY_ALGORITHMS.get(name):
        return row
    raise _no_such("key", name, KEY_ALGORITHMS)


def signing_algorithm(name: str) -> SigningAlgorithm:
    """The row of a SigningAlgorithm. Raises INVALID_ARGUMENT."""
    if row := SIGNING_ALGORITHMS.get(name):
        return row
    raise _no_such("signing", name, SIGNING_ALGORITHMS)


def generate_key(name: str) -> PrivateKey:
    """A new private key of the KeyAlgorithm `name`."""
    return key_algorithm(name).generate()


def default_signing_algorithm(key_algorithm_name: str) -> str:
    """The signing algorithm whose strength suits the key."""
    return key_algorithm(key_algorithm_name).default_signing


def hash_for(key_algorithm_name: str) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash of the key's default signing algorithm, as `cryptography`'s builders want it."""
    digest = signing_algorithm(default_signing_algorithm(key_algorithm_name)).digest
    assert digest is None or isinstance(digest, hashes.SHA256 | hashes.SHA384 | hashes.SHA512)
    return digest


def check_signing_fits(signing_name: str, key_name: str) -> None:
    """The signing algorithm's family must be the key's; ML-DSA names must be equal.

    Source: AWS Private CA API reference, IssueCertificate, SigningAlgorithm.
    """
    signing, key = signing_algorithm(signing_name), key_algorithm(key_name)
    if signing.family != key.family or signing.key_algorithm not in {None, key.name}:
        raise PrivySealError(
            ErrorCode.INVALID_ARGUMENT,
            f"The signing algorithm {signing_name} does not fit the authority's key ({key_name}).",
        )


def _no_such(kind: str, name: str, table: Mapping[str, object]) -> PrivySealError:
    reason = "is not available here" if name in _UNAVAILABLE else "is unknown"
    return PrivySealError(
        ErrorCode.INVALID_ARGUMENT, f"The {kind} algorithm {name!r} {reason}. Use one of: {', '.join(table)}."
    )
