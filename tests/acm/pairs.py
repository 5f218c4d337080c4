"""Certificates and keys of other people, made with `cryptography`: what is imported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
WEB = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)

# Kind of key → how it is made.
KEYS: dict[str, Callable[[], Any]] = {
    "RSA_1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
    "RSA_2048": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "EC_prime256v1": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EC_secp384r1": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EC_secp521r1": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EC_secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@cache
def key_of(kind: str, number: int = 0) -> Any:
    return KEYS[kind]()


@dataclass(frozen=True)
class Pair:
    certificate: x509.Certificate
    key: Any
    above: Sequence["Pair"] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key_as(PrivateFormat.PKCS8)

    def key_as(self, form: PrivateFormat) -> bytes:
        return bytes(self.key.private_bytes(Encoding.PEM, form, NoEncryption()))

    @property
    def chain(self) -> bytes:
        return b"".join(each.pem for each in self.above)

    @property
    def members(self) -> dict[str, bytes]:
        """Of ImportCertificate."""
        given = {"Certificate": self.pem, "PrivateKey": self.key_pem}
        return given | ({"CertificateChain": self.chain} if self.above else {})


@dataclass(frozen=True)
class Wanted:
    """What a certificate says; `issuer` None for one that signs itself."""

    now: datetime
    name: str | None = "import.example.com"
    names: Sequence[str] = ("import.example.com", "www.import.example.com")
    kind: str = "EC_prime256v1"
    number: int = 0  # of the key of its kind
    issuer: Pair | None = None
    ca: bool = False
    usages: frozenset[str] | None = frozenset({"digital_signature"})
    purposes: Sequence[x509.ObjectIdentifier] = WEB
    days: tuple[float, float] = (-1, 90)
    empty_issuer: bool = False
    more: Sequence[x509.ExtensionType] = field(default=())


def make(wanted: Wanted) -> Pair:
    key = key_of(wanted.kind, wanted.number)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.name)] if wanted.name else [])
    issuer = wanted.issuer.certificate.subject if wanted.issuer else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([]) if wanted.empty_issuer else issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wanted.now + wanted.days[0] * DAY)
        .not_valid_after(wanted.now + wanted.days[1] * DAY)
        .add_extension(x509.BasicConstraints(wanted.ca, None), critical=True)
    )
    if wanted.names and not wanted.ca:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in wanted.names])
        builder = builder.add_extension(names, critical=False)
    if wanted.usages is not None:
        builder = builder.add_extension(_usage(wanted.usages), critical=True)
    if wanted.purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(wanted.purposes)), critical=False)
    signer = wanted.issuer.key if wanted.issuer else key
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    above = (wanted.issuer, *wanted.issuer.above) if wanted.issuer else ()
    return Pair(builder.sign(signer, digest), key, above)


def authority(
    now: datetime, kind: str = "EC_prime256v1", number: int = 90, issuer: Pair | None = None
) -> Pair:
    usages = frozenset({"key_cert_sign", "crl_sign"})
    name = f"Elsewhere {number}"
    wanted = Wanted(now, name, (), kind, number, issuer, ca=True, usages=usages, purposes=(), days=(-2, 900))
    return make(wanted)


def chained(now: datetime, **changes: Any) -> Pair:
    """Of an authority below a root."""
    kind = changes.get("kind", "EC_prime256v1")
    middle = authority(now, kind, 91, authority(now, kind))
    return make(Wanted(now, issuer=middle, **changes))


def _usage(named: frozenset[str]) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in named for name in every})
