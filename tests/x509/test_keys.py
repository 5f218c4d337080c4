"""Which keys are accepted, beyond what the hostile CSRs show."""

import math
from collections.abc import Callable, Mapping

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from privyseal.x509.keys import key_identifier, public_key_der, read_public_key
from privyseal.x509.refusal import RefusalError
from tests.x509 import forge, weak_keys

ACCEPTED: Mapping[str, Callable[[], forge.Signer]] = {
    "RSA_2048": forge.rsa2048,
    "RSA_3072": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    "EC_prime256v1": forge.p256,
    "EC_secp384r1": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EC_secp521r1": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "ML_DSA_44": mldsa.MLDSA44PrivateKey.generate,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey.generate,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey.generate,
}


@pytest.mark.parametrize("algorithm", ACCEPTED)
def test_an_accepted_key_is_named_and_identified(algorithm: str) -> None:
    """Its identifier is method 1 of RFC 5280 §4.2.1.2, as `cryptography` computes it."""
    public = ACCEPTED[algorithm]().public_key()
    spki = public_key_der(public)
    assert read_public_key(spki) == (algorithm, public)
    assert key_identifier(spki) == x509.SubjectKeyIdentifier.from_public_key(public).digest


def test_fresh_rsa_keys_are_never_taken_for_weak_ones() -> None:
    """200 moduli of fresh primes: none looks like ROCA, has close primes or a small factor."""
    primes = [weak_keys.prime(1024) for _ in range(21)]
    moduli = [p * q for n, p in enumerate(primes) for q in primes[n + 1 :]]
    for modulus in moduli[:200]:
        spki = public_key_der(rsa.RSAPublicNumbers(65537, modulus).public_key())
        assert read_public_key(spki)[0] == "RSA_2048"


@pytest.mark.parametrize("steps", [1, 50, 99])
def test_primes_that_are_close_are_found_within_the_rounds(steps: int) -> None:
    """Fermat's method needs as many steps as a lies above √n."""
    # With n = a² - b², a - √n ≈ b²/2a: choose b so that it takes about that many steps.
    p = weak_keys.prime(1024)
    gap = 2 * math.isqrt(2 * steps * p)
    q = weak_keys.next_prime(p + gap - 2000)
    spki = public_key_der(rsa.RSAPublicNumbers(65537, p * q).public_key())
    with pytest.raises(RefusalError, match="close"):
        read_public_key(spki)


def test_a_key_of_too_many_octets_is_not_looked_at() -> None:
    with pytest.raises(RefusalError, match="4096 octets"):
        read_public_key(b"\x30" * 5000)
