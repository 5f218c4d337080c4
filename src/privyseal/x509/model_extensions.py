"""Certificate extensions from the members of the service model: typed ones, and custom ones as DER.

Sources: acm-pca service model (Extensions, CsrExtensions), RFC 5280 §4.2. Every function raises
RefusalError for what cannot be an extension, and gives None where nothing was asked for.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from privyseal.x509 import der, extensions, oids
from privyseal.x509.extensions import Extension
from privyseal.x509.general_names import read_general_names
from privyseal.x509.model_names import general_name, general_names, only_member
from privyseal.x509.refusal import RefusalError, shown

Members = Mapping[str, Any]

MAX_ACCESS_DESCRIPTIONS = 150  # the model says nothing; its limit for GeneralNames

# KeyUsage member → RFC 5280's name of the bit
USAGES: Mapping[str, str] = MappingProxyType(
    {
        "DigitalSignature": "digitalSignature",
        "NonRepudiation": "nonRepudiation",
        "KeyEncipherment": "keyEncipherment",
        "DataEncipherment": "dataEncipherment",
        "KeyAgreement": "keyAgreement",
        "KeyCertSign": "keyCertSign",
        "CRLSign": "cRLSign",
        "EncipherOnly": "encipherOnly",
        "DecipherOnly": "decipherOnly",
    }
)
# ExtendedKeyUsageType → key purpose
PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "SERVER_AUTH": oids.SERVER_AUTH,
        "CLIENT_AUTH": oids.CLIENT_AUTH,
        "CODE_SIGNING": oids.CODE_SIGNING,
        "EMAIL_PROTECTION": oids.EMAIL_PROTECTION,
        "TIME_STAMPING": oids.TIME_STAMPING,
        "OCSP_SIGNING": oids.OCSP_SIGNING,
        "SMART_CARD_LOGIN": oids.SMART_CARD_LOGIN,
        "DOCUMENT_SIGNING": oids.DOCUMENT_SIGNING,
        "CERTIFICATE_TRANSPARENCY": oids.CERTIFICATE_TRANSPARENCY,
    }
)
# AccessMethodType → access method
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "CA_REPOSITORY": oids.CA_REPOSITORY,
        "RESOURCE_PKI_MANIFEST": oids.RPKI_MANIFEST,
        "RESOURCE_PKI_NOTIFY": oids.RPKI_NOTIFY,
    }
)
# A union's member → the table that names its values; an OID stands for itself.
_PURPOSE: Mapping[str, Mapping[str, str] | None] = MappingProxyType(
    {"ExtendedKeyUsageType": PURPOSES, "ExtendedKeyUsageObjectIdentifier": None}
)
_METHOD: Mapping[str, Mapping[str, str] | None] = MappingProxyType(
    {"AccessMethodType": METHODS, "CustomObjectIdentifier": None}
)


def key_usage(usage: Members | None) -> Extension | None:
    """Critical, as RFC 5280 §4.2.1.3 says it should be; none when no use is true."""
    asked = [USAGES[member] for member, is_set in (usage or {}).items() if is_set]
    return extensions.key_usage(asked) if asked else None


def extended_key_usage(purposes: Sequence[Members] | None) -> Extension | None:
    if not purposes:
        return None
    asked = [_named(each, _PURPOSE, "an ExtendedKeyUsage") for each in purposes]
    check_distinct(asked, "the key purpose")
    # RFC 3161 §2.3: who stamps time has this one purpose, and critical; all else says nothing of it.
    return extensions.extended_key_usage(asked, critical=asked == [oids.TIME_STAMPING])


def certificate_policies(policies: Sequence[Members] | None) -> Extension | None:
    if not policies:
        return None
    check_distinct([str(policy["CertPolicyId"]) for policy in policies], "the certificate policy")
    return Extension(oids.CERTIFICATE_POLICIES, False, der.sequence(*map(_policy, policies)))


def subject_alternative_names(names: Sequence[Members] | None) -> Extension | None:
    """Its criticality depends on the subject; the build decides."""
    if not names:
        return None
    return Extension(oids.SUBJECT_ALTERNATIVE_NAME, False, general_names(names))


def subject_information_access(descriptions: Sequence[Members] | None) -> Extension | None:
    if not descriptions:
        return None
    if len(descriptions) > MAX_ACCESS_DESCRIPTIONS:
        raise RefusalError(f"there are more than {MAX_ACCESS_DESCRIPTIONS} access descriptions")
    return Extension(
        oids.SUBJECT_INFORMATION_ACCESS, False, der.sequence(*map(_access_description, descriptions))
    )


def custom(extension: Members) -> Extension:
    """The value is base64 of the DER that stands in the extension: one value, and all of it."""
    oid = str(extension["ObjectIdentifier"])
    try:
        value = base64.b64decode(str(extension["Value"]), validate=True)
    except binascii.Error as error:
        raise RefusalError(f"the value of the custom extension {oid} is not base64") from error
    try:
        der.oid(oid)
        der.check(value)
        count = len(der.elements(value))
    except RefusalError as error:
        raise RefusalError(f"the custom extension {shown(oid)} cannot be read as DER: {error}") from error
    if count != 1:
        raise RefusalError(f"the custom extension {oid} holds {count} DER values, not one")
    return Extension(oid, extension.get("Critical") is True, value)


def _named(union: Members, table: Mapping[str, Mapping[str, str] | None], what: str) -> str:
    """The OID that a union of a known name and an OID stands for."""
    names, value = only_member(union, table, what)
    return names[value] if names else str(value)


def check_distinct(given: Sequence[str], what: str) -> None:
    """Raise RefusalError if an OID occurs twice."""
    seen: set[str] = set()
    for oid in given:
        if oid in seen:
            raise RefusalError(f"{what} {oid} is named twice")
        seen.add(oid)


def _policy(policy: Members) -> bytes:
    identifier = der.oid(str(policy["CertPolicyId"]))
    qualifiers = policy.get("PolicyQualifiers")
    if not qualifiers:
        return der.sequence(identifier)
    return der.sequence(identifier, der.sequence(*map(_qualifier, qualifiers)))


def _qualifier(qualifier: Members) -> bytes:
    """A CPS URI (RFC 5280 §4.2.1.4): the model knows no other qualifier."""
    uri = str(qualifier["Qualifier"]["CpsUri"])
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        raise RefusalError(f"the CPS URI {shown(uri)} has characters that no URI has")
    return der.sequence(der.oid(oids.CPS), der.tlv(der.IA5_STRING, uri.encode("ascii")))


def _access_description(description: Members) -> bytes:
    method = _named(description["AccessMethod"], _METHOD, "an AccessMethod")
    location = general_name(description["AccessLocation"])
    read_general_names(der.sequence(location))
    return der.sequence(der.oid(method), location)
