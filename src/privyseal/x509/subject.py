"""Distinguished names: read strictly, kept as they are, printed, and made from API members.

Sources: RFC 5280 §4.1.2.4 and appendix A (string types and upper bounds), RFC 4514 (text form),
acm-pca service model (ASN1Subject).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from privyseal.errors import ErrorCode
from privyseal.value import Value
from privyseal.x509 import der, oids
from privyseal.x509.refusal import RefusalError, reported
from privyseal.x509.strings import DIRECTORY_TAGS, STRING_TAGS, read_string

MAX_ATTRIBUTES = 150  # the service model's limit for CustomAttributes
MAX_VALUE = 1024  # characters of a value whose type has no bound of its own; four times AWS's 256


@dataclass(frozen=True, slots=True)
class AttributeType:
    """What RFC 5280 says about the values of one attribute type. `short` is RFC 4514's name."""

    tags: frozenset[int]
    most: int = MAX_VALUE
    short: str | None = None
    least: int = 1


_PRINTABLE = frozenset({der.PRINTABLE_STRING})
_IA5 = frozenset({der.IA5_STRING})
_ANY = AttributeType(STRING_TAGS)

TYPES: Mapping[str, AttributeType] = MappingProxyType(
    {
        oids.COMMON_NAME: AttributeType(DIRECTORY_TAGS, 64, "CN"),
        oids.SURNAME: AttributeType(DIRECTORY_TAGS),
        oids.SERIAL_NUMBER: AttributeType(_PRINTABLE, 64),
        oids.COUNTRY: AttributeType(_PRINTABLE, 2, "C", least=2),
        oids.LOCALITY: AttributeType(DIRECTORY_TAGS, 128, "L"),
        oids.STATE: AttributeType(DIRECTORY_TAGS, 128, "ST"),
        oids.STREET: AttributeType(DIRECTORY_TAGS, 128, "STREET"),
        oids.ORGANIZATION: AttributeType(DIRECTORY_TAGS, 64, "O"),
        oids.ORGANIZATIONAL_UNIT: AttributeType(DIRECTORY_TAGS, 64, "OU"),
        oids.TITLE: AttributeType(DIRECTORY_TAGS, 64),
        oids.NAME: AttributeType(DIRECTORY_TAGS),
        oids.GIVEN_NAME: AttributeType(DIRECTORY_TAGS),
        oids.INITIALS: AttributeType(DIRECTORY_TAGS),
        oids.GENERATION_QUALIFIER: AttributeType(DIRECTORY_TAGS),
        oids.UNIQUE_IDENTIFIER: AttributeType(frozenset({der.BIT_STRING})),
        oids.DN_QUALIFIER: AttributeType(_PRINTABLE),
        oids.PSEUDONYM: AttributeType(DIRECTORY_TAGS, 128),
        oids.USER_ID: AttributeType(DIRECTORY_TAGS, 256, "UID"),
        oids.DOMAIN_COMPONENT: AttributeType(_IA5, 63, "DC"),
        oids.EMAIL_ADDRESS: AttributeType(_IA5, 255),
    }
)

# ASN1Subject member → attribute type, in the order of the service model, which is the order of
# the RDNs in an authority's name.
_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "Country": oids.COUNTRY,
        "Organization": oids.ORGANIZATION,
        "OrganizationalUnit": oids.ORGANIZATIONAL_UNIT,
        "DistinguishedNameQualifier": oids.DN_QUALIFIER,
        "State": oids.STATE,
        "CommonName": oids.COMMON_NAME,
        "SerialNumber": oids.SERIAL_NUMBER,
        "Locality": oids.LOCALITY,
        "Title": oids.TITLE,
        "Surname": oids.SURNAME,
        "GivenName": oids.GIVEN_NAME,
        "Initials": oids.INITIALS,
        "Pseudonym": oids.PSEUDONYM,
        "GenerationQualifier": oids.GENERATION_QUALIFIER,
    }
)
_CUSTOM = "CustomAttributes"


class Attribute(Value, frozen=True):
    """One AttributeTypeAndValue: its type as a dotted OID, its text, and the value as it was."""

    type: str
    text: str
    value: bytes


class Name(Value, frozen=True):
    """A distinguished name: `raw` is its DER, `rdns` what it says."""

    raw: bytes
    rdns: tuple[tuple[Attribute, ...], ...]

    @property
    def text(self) -> str:
        """RFC 4514: the last RDN first; types outside its table as OID and hexadecimal value."""
        return ",".join("+".join(map(_rfc4514, rdn)) for rdn in reversed(self.rdns))

    def values(self, attribute_type: str) -> tuple[str, ...]:
        """The texts of all attributes of that type, in order."""
        return tuple(a.text for rdn in self.rdns for a in rdn if a.type == attribute_type)


def read_name(raw: bytes) -> Name:
    """A Name (RFC 5280 §4.1.2.4), which may be empty. Raises RefusalError."""
    return Name(raw, tuple(_rdns(der.inside(raw))))


