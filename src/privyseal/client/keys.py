"""Whose key a file is about: the digest by which certificates with that key are found."""

import hashlib
from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from privyseal.client.errors import ClientError

# Label of a PEM block → its public key. Of a private key nothing but that leaves this function.
_READERS: Mapping[bytes, Callable[[bytes], object]] = {
    b"CERTIFICATE": lambda pem: x509.load_pem_x509_certificate(pem).public_key(),
    b"CERTIFICATE REQUEST": lambda pem: x509.load_pem_x509_csr(pem).public_key(),
    b"PUBLIC KEY": serialization.load_pem_public_key,
    b"PRIVATE KEY": lambda pem: serialization.load_pem_private_key(pem, None).public_key(),
    b"EC PRIVATE KEY": lambda pem: serialization.load_pem_private_key(pem, None).public_key(),
    b"RSA PRIVATE KEY": lambda pem: serialization.load_pem_private_key(pem, None).public_key(),
}


def public_key_sha256(pem: bytes) -> str:
    """SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal, of the first key in a PEM file: of a
    certificate, a certificate signing request, a public key, or a private key that is not encrypted.
    """
    label = pem.partition(b"-----BEGIN ")[2].partition(b"-----")[0]
    if label not in _READERS:
        names = ", ".join(name.decode() for name in _READERS)
        raise ClientError(f"the file has no PEM block that says whose key it is: one of {names}")
    try:
        key = _READERS[label](pem)
        spki = key.public_bytes(  # type: ignore[attr-defined]  # every public key has it
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ClientError(f"the {label.decode()} in the file cannot be read: {error}") from None
    return hashlib.sha256(spki).hexdigest()
