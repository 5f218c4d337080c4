"""CSRs put together octet by octet, so that a test can get any part of one wrong.

The writer is a few lines of its own: a mistake in the product's writer would otherwise be repeated
in what judges it.
"""

from collections.abc import Sequence
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

from privyseal.x509 import pem

Signer = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)

UTF8, NUMERIC, PRINTABLE, TELETEX, IA5, VISIBLE, UNIVERSAL, BMP = (
    0x0C,
    0x12,
    0x13,
    0x14,
    0x16,
    0x1A,
    0x1C,
    0x1E,
)
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
SAN = "2.5.29.17"
CN, SERIAL, COUNTRY, LOCALITY, ORGANIZATION, UNIT = (
    "2.5.4.3",
    "2.5.4.5",
    "2.5.4.6",
    "2.5.4.7",
    "2.5.4.10",
    "2.5.4.11",
)
EMAIL = "1.2.840.113549.1.9.1"

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
ECDSA_SHA1 = bytes.fromhex("300906072a8648ce3d0401")
ECDSA_SHA224 = bytes.fromhex("300a06082a8648ce3d040301")
RSA_SHA224 = bytes.fromhex("300d06092a864886f70d01010e0500")
RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
RSA_SHA1 = bytes.fromhex("300d06092a864886f70d0101050500")
ED25519 = bytes.fromhex("300506032b6570")


def tlv(tag: int, content: bytes) -> bytes:
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 + size]) + len(content).to_bytes(size, "big") + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, b"".join(parts))


def oid(dotted: str) -> bytes:
    arcs = [int(arc) for arc in dotted.split(".")]
    out = b""
    for value in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        groups = [value % 128]
        while value := value // 128:
            groups.insert(0, value % 128 + 128)
        out += bytes(groups)
    return tlv(0x06, out)


def attribute(kind: str, value: bytes | str, tag: int = UTF8) -> bytes:
    """AttributeTypeAndValue; a text is written in UTF-8."""
    return seq(oid(kind), tlv(tag, value.encode() if isinstance(value, str) else value))


def name(*rdns: bytes | Sequence[bytes]) -> bytes:
    """A Name of attributes; an RDN of several is given as a list, sorted as DER wants it."""
    return seq(*(set_of(rdn) if isinstance(rdn, bytes) else set_of(*sorted(rdn)) for rdn in rdns))


def cn(text: str, tag: int = UTF8) -> bytes:
    return name(attribute(CN, text, tag))


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    return seq(oid(kind), b"\x01\x01\xff" if critical else b"", tlv(0x04, value))


def san(*names: bytes) -> bytes:
    return extension(SAN, seq(*names))


def dns(text: bytes | str) -> bytes:
    return tlv(0x82, text.encode() if isinstance(text, str) else text)


def request(*extensions: bytes, kind: str = EXTENSION_REQUEST) -> bytes:
    """The attribute that asks for extensions."""
    return seq(oid(kind), set_of(seq(*extensions)))


@cache
def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa2048() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spki_of(key: Signer) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


_DIGESTS: dict[bytes, hashes.HashAlgorithm] = {
    ECDSA_SHA1: hashes.SHA1(),
    RSA_SHA1: hashes.SHA1(),
    ECDSA_SHA224: hashes.SHA224(),
    RSA_SHA224: hashes.SHA224(),
}


def sign(key: Signer, data: bytes, algorithm: bytes) -> bytes:
    """With the hash that the algorithm names; SHA-256 where it names none."""
    digest = _DIGESTS.get(algorithm, hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(digest))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), digest)
    return key.sign(data)


def csr(
    key: Signer | None = None,
    *,
    subject: bytes | None = None,
    attributes: Sequence[bytes] = (),
    version: bytes = b"\x02\x01\x00",
    spki: bytes | None = None,
    algorithm: bytes | None = None,
    info_tail: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """The DER of a CSR whose signature is right, whatever else was asked for is wrong with it."""
    key = key or p256()
    if algorithm is None:
        algorithm = RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else ECDSA_SHA256
    info = seq(
        version,
        cn("device-1") if subject is None else subject,
        spki_of(key) if spki is None else spki,
        tlv(0xA0, b"".join(sorted(attributes))),
        info_tail,
    )
    return seq(info, algorithm, tlv(0x03, b"\x00" + sign(key, info, algorithm)), tail)


def armour(data: bytes, label: str = "CERTIFICATE REQUEST") -> bytes:
    return pem.to_pem(data, label).encode() + b"\n"
