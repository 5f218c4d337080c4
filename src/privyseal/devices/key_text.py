"""A device's public key as lists of devices carry it: PEM, base64 of PEM, or base64 of DER.

In each form it is a SubjectPublicKeyInfo, read strictly and under the key rules of certificate
signing requests: a key that could never be certified is not registered either.
"""

import base64
import binascii

from privyseal.devices import limits
from privyseal.errors import ErrorCode
from privyseal.x509 import pem
from privyseal.x509.keys import public_key_der, read_public_key
from privyseal.x509.refusal import RefusalError, reported

_LABEL = "PUBLIC KEY"  # RFC 7468 §13
_BEGIN = b"-----BEGIN "
_BLANKS = b" \t\r\n"


def read_key_text(text: str, known: bytes | None = None) -> bytes:
    """The key as canonical DER SubjectPublicKeyInfo. Raises VALIDATION.

    `known` is what an earlier reading has given: the same again is not examined again.
    """
    with reported(ErrorCode.VALIDATION, "The public key cannot be used"):
        if len(text) > limits.MAX_KEY_TEXT:
            raise RefusalError(f"it has {len(text)} characters; at most {limits.MAX_KEY_TEXT} are accepted")
        if not text.isascii():
            raise RefusalError("it is neither PEM nor base64")
        spki = _spki(text.encode())
        if spki == known:
            return known
        _, key = read_public_key(spki)
        return public_key_der(key)


def _spki(text: bytes) -> bytes:
    if _BEGIN not in text:
        text = _base64(text)
        if _BEGIN not in text:
            return text
    return pem.single_block(text, _LABEL)


def _base64(text: bytes) -> bytes:
    """Base64 with any line breaks, such as `base64` prints them. Unused bits must be zero."""
    compact = text.translate(None, _BLANKS)
    try:
        content = base64.b64decode(compact, validate=True)
    except binascii.Error as error:
        raise RefusalError("it is neither PEM nor base64") from error
    if base64.b64encode(content) != compact:
        raise RefusalError("it is not canonical base64")
    return content
