"""CSRs that must be refused, by name: what is wrong with each is the name of its row."""

import math
from collections.abc import Callable, Mapping
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dh, dsa, ec, ed448, ed25519, rsa, x25519

from tests.x509 import forge
from tests.x509.forge import armour, attribute, cn, csr, dns, extension, name, request, san, seq, set_of, tlv


def _pem(der: bytes) -> bytes:
    return armour(der)


def _rsa_key(p: int, q: int, e: int = 65537) -> rsa.RSAPrivateKey:
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q)
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _is_prime(n: int) -> bool:
    """Fermat's test to a few bases: ample for numbers that nobody chose to deceive it."""
    return all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7))


def _next_prime(n: int) -> int:
    n |= 1
    while not _is_prime(n) or math.gcd(n - 1, 65537) != 1:
        n += 2
    return n


@cache
def close_primes() -> rsa.RSAPrivateKey:
    """p and q are neighbours: one step of Fermat's method finds them."""
    p = forge.rsa2048().private_numbers().p
    return _rsa_key(p, _next_prime(p + 2))


@cache
def roca() -> rsa.RSAPrivateKey:
    """Both primes are k·M + 65537^a mod M, with M the product of the first 126 primes."""
    primes = [n for n in range(2, 720) if all(n % p for p in range(2, math.isqrt(n) + 1))][:126]
    modulus = math.prod(primes)

    def prime(k: int, a: int) -> int:
        residue = pow(65537, a, modulus)
        while not _is_prime(k * modulus + residue) or (k * modulus + residue - 1) % 65537 == 0:
            k += 1
        return k * modulus + residue

    top = (1 << 1024) // modulus
    return _rsa_key(prime(top * 15 // 16, 1234567), prime(top * 14 // 15, 7654321))


@cache
def small_factor() -> rsa.RSAPrivateKey:
    """One of three primes is 751; the signature still verifies."""
    e, p = 65537, 751
    bits = 2048 - p.bit_length()
    a = _next_prime((1 << (bits // 2)) * 15 // 16 + 12345)
    b = _next_prime((1 << (bits - bits // 2)) - 54321)
    n = p * a * b
    d = pow(e, -1, math.lcm(p - 1, a - 1, b - 1))
    # The private key is only used through textbook arithmetic below.
    return _Textbook(n, e, d)  # type: ignore[return-value]  # it has what forge.csr's caller needs


class _Textbook:
    """An RSA key of any structure, signing PKCS #1 v1.5 with pow()."""

    def __init__(self, n: int, e: int, d: int) -> None:
        self.n, self.e, self.d = n, e, d

    def spki(self) -> bytes:
        return rsa.RSAPublicNumbers(self.e, self.n).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


__all__ = ["HOSTILE"]
_ = (dh, dsa, ec, ed448, ed25519, x25519, attribute, cn, csr, dns, extension, name, request, san, seq, set_of, tlv)
HOSTILE: Mapping[str, Callable[[], bytes]] = {}
