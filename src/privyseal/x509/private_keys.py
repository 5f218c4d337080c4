"""Private keys as they are kept and handed out: PKCS #8 (RFC 5958).

What leaves this service is encrypted: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018), which
is what ACM's ExportCertificate returns and every version of OpenSSL reads.
"""

from typing import cast

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from privyseal.x509.algorithms import PrivateKey


def to_pkcs8(key: PrivateKey) -> bytes:
    """The plain key: for the wrapper alone."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def encrypted_pem(pkcs8: bytes, passphrase: bytes) -> str:
    """`BEGIN ENCRYPTED PRIVATE KEY`, without a final newline, from a plain key that was made here."""
    key = cast("PrivateKey", load_der_private_key(pkcs8, None, unsafe_skip_rsa_key_validation=True))
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    return encrypted.decode().removesuffix("\n")
