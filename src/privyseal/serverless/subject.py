"""The subject of a certificate: what the request says, else what its CSR says.

Source: serverless-ca, "Distinguished Name Settings"; the order and which attributes survive were
observed. A comma or an equals sign in a value is a character like any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from privyseal.serverless.refusals import NO_COMMON_NAME, Refused
from privyseal.x509 import oids
from privyseal.x509.refusal import RefusalError
from privyseal.x509.subject import TYPES, Name, name_from_members

# Key of a request → attribute type, in the order of the certificate's subject, whatever the CSR's is.
ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "common_name": oids.COMMON_NAME,
        "country": oids.COUNTRY,
        "email_address": oids.EMAIL_ADDRESS,
        "locality": oids.LOCALITY,
        "organization": oids.ORGANIZATION,
        "organizational_unit": oids.ORGANIZATIONAL_UNIT,
        "state": oids.STATE,
    }
)

_ESCAPED: Final = frozenset('"+,;<>\\')


def asked(event: Mapping[str, Any]) -> dict[str, str]:
    """What the request itself says of its subject; empty texts say nothing."""
    found = {}
    for key in ATTRIBUTES:
        value = event.get(key)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise Refused(f"{key} must be a text")
        found[key] = value
    return found


def merged(own: Mapping[str, str], csr: Name) -> list[Mapping[str, str]]:
    """CustomAttributes of the acm-pca service model. Refused for a value that no certificate can have."""
    if not csr.values(oids.COMMON_NAME):
        raise Refused(NO_COMMON_NAME)
    attributes: list[Mapping[str, str]] = []
    for key, kind in ATTRIBUTES.items():
        value = own.get(key) or next(iter(csr.values(kind)), "")
        if not value:
            continue
        attribute = {"ObjectIdentifier": kind, "Value": value}
        rule = TYPES[kind]
        if not rule.least <= len(value) <= rule.most:
            raise Refused(f"{key} has {len(value)} characters, not {rule.least} to {rule.most}")
        if why := problem(attribute):
            raise Refused(f"{key} cannot be in a certificate: {why}")
        attributes.append(attribute)
    return attributes


def problem(attribute: Mapping[str, str]) -> str | None:
    """Why a CustomAttribute of the acm-pca service model cannot be in a name."""
    try:
        name_from_members({"CustomAttributes": [attribute]})
    except RefusalError as refusal:
        return str(refusal)
    return None


def organization(attributes: Sequence[Mapping[str, str]]) -> tuple[str, str]:
    """(organization, organizational unit) of `merged`; empty where there is none."""
    found = {each["ObjectIdentifier"]: each["Value"] for each in attributes}
    return found.get(oids.ORGANIZATION, ""), found.get(oids.ORGANIZATIONAL_UNIT, "")


def shown(attributes: Iterable[tuple[str, str]]) -> str:
    """(attribute type, text) pairs as serverless-ca prints a subject: RFC 4514, the last one first, an
    attribute that has no name there under its OID, with its text.
    """
    return ",".join(
        f"{TYPES[kind].short or kind}={_escaped(text)}" for kind, text in reversed(list(attributes))
    )


def shown_asked(own: Mapping[str, str]) -> str:
    """What the request itself says of its subject."""
    return shown((kind, own[key]) for key, kind in ATTRIBUTES.items() if key in own)


def shown_merged(attributes: Sequence[Mapping[str, str]]) -> str:
    return shown((each["ObjectIdentifier"], each["Value"]) for each in attributes)


def _escaped(text: str) -> str:
    escaped = "".join(f"\\{character}" if character in _ESCAPED else character for character in text)
    if escaped.endswith(" "):
        escaped = f"{escaped[:-1]}\\ "
    return f"\\{escaped}" if escaped.startswith(("#", " ")) else escaped
