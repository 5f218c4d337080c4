"""What a certificate says, in the words of the acm service model (CertificateDetail, X509Attributes)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from privyseal.errors import ErrorCode
from privyseal.x509 import der, extensions, oids
from privyseal.x509.certificate import Certificate, read_certificate
from privyseal.x509.extensions import KEY_USAGES
from privyseal.x509.general_names import DIRECTORY, DNS, IP, KINDS, MAIL, OTHER, REGISTERED_ID, URI
from privyseal.x509.inspect import CertificateSummary, summary_of
from privyseal.x509.refusal import reported
from privyseal.x509.subject import Name, read_name

# KeyUsageName, in the order of the bits of RFC 5280 §4.2.1.3.
_USAGE_NAMES = (
    "DIGITAL_SIGNATURE",
    "NON_REPUDIATION",
    "KEY_ENCIPHERMENT",
    "DATA_ENCIPHERMENT",
    "KEY_AGREEMENT",
    "CERTIFICATE_SIGNING",
    "CRL_SIGNING",
    "ENCIPHER_ONLY",
    "DECIPHER_ONLY",
)
USAGE_NAMES: Mapping[str, str] = MappingProxyType(dict(zip(KEY_USAGES, _USAGE_NAMES, strict=True)))
# What ACM says of a certificate without the extension.
ANY_USAGE, NO_PURPOSE = "ANY", "NONE"

# ExtendedKeyUsageName by object identifier (RFC 5280 §4.2.1.12, RFC 4945 §5.1.3.12); others are CUSTOM.
PURPOSE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        oids.SERVER_AUTH: "TLS_WEB_SERVER_AUTHENTICATION",
        oids.CLIENT_AUTH: "TLS_WEB_CLIENT_AUTHENTICATION",
        oids.CODE_SIGNING: "CODE_SIGNING",
        oids.EMAIL_PROTECTION: "EMAIL_PROTECTION",
        oids.TIME_STAMPING: "TIME_STAMPING",
        oids.OCSP_SIGNING: "OCSP_SIGNING",
        "1.3.6.1.5.5.7.3.5": "IPSEC_END_SYSTEM",
        "1.3.6.1.5.5.7.3.6": "IPSEC_TUNNEL",
        "1.3.6.1.5.5.7.3.7": "IPSEC_USER",
        "2.5.29.37.0": "ANY",
    }
)
CUSTOM = "CUSTOM"

# DistinguishedName member of each attribute type.
_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        oids.COMMON_NAME: "CommonName",
        oids.COUNTRY: "Country",
        oids.DN_QUALIFIER: "DistinguishedNameQualifier",
        oids.GENERATION_QUALIFIER: "GenerationQualifier",
        oids.GIVEN_NAME: "GivenName",
        oids.INITIALS: "Initials",
        oids.LOCALITY: "Locality",
        oids.ORGANIZATION: "Organization",
        oids.ORGANIZATIONAL_UNIT: "OrganizationalUnit",
        oids.PSEUDONYM: "Pseudonym",
        oids.SERIAL_NUMBER: "SerialNumber",
        oids.STATE: "State",
        oids.SURNAME: "Surname",
        oids.TITLE: "Title",
    }
)
# GeneralName member of each kind; EDI and X.400 names have none.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        DNS: "DnsName",
        IP: "IpAddress",
        REGISTERED_ID: "RegisteredId",
        MAIL: "Rfc822Name",
        URI: "UniformResourceIdentifier",
    }
)


@dataclass(frozen=True, slots=True)
class Described:
    """`usages` and `purposes` by the model's names; each purpose with its object identifier, if any."""

    summary: CertificateSummary
    issuer_name: str  # the name of the authority: its common name if it has one
    serial: str
    usages: tuple[str, ...]
    purposes: tuple[tuple[str, str | None], ...]
    subject: Mapping[str, Any]
    issuer: Mapping[str, Any]
    general_names: tuple[Mapping[str, Any], ...]


@lru_cache(maxsize=256)  # listed and described again and again
def describe(certificate: bytes) -> Described:
    """The same of DER. Raises MALFORMED_CERTIFICATE."""
    with reported(ErrorCode.MALFORMED_CERTIFICATE, "The certificate cannot be read"):
        read = read_certificate(certificate)
        summary = summary_of(read)
        return Described(
            summary=summary,
            issuer_name=next(iter(read.issuer.values(oids.COMMON_NAME)), read.issuer.text),
            serial=colon_hex(read.serial),
            usages=_usages(summary),
            purposes=_purposes(read),
            subject=_members(read.subject),
            issuer=_members(read.issuer),
            general_names=tuple(_general_names(read)),
        )


def colon_hex(serial: int) -> str:
    """`0a:ff`: whole bytes, lower case."""
    digits = f"{serial:x}"
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)).hex(":")


def _usages(summary: CertificateSummary) -> tuple[str, ...]:
    return tuple(USAGE_NAMES[each] for each in summary.key_usage) or (ANY_USAGE,)


def _purposes(certificate: Certificate) -> tuple[tuple[str, str | None], ...]:
    extension = certificate.extensions.get(oids.EXTENDED_KEY_USAGE)
    if extension is None:
        return ((NO_PURPOSE, None),)
    listed = extensions.read_extended_key_usage(extension.value)
    return tuple((PURPOSE_NAMES.get(oid, CUSTOM), oid) for oid in listed)


def _members(name: Name) -> Mapping[str, Any]:
    """A DistinguishedName. A second value of one type stands under CustomAttributes."""
    found: dict[str, Any] = {}
    for attribute in (each for rdn in name.rdns for each in rdn):
        member = _MEMBERS.get(attribute.type)
        if attribute.type == oids.DOMAIN_COMPONENT:
            found.setdefault("DomainComponents", []).append(attribute.text)
        elif member and member not in found:
            found[member] = attribute.text
        else:
            custom = {"ObjectIdentifier": attribute.type, "Value": attribute.text}
            found.setdefault("CustomAttributes", []).append(custom)
    return found


def _general_names(certificate: Certificate) -> Iterator[Mapping[str, Any]]:
    extension = certificate.extensions.get(oids.SUBJECT_ALTERNATIVE_NAME)
    for element in der.inside(extension.value) if extension else ():
        kind, read = KINDS[element.tag]
        if member := _KINDS.get(kind):
            yield {member: read(element)}
        elif kind == DIRECTORY:
            yield {"DirectoryName": _members(read_name(element.content))}
        elif kind == OTHER:
            oid, _, value = read(element).partition(";")
            yield {"OtherName": {"ObjectIdentifier": oid, "Value": value}}
