"""GeneralNames (RFC 5280 §4.2.1.6): all nine choices checked, none of them changed."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from types import MappingProxyType

from privyseal.value import Value
from privyseal.x509 import der
from privyseal.x509.refusal import RefusalError, shown
from privyseal.x509.strings import DIRECTORY_TAGS, read_string
from privyseal.x509.subject import read_name

MAX_NAMES = 1000  # of one extension: ten times what ACM takes, and far less than a CSR has room for

_DNS_LABEL = re.compile(r"[A-Za-z0-9*_-]{1,63}")  # RFC 1034 §3.5, with `_` and wildcards as they occur
_MAX_DNS = 253  # RFC 1035 §2.3.4, as text without the final dot
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+")  # RFC 3986 §3: scheme, then something
_MAILBOX = re.compile(r"[\x21-\x7e]+@[A-Za-z0-9._\[\]:-]+")  # RFC 5321 §4.1.2
_IP_SIZES = frozenset({4, 16})

OTHER, MAIL, DNS, X400, DIRECTORY, EDI, URI, IP, REGISTERED_ID = (
    "otherName",
    "rfc822Name",
    "dNSName",
    "x400Address",
    "directoryName",
    "ediPartyName",
    "uniformResourceIdentifier",
    "iPAddress",
    "registeredID",
)


class GeneralName(Value, frozen=True):
    """One name: `kind` is RFC 5280's name of the choice, `text` how a person writes it."""

    kind: str
    text: str


# The lint asks again about the very octets that the CSR parser has read a moment ago.
@lru_cache(maxsize=64)
def read_general_names(value: bytes) -> tuple[GeneralName, ...]:
    """The GeneralNames of an extension value, at least one. Raises RefusalError."""
    names = der.inside(value)
    if not names:
        raise RefusalError("the list of names is empty")
    if len(names) > MAX_NAMES:
        raise RefusalError(f"there are {len(names)} names; at most {MAX_NAMES} are accepted")
    return tuple(_read(name) for name in names)


def _read(element: der.Element) -> GeneralName:
    kind, read = KINDS.get(element.tag, (None, None))
    if kind is None or read is None:
        raise RefusalError(f"tag {element.tag:#04x} is not a kind of name")
    return GeneralName(kind, read(element))


def _ia5(element: der.Element, pattern: re.Pattern[str], kind: str) -> str:
    # Octets above 127 become letters that no pattern takes.
    text = element.content.decode("latin-1")
    if not pattern.fullmatch(text):
        raise RefusalError(f"{shown(text)} is not a {kind}")
    return text


def _dns(element: der.Element) -> str:
    text = element.content.decode("latin-1")
    labels = text.split(".")
    if len(text) > _MAX_DNS or not all(_DNS_LABEL.fullmatch(label) for label in labels):
        raise RefusalError(f"{shown(text)} is not a {DNS}")
    return text


def _ip(element: der.Element) -> str:
    if len(element.content) not in _IP_SIZES:
        raise RefusalError(f"an {IP} has {len(element.content)} octets, not 4 or 16")
    return str(ip_address(element.content))


def _registered_id(element: der.Element) -> str:
    return der.read_oid(der.Element(der.OID, element.content, element.raw))


def _directory(element: der.Element) -> str:
    name = read_name(element.content)  # [4] is explicit: Name is a CHOICE
    if not name.rdns:
        raise RefusalError(f"a {DIRECTORY} is empty")
    return name.text


def _other(element: der.Element) -> str:
    """`type-id` and `[0] EXPLICIT` any value."""
    fields = element.children()
    if len(fields) != 2:
        raise RefusalError(f"an {OTHER} is not a type and a value")
    value = fields[1].expect(0xA0)
    der.check(value.content)
    if len(value.children()) != 1:
        raise RefusalError(f"an {OTHER} has more than one value")
    return f"{der.read_oid(fields[0])};{value.content.hex()}"


def _edi(element: der.Element) -> str:
    """`nameAssigner [0]` optional, `partyName [1]`, both explicit DirectoryStrings."""
    fields = element.children()
    if [field.tag for field in fields] not in ([0xA1], [0xA0, 0xA1]):
        raise RefusalError(f"an {EDI} is not a party name with or without its assigner")
    texts = []
    for field in fields:
        inner = field.children()
        if len(inner) != 1 or inner[0].tag not in DIRECTORY_TAGS:
            raise RefusalError(f"a part of an {EDI} is not a DirectoryString")
        texts.append(read_string(inner[0]))
    return ":".join(texts)


def _x400(element: der.Element) -> str:
    """An ORAddress: checked as elements, not interpreted; nothing here acts on it."""
    fields = element.children()
    if not fields or fields[0].tag != der.SEQUENCE:
        raise RefusalError(f"an {X400} does not begin with its standard attributes")
    der.check(element.content)
    return element.content.hex()


# Tag → the kind's name and what reads it.
KINDS: Mapping[int, tuple[str, Callable[[der.Element], str]]] = MappingProxyType(
    {
        0xA0: (OTHER, _other),
        0x81: (MAIL, lambda element: _ia5(element, _MAILBOX, MAIL)),
        0x82: (DNS, _dns),
        0xA3: (X400, _x400),
        0xA4: (DIRECTORY, _directory),
        0xA5: (EDI, _edi),
        0x86: (URI, lambda element: _ia5(element, _URI, URI)),
        0x87: (IP, _ip),
        0x88: (REGISTERED_ID, _registered_id),
    }
)
