"""Roots, subordinates and leaves, made the way the CA domain makes them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from privyseal.names import new_serial
from privyseal.x509 import algorithms, build, csr, lint, pem, profiles, requests, subject

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Authority:
    der: bytes
    key: algorithms.PrivateKey
    signing: str
    above: tuple[bytes, ...] = ()  # the certificates above it, the root last

    @property
    def path(self) -> tuple[bytes, ...]:
        return (self.der, *self.above)


def profile(name: str) -> profiles.Profile:
    return profiles.PROFILES[f"{name}/V1"]


def request(common_name: str, key: algorithms.PrivateKey, signing: str) -> csr.Csr:
    name = subject.name_from_asn1_subject({"CommonName": common_name, "Organization": "Example"})
    made = requests.build_csr(name, key, algorithms.signing_algorithm(signing))
    return csr.parse_pem(made.encode())


@cache
def key_of(name: str) -> algorithms.PrivateKey:
    """One key for each algorithm and use is enough: RSA keys take a while."""
    return algorithms.generate_key(name.partition(" ")[0])


def sign(
    template: str,
    asked: csr.Csr,
    issuer: build.Issuer,
    key: algorithms.PrivateKey,
    signing: str,
    *,
    years: int = 1,
) -> bytes:
    tbs = build.build(
        profile(template),
        asked,
        issuer,
        serial=new_serial(),
        not_before=NOW - timedelta(hours=1),
        not_after=NOW + timedelta(days=365 * years),
    )
    lint.lint(tbs)
    return tbs.sign(key, algorithms.signing_algorithm(signing))


@cache
def root(signing: str = "SHA256WITHECDSA", key_algorithm: str = "EC_prime256v1") -> Authority:
    key = key_of(key_algorithm)
    asked = request(f"Root {signing}", key, signing)
    der = sign("RootCACertificate", asked, build.self_issuer(asked), key, signing, years=10)
    return Authority(der, key, signing)


@cache
def subordinate(parent: Authority | None = None, path_length: int = 0) -> Authority:
    parent = parent or root()
    key = key_of(f"EC_prime256v1 PathLen{path_length}")
    asked = request(f"Issuing {path_length}", key, "SHA256WITHECDSA")
    template = f"SubordinateCACertificate_PathLen{path_length}"
    der = issue(parent, template, asked, years=3)
    return Authority(der, key, "SHA256WITHECDSA", parent.path)


def issue(issuer: Authority, template: str, asked: csr.Csr, *, years: int = 1) -> bytes:
    chain = "\n".join(map(pem.to_pem, issuer.above))
    made = build.issuer_from_certificate(issuer.der, chain)
    return sign(template, asked, made, issuer.key, issuer.signing, years=years)
