"""SubjectPublicKeyInfos that are no good: other algorithms, other curves, other encodings."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x25519

from tests.x509 import forge
from tests.x509.forge import armour, cn, seq, tlv


def explicit_curve() -> bytes:
    """P-256 with its parameters spelled out instead of its name (CVE-2020-0601)."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
    g = bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    n = bytes.fromhex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    field = seq(forge.oid("1.2.840.10045.1.1"), tlv(2, b"\x00" + p.to_bytes(32)))
    curve = seq(tlv(4, (p - 3).to_bytes(32)), tlv(4, b))
    parameters = seq(b"\x02\x01\x01", field, curve, tlv(4, g), tlv(2, n), b"\x02\x01\x01")
    return seq(seq(forge.oid("1.2.840.10045.2.1"), parameters), tlv(3, b"\x00" + point()))


def point() -> bytes:
    key = forge.p256().public_key()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def ec_spki(curve: str, point: bytes) -> bytes:
    return seq(seq(forge.oid("1.2.840.10045.2.1"), forge.oid(curve)), tlv(3, b"\x00" + point))


def rsa_without_null() -> bytes:
    numbers = forge.rsa2048().public_key().public_numbers()
    key = seq(tlv(2, b"\x00" + numbers.n.to_bytes(256)), tlv(2, numbers.e.to_bytes(3)))
    return seq(seq(forge.oid("1.2.840.113549.1.1.1")), tlv(3, b"\x00" + key))


def compressed() -> bytes:
    key = forge.p256().public_key()
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    return ec_spki("1.2.840.10045.3.1.7", point)


def dsa_csr() -> bytes:
    key = dsa.generate_private_key(2048)
    algorithm = seq(forge.oid("2.16.840.1.101.3.4.3.2"))
    info = seq(
        b"\x02\x01\x00",
        cn("device-1"),
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        tlv(0xA0, b""),
    )
    return armour(seq(info, algorithm, tlv(3, b"\x00" + key.sign(info, hashes.SHA256()))))


def spki(key: ed448.Ed448PublicKey | x25519.X25519PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def published() -> bytes:
    """testECCP256 of RFC 9500 §2.3, whose private key is printed beside it."""
    x = "422548f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b1"
    y = "6c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272"
    return ec_spki("1.2.840.10045.3.1.7", bytes.fromhex(f"04{x}{y}"))
