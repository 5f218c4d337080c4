"""RSA keys that must not be certified, of any structure, and CSRs signed with them by plain arithmetic."""

import hashlib
import math
import random
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from privyseal.x509.keys import public_key_der
from tests.x509 import forge

# DigestInfo of SHA-256 (RFC 8017 §9.2, note 1)
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class Textbook:
    """n, e and d; signs PKCS #1 v1.5 with SHA-256."""

    n: int
    e: int
    d: int

    @property
    def spki(self) -> bytes:
        return public_key_der(rsa.RSAPublicNumbers(self.e, self.n).public_key())

    def sign(self, data: bytes) -> bytes:
        size = (self.n.bit_length() + 7) // 8
        info = _DIGEST_INFO + hashlib.sha256(data).digest()
        padded = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
        return pow(int.from_bytes(padded), self.d, self.n).to_bytes(size)

    def csr(self) -> bytes:
        info = forge.seq(b"\x02\x01\x00", forge.cn("device-1"), self.spki, forge.tlv(0xA0, b""))
        return forge.seq(info, forge.RSA_SHA256, forge.tlv(0x03, b"\x00" + self.sign(info)))


def of_primes(*primes: int, e: int = 65537) -> Textbook:
    order = math.lcm(*(p - 1 for p in primes))
    if len(set(primes)) < len(primes):
        order *= primes[0]  # the group of p² has order p·(p-1)
    return Textbook(math.prod(primes), e, pow(e, -1, order))


def is_prime(n: int) -> bool:
    """Fermat's test to a few bases: ample for numbers that nobody chose to deceive it."""
    return all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7))


def next_prime(n: int, e: int = 65537) -> int:
    n |= 1
    while math.gcd(n, _SMALL) != 1 or not is_prime(n) or math.gcd(n - 1, e) != 1:
        n += 2
    return n


_SMALL = math.prod(n for n in range(3, 700, 2) if all(n % p for p in range(3, math.isqrt(n) + 1)))
_random = random.Random(20261121)


def prime(bits: int, e: int = 65537) -> int:
    """A prime with the two highest bits set; always the same ones in the same order."""
    return next_prime(_random.getrandbits(bits) | 3 << (bits - 2), e)


@cache
def short(bits: int) -> Textbook:
    return of_primes(prime(bits // 2), prime(bits // 2))


@cache
def small_exponent() -> Textbook:
    return of_primes(prime(1024, 3), prime(1024, 3), e=3)


@cache
def small_factor() -> Textbook:
    """One of its three primes is 743, the highest one below Boulder's limit of 752 that fits."""
    return of_primes(743, prime(1024), prime(1014))


@cache
def square() -> Textbook:
    p = prime(1024)
    return of_primes(p, p)


@cache
def close_primes() -> Textbook:
    p = prime(1024)
    return of_primes(p, next_prime(p + 2))


@cache
def roca() -> Textbook:
    """Both primes are k·M + 65537^a mod M, with M the product of the first 126 primes."""
    modulus = math.prod([n for n in range(2, 720) if all(n % p for p in range(2, math.isqrt(n) + 1))][:126])

    def structured(a: int) -> int:
        residue = pow(65537, a, modulus)
        k = (_random.getrandbits(1024) | 3 << 1022) // modulus
        while not is_prime(k * modulus + residue):
            k += 1
        return k * modulus + residue

    return of_primes(structured(1234567), structured(7654321))
