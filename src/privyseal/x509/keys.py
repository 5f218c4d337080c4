"""Public keys: which are accepted, and the rules that refuse weak ones.

Sources: NIST SP 800-56B rev. 2 §6.4 and CA/Browser Forum BR §6.1.5/6.1.6 (RSA), RFC 5480 (named
curves), RFC 8410 (Ed25519), RFC 9881 (ML-DSA); Nemec et al., "The Return of Coppersmith's Attack"
(ROCA, CVE-2017-15361); Böck, "Fermat Factorization in the Wild" (close primes).
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from privyseal.x509 import der
from privyseal.x509.blocked_keys import BLOCKED_KEYS
from privyseal.x509.refusal import RefusalError

PublicKey = (
    rsa.RSAPublicKey
    | ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)
_KINDS = (
    ec.EllipticCurvePublicKey,
    rsa.RSAPublicKey,
    ed25519.Ed25519PublicKey,
    mldsa.MLDSA44PublicKey,
    mldsa.MLDSA65PublicKey,
    mldsa.MLDSA87PublicKey,
)

# The largest accepted key is ML-DSA-87's: 2,592 octets and its wrapping (FIPS 204 table 2).
MAX_SPKI = 4096


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What an operator may change about the keys that are accepted."""

    rsa_bits: frozenset[int] = frozenset({2048, 3072, 4096})
    rsa_exponents: frozenset[int] = frozenset({65537})
    fermat_rounds: int = 100  # what Boulder does; keys with primes this close were in the wild
    blocked: frozenset[bytes] = frozenset(BLOCKED_KEYS)  # SHA-256 of the DER SubjectPublicKeyInfo


KEY_RULES = KeyRules()

_EC_PUBLIC_KEY = der.oid("1.2.840.10045.2.1")

# DER AlgorithmIdentifier of a SubjectPublicKeyInfo → the name of the key algorithm. Whatever else
# there is (explicit curve parameters, RSASSA-PSS keys, other curves) is not in the table.
_IDENTIFIERS: Mapping[bytes, str] = MappingProxyType(
    {
        der.sequence(der.oid("1.2.840.113549.1.1.1"), der.tlv(der.NULL)): "RSA",
        der.sequence(_EC_PUBLIC_KEY, der.oid("1.2.840.10045.3.1.7")): "EC_prime256v1",
        der.sequence(_EC_PUBLIC_KEY, der.oid("1.3.132.0.34")): "EC_secp384r1",
        der.sequence(_EC_PUBLIC_KEY, der.oid("1.3.132.0.35")): "EC_secp521r1",
        der.sequence(der.oid("1.3.101.112")): "Ed25519",
        der.sequence(der.oid("2.16.840.1.101.3.4.3.17")): "ML_DSA_44",
        der.sequence(der.oid("2.16.840.1.101.3.4.3.18")): "ML_DSA_65",
        der.sequence(der.oid("2.16.840.1.101.3.4.3.19")): "ML_DSA_87",
    }
)
_UNCOMPRESSED = 0x04  # SEC 1 §2.3.3


def _primes(below: int) -> list[int]:
    return [n for n in range(2, below) if all(n % p for p in range(2, math.isqrt(n) + 1))]


_SMALL_PRIMES = math.prod(_primes(752))
# ROCA: primes are k·M + 65537^a mod M, so the modulus is a power of 65537 modulo each of these.
_ROCA: tuple[tuple[int, frozenset[int]], ...] = tuple(
    (prime, frozenset(pow(65537, power, prime) for power in range(prime))) for prime in _primes(168)[1:]
)
_SQUARES = frozenset(n * n % 64 for n in range(64))


