"""The string types of ASN.1 as names use them: decoded strictly, without control characters.

Sources: ITU-T X.680 §41 (character sets), RFC 5280 §4.1.2.4 and appendix A.
"""

import string
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from privyseal.x509 import der
from privyseal.x509.refusal import RefusalError

_PRINTABLE = frozenset(string.ascii_letters + string.digits + " '()+,-./:=?")
_NUMERIC = frozenset(string.digits + " ")

# Characters that change how a line reads or where it ends, or that are none. Unicode categories:
# control, surrogate, unassigned (which includes the noncharacters), line and paragraph separator.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
# The bidirectional controls (Unicode TR 9 §2) and the byte order mark.
_REFUSED_CHARACTERS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)


def _of(allowed: frozenset[str]) -> Callable[[bytes], str]:
    def decode(octets: bytes) -> str:
        text = octets.decode("ascii")
        if not allowed.issuperset(text):
            raise ValueError
        return text

    return decode


def _bmp(octets: bytes) -> str:
    text = octets.decode("utf-16-be")
    if len(text) * 2 != len(octets):  # surrogate pairs are UTF-16, not UCS-2
        raise ValueError
    return text


# Tag → decoder. TeletexString is read as Latin-1: what every implementation means by it.
_DECODERS: Mapping[int, Callable[[bytes], str]] = MappingProxyType(
    {
        der.UTF8_STRING: lambda octets: octets.decode("utf-8"),
        der.NUMERIC_STRING: _of(_NUMERIC),
        der.PRINTABLE_STRING: _of(_PRINTABLE),
        der.TELETEX_STRING: lambda octets: octets.decode("latin-1"),
        der.IA5_STRING: lambda octets: octets.decode("ascii"),
        der.VISIBLE_STRING: lambda octets: octets.decode("ascii"),
        der.UNIVERSAL_STRING: lambda octets: octets.decode("utf-32-be"),
        der.BMP_STRING: _bmp,
    }
)
STRING_TAGS = frozenset(_DECODERS)
# RFC 5280 §4.1.2.4: the choices of DirectoryString
DIRECTORY_TAGS = frozenset(
    {der.UTF8_STRING, der.PRINTABLE_STRING, der.TELETEX_STRING, der.UNIVERSAL_STRING, der.BMP_STRING}
)


def read_string(element: der.Element) -> str:
    """The text of a string, not empty and free of control characters."""
    decode = _DECODERS.get(element.tag)
    if decode is None:
        raise RefusalError(f"tag {element.tag:#04x} is not a string")
    try:
        text = decode(element.content)
    except ValueError as error:  # UnicodeDecodeError is one
        raise RefusalError("a string holds octets that its type does not allow") from error
    check_text(text)
    return text


def check_text(text: str) -> None:
    """Raise RefusalError for an empty text and for characters that do not show."""
    if not text:
        raise RefusalError("a string is empty")
    if text.isascii():
        if not text.isprintable():
            raise RefusalError("a string contains a control character")
        return
    for character in text:
        if character in _REFUSED_CHARACTERS or unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise RefusalError(f"a string contains the character U+{ord(character):04X}, which does not show")
