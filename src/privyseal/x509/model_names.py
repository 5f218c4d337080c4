"""GeneralNames from the members of the service model: exactly one member makes a name.

Source: acm-pca service model, GeneralName ("Providing more than one option results in an
InvalidArgsException error"); RFC 5280 §4.2.1.6 for the encodings. What is written here is read again by
`general_names`, which knows what each kind may hold.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, TypeVar

from privyseal.x509 import der
from privyseal.x509.general_names import read_general_names
from privyseal.x509.refusal import RefusalError, shown
from privyseal.x509.strings import check_text
from privyseal.x509.subject import name_from_members

T = TypeVar("T")


def only_member(union: Mapping[str, Any], table: Mapping[str, T], what: str) -> tuple[T, Any]:
    """(the row of the one member that is given, its value). Raises RefusalError for none or several."""
    given = [(table[name], union[name]) for name in table if union.get(name) is not None]
    if len(given) != 1:
        raise RefusalError(f"{what} has {len(given)} members, not exactly one of {', '.join(table)}")
    return given[0]


def general_name(members: Mapping[str, Any]) -> bytes:
    """The DER of one GeneralName."""
    encode, value = only_member(members, _KINDS, "a GeneralName")
    return encode(value)


def general_names(members: Sequence[Mapping[str, Any]]) -> bytes:
    """The DER of GeneralNames, checked. Raises RefusalError."""
    encoded = der.sequence(*map(general_name, members))
    read_general_names(encoded)
    return encoded


def _ia5(tag: int) -> Callable[[str], bytes]:
    def encode(text: str) -> bytes:
        if not text.isascii():
            raise RefusalError(f"{shown(text)} has characters outside of ASCII, which this name cannot hold")
        return der.tlv(tag, text.encode("ascii"))

    return encode


def _utf8(text: str) -> bytes:
    check_text(text)
    return der.tlv(der.UTF8_STRING, text.encode())


def _ip(text: str) -> bytes:
    try:
        if "%" in text:  # a scope means something on one host only
            raise ValueError  # noqa: TRY301 - one answer to all that is no address
        return der.tlv(0x87, ip_address(text).packed)
    except ValueError as error:
        raise RefusalError(f"{shown(text)} is not an IP address") from error


def _directory(subject: Mapping[str, Any]) -> bytes:
    return der.tlv(0xA4, name_from_members(subject).raw)


def _other(name: Mapping[str, Any]) -> bytes:
    """The value is a UTF8String, as the user principal names that most people put here want it."""
    return der.tlv(0xA0, der.oid(name["TypeId"]), der.tlv(0xA0, _utf8(name["Value"])))


def _edi(name: Mapping[str, Any]) -> bytes:
    assigner = name.get("NameAssigner")
    parts = [] if assigner is None else [der.tlv(0xA0, _utf8(assigner))]
    return der.tlv(0xA5, *parts, der.tlv(0xA1, _utf8(name["PartyName"])))


def _registered_id(dotted: str) -> bytes:
    return der.tlv(0x88, der.single(der.oid(dotted), der.OID).content)


# Member of GeneralName → its encoder
_KINDS: Mapping[str, Callable[[Any], bytes]] = MappingProxyType(
    {
        "OtherName": _other,
        "Rfc822Name": _ia5(0x81),
        "DnsName": _ia5(0x82),
        "DirectoryName": _directory,
        "EdiPartyName": _edi,
        "UniformResourceIdentifier": _ia5(0x86),
        "IpAddress": _ip,
        "RegisteredId": _registered_id,
    }
)