def _rdns(elements: Sequence[der.Element]) -> Iterator[tuple[Attribute, ...]]:
    count = 0
    for element in elements:
        rdn = _rdn(element)
        count += len(rdn)
        if count > MAX_ATTRIBUTES:
            raise RefusalError(f"the name has more than {MAX_ATTRIBUTES} attributes")
        yield rdn


@lru_cache(maxsize=128)  # organisations and countries come again and again
def _rdn(element: der.Element) -> tuple[Attribute, ...]:
    members = element.inside(der.SET)
    if len(members) > MAX_ATTRIBUTES:
        raise RefusalError(f"the name has more than {MAX_ATTRIBUTES} attributes")
    if not members:
        raise RefusalError("a relative distinguished name is empty")
    encoded = [member.raw for member in members]
    if len(encoded) > 1 and encoded != sorted(set(encoded)):  # X.690 §11.6
        raise RefusalError("the attributes of a relative distinguished name are not in DER order")
    return tuple(map(_attribute, members))


def _attribute(element: der.Element) -> Attribute:
    fields = element.inside(der.SEQUENCE)
    if len(fields) != 2:
        raise RefusalError("a name attribute is not a type and a value")
    kind = der.read_oid(fields[0])
    rule = TYPES.get(kind, _ANY)
    label = rule.short or kind
    if fields[1].tag not in rule.tags:
        raise RefusalError(f"the name attribute {label} has a value of a type that it cannot have")
    if fields[1].tag == der.BIT_STRING:
        text = der.read_bit_string(fields[1]).hex()
    else:
        text = read_string(fields[1])
    if not rule.least <= len(text) <= rule.most:
        raise RefusalError(
            f"the name attribute {label} has {len(text)} characters, not {rule.least} to {rule.most}"
        )
    return Attribute(kind, text, fields[1].raw)


_ESCAPED = frozenset('"+,;<>\\')


@lru_cache(maxsize=256)
def _rfc4514(attribute: Attribute) -> str:
    rule = TYPES.get(attribute.type)
    if rule is None or rule.short is None:
        return f"{attribute.type}=#{attribute.value.hex()}"
    text = attribute.text
    if not _ESCAPED.isdisjoint(text):
        text = "".join(f"\\{character}" if character in _ESCAPED else character for character in text)
    if text.endswith(" "):
        text = f"{text[:-1]}\\ "
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    return f"{rule.short}={text}"


def name_from_asn1_subject(subject: Mapping[str, Any]) -> Name:
    """The name that an ASN1Subject of the service model describes. Raises INVALID_ARGUMENT."""
    with reported(ErrorCode.INVALID_ARGUMENT, "The subject cannot be used"):
        return name_from_members(subject)


def members_of(name: Name) -> Mapping[str, Any]:
    """An ASN1Subject that describes the name: by members where each of them says it once, else as custom
    attributes.
    """
    pairs = [(attribute.type, attribute.text) for rdn in name.rdns for attribute in rdn]
    called = {kind: member for member, kind in _MEMBERS.items()}
    kinds = [kind for kind, _ in pairs]
    if all(kind in called for kind in kinds) and len(set(kinds)) == len(kinds):
        return {called[kind]: text for kind, text in pairs}
    return {_CUSTOM: [{"ObjectIdentifier": kind, "Value": text} for kind, text in pairs]}


def name_from_members(subject: Mapping[str, Any]) -> Name:
    """The same for a name inside of something else. Raises RefusalError."""
    custom = subject.get(_CUSTOM)
    standard = [(_MEMBERS[m], str(subject[m])) for m in _MEMBERS if subject.get(m) is not None]
    if custom and standard:
        raise RefusalError(f"{_CUSTOM} cannot be combined with other members")
    pairs = [(str(a["ObjectIdentifier"]), str(a["Value"])) for a in custom or ()] or standard
    if not pairs:
        raise RefusalError("it is empty")
    return read_name(encode_name([[pair] for pair in pairs]))


def encode_name(rdns: Sequence[Sequence[tuple[str, str]]]) -> bytes:
    """A DER Name of (type, text) pairs, as UTF8String wherever the type allows it."""
    return der.sequence(*(der.tlv(der.SET, *sorted(_encode(*pair) for pair in rdn)) for rdn in rdns))


def _encode(kind: str, text: str) -> bytes:
    tags = TYPES.get(kind, _ANY).tags
    tag = next((t for t in (der.UTF8_STRING, der.PRINTABLE_STRING, der.IA5_STRING) if t in tags), None)
    if tag is None:
        raise RefusalError(f"the name attribute {kind} is not a text")
    try:
        return der.sequence(der.oid(kind), der.tlv(tag, text.encode()))
    except ValueError as error:  # an OID that is none, a lone surrogate
        raise RefusalError("a name attribute is not an object identifier and a text") from error