def public_key_der(key: PublicKey) -> bytes:
    """DER SubjectPublicKeyInfo: the one form in which keys are compared and stored."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_bits(spki: bytes) -> bytes:
    """The octets of the key itself, over which key identifiers are computed (RFC 5280 §4.2.1.2)."""
    return der.read_bit_string(_fields(spki)[1])


@lru_cache(maxsize=256)  # a batch reads each key twice: for its rules and for its identifier
def _fields(spki: bytes) -> tuple[der.Element, der.Element]:
    fields = der.inside(spki)
    if len(fields) != 2:
        raise RefusalError("the public key is not a SubjectPublicKeyInfo")
    return fields[0], fields[1]


@lru_cache(maxsize=256)
def key_identifier(spki: bytes) -> bytes:
    """SHA-1 of the key bits: method 1 of RFC 5280 §4.2.1.2; an identifier, not a protection."""
    return hashlib.sha1(key_bits(spki), usedforsecurity=False).digest()


def algorithm_name(spki: bytes) -> str:
    """The key algorithm that a SubjectPublicKeyInfo names, RSA without its size; else its OID."""
    identifier = _fields(spki)[0]
    return _IDENTIFIERS.get(identifier.raw) or der.read_oid(identifier.children()[0])


def read_public_key(spki: bytes, rules: KeyRules = KEY_RULES) -> tuple[str, PublicKey]:
    """(key algorithm, key) of a SubjectPublicKeyInfo that the rules accept. Raises RefusalError."""
    if len(spki) > MAX_SPKI:
        raise RefusalError(f"the public key has more than {MAX_SPKI} octets")
    identifier, bits = _fields(spki)
    algorithm = _IDENTIFIERS.get(identifier.raw)
    if algorithm is None:
        raise RefusalError(
            "the public key is not RSA, EC on a named curve (P-256, P-384, P-521), Ed25519 or ML-DSA"
        )
    if algorithm.startswith("EC_") and der.read_bit_string(bits)[:1] != bytes((_UNCOMPRESSED,)):
        raise RefusalError("the EC point is not in its uncompressed form")
    if hashlib.sha256(spki).digest() in rules.blocked:
        raise RefusalError("the public key is known to be compromised")
    key = _load(spki)
    if algorithm == "RSA" and isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key, rules)
        algorithm = f"RSA_{key.key_size}"
    return algorithm, key


def _load(spki: bytes) -> PublicKey:
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RefusalError("the public key is not a valid key of its kind") from error
    if not isinstance(key, _KINDS):
        raise RefusalError("the public key is of a kind that is not accepted")
    return key


def _check_rsa(key: rsa.RSAPublicKey, rules: KeyRules) -> None:
    if key.key_size not in rules.rsa_bits:
        sizes = ", ".join(map(str, sorted(rules.rsa_bits)))
        raise RefusalError(f"the RSA key has {key.key_size} bits; accepted are {sizes}")
    numbers = key.public_numbers()
    if numbers.e not in rules.rsa_exponents:
        exponents = ", ".join(map(str, sorted(rules.rsa_exponents)))
        raise RefusalError(f"the RSA key's public exponent is not one of {exponents}")
    for weak, why in (
        (math.gcd(numbers.n, _SMALL_PRIMES) != 1, "it has a small factor"),
        (_is_roca(numbers.n), "it has the structure of CVE-2017-15361 (ROCA)"),
        (_has_close_primes(numbers.n, rules.fermat_rounds), "its primes are close together"),
    ):
        if weak:
            raise RefusalError(f"the RSA key is weak: {why}")


def _is_roca(modulus: int) -> bool:
    return all(modulus % prime in powers for prime, powers in _ROCA)


def _has_close_primes(modulus: int, rounds: int) -> bool:
    """Fermat: n = a² - b² with a just above √n. A square is a square modulo 64, which is quick to ask."""
    a = math.isqrt(modulus - 1) + 1
    remainder = a * a - modulus
    for _ in range(rounds):
        if remainder & 63 in _SQUARES and math.isqrt(remainder) ** 2 == remainder:
            return True
        remainder += 2 * a + 1
        a += 1
    return False
