"""A registered key as text: three forms, one result, and nothing else."""

import base64
import textwrap
from collections.abc import Callable, Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from hypothesis import given
from hypothesis import strategies as st

from privyseal.devices.key_text import read_key_text
from privyseal.errors import ErrorCode, PrivySealError
from tests.devices.deployment import key_der, key_pem

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
_P256 = ec.generate_private_key(ec.SECP256R1()).public_key()
KEYS: dict[str, PublicKeyTypes] = {
    "RSA_2048": _RSA,
    "P-256": _P256,
    "P-384": ec.generate_private_key(ec.SECP384R1()).public_key(),
    "P-521": ec.generate_private_key(ec.SECP521R1()).public_key(),
    "Ed25519": ed25519.Ed25519PrivateKey.generate().public_key(),
    "ML-DSA-44": mldsa.MLDSA44PrivateKey.generate().public_key(),
    "ML-DSA-87": mldsa.MLDSA87PrivateKey.generate().public_key(),
}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


FORMS: Mapping[str, Callable[[PublicKeyTypes], str]] = {
    "PEM": key_pem,
    "PEM with CRLF": lambda key: key_pem(key).replace("\n", "\r\n"),
    "PEM without a final line end": lambda key: key_pem(key).rstrip(),
    "PEM on lines of 40": lambda key: rewrapped(key, 40),
    "PEM on one line": lambda key: rewrapped(key, 10_000),
    "base64 of PEM": lambda key: base64_of(key_pem(key).encode()),
    "base64 of PEM with CRLF": lambda key: base64_of(key_pem(key).replace("\n", "\r\n").encode()),
    "base64 of PEM on lines": lambda key: "\n".join(textwrap.wrap(base64_of(key_pem(key).encode()), 76)),
    "base64 of DER": lambda key: base64_of(key_der(key)),
    "base64 of DER on lines": lambda key: "\n".join(textwrap.wrap(base64_of(key_der(key)), 76)) + "\n",
    "base64 of DER with blanks around": lambda key: f"  {base64_of(key_der(key))}\r\n",
}


def rewrapped(key: PublicKeyTypes, width: int) -> str:
    body = "\n".join(textwrap.wrap(base64_of(key_der(key)), width))
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def refusal(text: str) -> str:
    with pytest.raises(PrivySealError) as caught:
        read_key_text(text)
    assert caught.value.code is ErrorCode.VALIDATION
    return caught.value.message


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KEYS)
def test_every_form_of_every_kind_gives_the_same_der(kind: str, form: str) -> None:
    assert read_key_text(FORMS[form](KEYS[kind])) == key_der(KEYS[kind])


def weak_rsa(e: int, bits: int) -> str:
    return key_pem(rsa.generate_private_key(public_exponent=e, key_size=bits).public_key())


def explicit_curve() -> str:
    """The P-256 key with its curve written out as parameters (CVE-2020-0601)."""
    point = key_der(_P256)[-65:]
    prime = bytes.fromhex("00ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
    a = bytes.fromhex("ffffffff00000001000000000000000000000000fffffffffffffffffffffffc")
    b = bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
    base = bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    order = bytes.fromhex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")

    def tlv(tag: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
        return bytes([tag]) + length + content

    field = tlv(0x30, bytes.fromhex("06072a8648ce3d0101"), tlv(2, prime))
    curve = tlv(0x30, tlv(4, a), tlv(4, b))
    parameters = tlv(0x30, b"\x02\x01\x01", field, curve, tlv(4, base), tlv(2, order), b"\x02\x01\x01")
    algorithm = tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), parameters)
    return base64_of(tlv(0x30, algorithm, tlv(3, b"\x00", point)))


def pkcs1_pem() -> str:
    return _RSA.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()


def private_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    form, no = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, no).decode()


def compressed_point() -> str:
    point = _P256.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    return base64_of(head + point)


def off_the_curve() -> str:
    return base64_of(key_der(_P256)[:-1] + bytes([key_der(_P256)[-1] ^ 1]))


def unused_bits() -> str:
    """Decodes to the very same key, by a decoder that does not look at the last bits."""
    text = base64_of(key_der(_P256))
    assert text.endswith("==")
    changed = text[:-3] + chr(ord(text[-3]) + 1) + "=="
    assert base64.b64decode(changed) == key_der(_P256)
    return changed


REFUSED: Mapping[str, Callable[[], str]] = {
    "empty": lambda: "",
    "blanks": lambda: " \n",
    "words": lambda: "not a key",
    "not ASCII": lambda: "ключ",
    "base64 of nothing useful": lambda: base64_of(b"hello"),
    "base64 with the wrong padding": lambda: base64_of(key_der(_P256)) + "=",
    "base64 with unused bits set": unused_bits,
    "url-safe base64": lambda: base64.urlsafe_b64encode(b"\xff\xfe" + key_der(_P256)).decode(),
    "base64 of base64 of DER": lambda: base64_of(base64_of(key_der(_P256)).encode()),
    "two PEM blocks": lambda: key_pem(_P256) * 2,
    "something after the PEM block": lambda: key_pem(_P256) + "x",
    "a certificate's label": lambda: key_pem(_P256).replace("PUBLIC KEY", "CERTIFICATE"),
    "PKCS #1": pkcs1_pem,
    "a private key": private_pem,
    "trailing octets": lambda: base64_of(key_der(_P256) + b"\x00"),
    "truncated": lambda: base64_of(key_der(_P256)[:-1]),
    "explicit curve parameters": explicit_curve,
    "a compressed point": compressed_point,
    "a point off the curve": off_the_curve,
    "another curve": lambda: key_pem(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "RSA of 1024 bits": lambda: weak_rsa(65537, 1024),
    "RSA with exponent 3": lambda: weak_rsa(3, 2048),
    "X25519": lambda: key_pem(x25519.X25519PrivateKey.generate().public_key()),
    "Ed448": lambda: key_pem(ed448.Ed448PrivateKey.generate().public_key()),
    "DSA": lambda: key_pem(dsa.generate_private_key(2048).public_key()),
    "over the limit": lambda: key_pem(_P256) + "\n" * 16_384,
    "over the limit, in base64": lambda: "A" * 16_388,
}


@pytest.mark.parametrize("kind", REFUSED)
def test_anything_else_is_refused(kind: str) -> None:
    text = REFUSED[kind]()
    message = refusal(text)
    assert message.startswith("The public key cannot be used: ")
    assert len(message) < 300


@given(st.text(max_size=200))
def test_no_text_is_anything_but_a_key_or_a_refusal(text: str) -> None:
    refusal(text)


@given(st.binary(max_size=200), st.sampled_from(["PUBLIC KEY", "CERTIFICATE", ""]))
def test_no_octets_in_any_wrapping_are_anything_but_refused(data: bytes, label: str) -> None:
    refusal(base64_of(data))
    refusal(f"-----BEGIN {label}-----\n{base64_of(data)}\n-----END {label}-----\n")


@given(st.integers(0, len(key_der(_P256)) - 1), st.integers(1, 255))
def test_a_changed_octet_never_gives_the_same_key(position: int, change: int) -> None:
    data = bytearray(key_der(_P256))
    data[position] ^= change
    changed = bytes(data)
    try:
        read = read_key_text(base64_of(changed))
    except PrivySealError:
        return
    assert read == changed
