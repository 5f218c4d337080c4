"""Ed25519 as others have it."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from privyseal.errors import ErrorCode, PrivySealError
from privyseal.signing import SigningKey, VerifyingKey, new_secret, read_public_pem
from tests.programs import program

PEM, SPKI = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo

# RFC 8032 §7.1, TEST 2: secret key, public key, message, signature.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_it_signs_as_the_rfc_does() -> None:
    key = SigningKey(bytes.fromhex(SECRET))
    assert key.sign(b"\x72").hex() == SIGNATURE
    assert key.public.der.endswith(bytes.fromhex(PUBLIC))
    assert key.public.verifies(b"\x72", bytes.fromhex(SIGNATURE))


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes.fromhex(SIGNATURE)[:-1]])
def test_what_is_no_signature_does_not_verify(signature: bytes) -> None:
    assert not SigningKey(bytes.fromhex(SECRET)).public.verifies(b"\x72", signature)


def test_another_text_does_not_verify() -> None:
    assert not SigningKey(bytes.fromhex(SECRET)).public.verifies(b"\x73", bytes.fromhex(SIGNATURE))


def test_a_public_key_is_read_again_and_openssl_reads_it_too(tmp_path: Path) -> None:
    key = SigningKey(new_secret()).public
    assert read_public_pem(key.pem()) == key
    (tmp_path / "key.pem").write_bytes(key.pem())
    command = [program("openssl"), "pkey", "-pubin", "-in", "key.pem", "-outform", "DER"]
    assert subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout == key.der


def test_secrets_differ_and_have_32_bytes() -> None:
    secrets = {new_secret() for _ in range(20)}
    assert {len(secret) for secret in secrets} == {32}
    assert len(secrets) == 20


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no key",
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(PEM, SPKI),
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    ],
)
def test_what_is_no_ed25519_key_is_refused(text: bytes) -> None:
    with pytest.raises(PrivySealError) as refusal:
        read_public_pem(text)
    assert refusal.value.code is ErrorCode.INVALID_ARGUMENT
    with pytest.raises(PrivySealError):
        VerifyingKey(text).verifies(b"", b"")
