"""What this machine can do at best: the two P-256 operations that no certificate can do without.

A certificate costs one verification (does the requester hold the key of the CSR?) and one signature.
`openssl speed` says what they cost in C, `cryptography` what they cost from Python.

All the rest is Python, and one build of it runs half as long again as another: distributions build it
with profiles of real programs (PGO), `pyenv` and a bare `./configure` do not. A loop of bytecode tells.
"""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench import requests

SECONDS = 1
_ROUNDS = 2000
_SPEED = re.compile(r"nistp256\)\s+[0-9.]+s\s+[0-9.]+s\s+([0-9.]+)\s+([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Floor:
    """CPU microseconds for one operation on one core."""

    openssl_sign: float
    openssl_verify: float
    python_sign: float
    python_verify: float
    python_loop: float  # a thousand turns of a small loop


def measure() -> Floor:
    sign, verify = _openssl()
    key = ec.generate_private_key(ec.SECP256R1())
    data = bytes(700)
    parsed = x509.load_pem_x509_csr(requests.csr("floor"))
    return Floor(
        openssl_sign=sign,
        openssl_verify=verify,
        python_sign=_cost(lambda: key.sign(data, ec.ECDSA(hashes.SHA256()))),
        python_verify=_cost(lambda: parsed.is_signature_valid),
        python_loop=python_loop(),
    )


def python_loop() -> float:
    """CPU microseconds for a thousand turns of a small loop, now."""
    return _cost(_loop, rounds=500)


def _loop() -> int:
    """Calls, tuples, strings and look-ups, as a request is made of them."""
    seen: dict[str, tuple[int, str]] = {}
    total = 0
    for number in range(1000):
        name = str(number & 63)
        entry = (number, name)
        seen[name] = entry
        total += len(name) + entry[0] if isinstance(seen.get(name), tuple) else 0
    return total


def _openssl() -> tuple[float, float]:
    command = ["openssl", "speed", "-seconds", str(SECONDS), "ecdsap256"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = _SPEED.search(output)
    assert found, output
    return 1e6 / float(found[1]), 1e6 / float(found[2])


def _cost(operation: Callable[[], object], rounds: int = _ROUNDS) -> float:
    operation()
    started = time.process_time()
    for _ in range(rounds):
        operation()
    return (time.process_time() - started) / rounds * 1e6
